#include "files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace forebay {

SystemError TryLock(int fd, bool* locked) {
  int result;
  do {
    result = flock(fd, LOCK_EX | LOCK_NB);
  } while (result < 0 && errno == EINTR);
  *locked = result == 0;
  return result < 0 && errno != EWOULDBLOCK ? LastError("flock") : SystemError{};
}

namespace {

// The page cache chooses the size of its folios by the size of the write. A large folio needs
// contiguous memory, which a virtual machine has often returned to its host: measured on one, a new
// GiB took 2.3 s in writes of 1 MiB, 1.3 s in writes of 64 KiB and 0.6 s in writes of this size.
// Elsewhere the extra calls cost some 20 ms.
constexpr size_t kWriteBytes = size_t{16} << 10;

}  // namespace

SystemError WriteAll(int fd, const uint8_t* bytes, size_t count, uint64_t offset) {
  while (count > 0) {
    const size_t piece = std::min(count, kWriteBytes);
    const ssize_t written = pwrite(fd, bytes, piece, static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return LastError("pwrite");
    bytes += written;
    count -= static_cast<size_t>(written);
    offset += static_cast<uint64_t>(written);
  }
  return {};
}

#ifdef __linux__

namespace {

// A buffer on the calling thread's stack: far below a worker's 4 MiB, yet few calls for a chunk.
constexpr size_t kCopyBytes = size_t{64} << 10;

SystemError CopyStart(int from, int to, uint64_t length) {
  std::array<uint8_t, kCopyBytes> buffer;
  uint64_t offset = 0;
  while (offset < length) {
    const size_t wanted = std::min<uint64_t>(buffer.size(), length - offset);
    const ssize_t taken = pread(from, buffer.data(), wanted, static_cast<off_t>(offset));
    if (taken < 0 && errno == EINTR) continue;
    if (taken < 0) return LastError("pread");
    if (taken == 0) return {EIO, "pread"};
    const size_t count = static_cast<size_t>(taken);
    const SystemError error = WriteAll(to, buffer.data(), count, offset);
    if (error) return error;
    offset += count;
  }
  return {};
}

}  // namespace

SystemError CreateMemfd(const char* name, int* memfd) {
  *memfd = memfd_create(name, MFD_CLOEXEC);
  return *memfd < 0 ? LastError("memfd_create") : SystemError{};
}

SystemError MoveToMemfd(int fd, uint64_t length, bool empties_file) {
  // Checked first, because dup3 would also open a number that is not open, which is a bug here.
  if (fcntl(fd, F_GETFD) < 0) return LastError("fcntl");
  int memfd;
  SystemError error = CreateMemfd("forebay-moved", &memfd);
  if (error) return error;
  error = CopyStart(fd, memfd, length);
  if (!error && empties_file && ftruncate(fd, 0) < 0) error = LastError("ftruncate");
  // Atomic: no other thread sees the number closed, or reused for another file.
  if (!error && dup3(memfd, fd, O_CLOEXEC) < 0) error = LastError("dup3");
  close(memfd);
  return error;
}

SystemError ReadCached(int fd, uint8_t* bytes, size_t count, uint64_t offset, ssize_t* taken) {
  const iovec place{bytes, count};
  do {
    *taken = preadv2(fd, &place, 1, static_cast<off_t>(offset), RWF_NOWAIT);
  } while (*taken < 0 && errno == EINTR);
  // EOPNOTSUPP: this file system does not support it.
  return *taken < 0 && errno != EAGAIN && errno != EOPNOTSUPP ? LastError("preadv2")
                                                              : SystemError{};
}

#else

SystemError CreateMemfd(const char*, int*) { return {ENOSYS, "memfd_create"}; }

SystemError MoveToMemfd(int, uint64_t, bool) { return {ENOSYS, "memfd_create"}; }

SystemError ReadCached(int, uint8_t*, size_t, uint64_t, ssize_t* taken) {
  *taken = -1;
  return {};
}

#endif

}  // namespace forebay
