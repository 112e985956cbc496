// Sends the head of a response and a part of a file in one go, from whichever thread calls, without
// ever waiting: for answers so small that handing them to another thread would cost more.
#ifndef FOREBAY_CORE_INLINE_SEND_H_
#define FOREBAY_CORE_INLINE_SEND_H_

#include <cstddef>
#include <cstdint>

namespace forebay {

// A part of a file; borrowed.
struct FilePart {
  int fd;
  uint64_t offset;
  uint64_t length;
};

// Sends `head` and then `part` to a stream socket as far as it has room, and returns the bytes that
// it took of both. 0: nothing was sent, because the socket has no room, or is broken, or bytes of
// the part are not in the page cache or cannot be read. Less than all: no more room, a short file,
// or a failure; the caller finds out which. Never waits for a client, and for a disk only if a page
// is just being read.
uint64_t TrySendNow(int socket, const char* head, size_t head_count, const FilePart& part);

}  // namespace forebay

#endif  // FOREBAY_CORE_INLINE_SEND_H_
