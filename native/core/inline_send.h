// Sends the head of a response and a part of a file at once on the calling thread, without waiting.
// For answers so small that passing them to another thread would cost more.
#ifndef FOREBAY_CORE_INLINE_SEND_H_
#define FOREBAY_CORE_INLINE_SEND_H_

#include <cstddef>
#include <cstdint>

namespace forebay {

// A part of a file; the caller keeps the descriptor.
struct FilePart {
  int fd;
  uint64_t offset;
  uint64_t length;
};

// Sends `head` and then `part` to a stream socket as far as it has room, and returns the bytes sent
// of both. 0: the socket is full or broken, or bytes of the part are not in the page cache or
// cannot be read. Fewer than all: the socket is full, the file is short, or one of the two failed;
// the caller finds out which. Never waits for a client; waits for a disk only if a cached page is
// still being read.
uint64_t TrySendNow(int socket, const char* head, size_t head_count, const FilePart& part);

}  // namespace forebay

#endif  // FOREBAY_CORE_INLINE_SEND_H_
