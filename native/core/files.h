// System calls on files that Node lacks. The caller keeps the descriptors; offsets and lengths are
// in bytes.
#ifndef FOREBAY_CORE_FILES_H_
#define FOREBAY_CORE_FILES_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "system_error.h"

namespace forebay {

// Takes an exclusive flock without waiting; `*locked` is false when another open file holds it.
SystemError TryLock(int fd, bool* locked);

// Opens an anonymous close-on-exec memory file; the caller closes it. ENOSYS except on Linux.
SystemError CreateMemfd(const char* name, int* memfd);

// Copies the first `length` bytes of the file `fd` (open for reading) into a new memory file, which
// then replaces the file under the number `fd`, so that all users of the number continue in memory.
// On failure `fd` is unchanged. EIO when the file is shorter than `length`. `empties_file`: first
// truncates the old file to 0 bytes, so that readers of its duplicates meet its end and not holes.
SystemError MoveToMemfd(int fd, uint64_t length, bool empties_file);

// Writes all of `bytes` at `offset`, in pieces that suit the page cache. After a failure an unknown
// part was written.
SystemError WriteAll(int fd, const uint8_t* bytes, size_t count, uint64_t offset);

// Reads up to `count` bytes at `offset` from the page cache alone, without waiting for a disk.
// `*taken` is the bytes read; 0 at the end of the file; -1 when the first byte is not cached, or
// the file system cannot tell.
SystemError ReadCached(int fd, uint8_t* bytes, size_t count, uint64_t offset, ssize_t* taken);

}  // namespace forebay

#endif  // FOREBAY_CORE_FILES_H_
