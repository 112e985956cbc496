#include "wake.h"

#include <unistd.h>

#include <cstdint>

#ifdef __linux__
#include <sys/eventfd.h>
#else
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#endif

namespace forebay {

#ifdef __linux__

SystemError OpenWake(int* fd) {
  *fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  return *fd < 0 ? LastError("eventfd") : SystemError{};
}

#else

namespace {

SystemError ConnectToItself(int fd) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(fd, generic, length) < 0) return LastError("bind");
  if (getsockname(fd, generic, &length) < 0) return LastError("getsockname");
  // Connected to its own address, the socket accepts datagrams from no other socket.
  if (connect(fd, generic, length) < 0) return LastError("connect");
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) return LastError("fcntl");
  if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0) return LastError("fcntl");
  return {};
}

}  // namespace

SystemError OpenWake(int* fd) {
  *fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (*fd < 0) return LastError("socket");
  const SystemError error = ConnectToItself(*fd);
  if (error) close(*fd);
  return error;
}

#endif

SystemError OpenWake(Descriptor* descriptor) {
  int fd = -1;
  if (const SystemError error = OpenWake(&fd)) return error;
  *descriptor = Descriptor(fd);
  return {};
}

SystemError Wake(int fd) {
  const uint64_t one = 1;
  for (;;) {
    if (write(fd, &one, sizeof one) >= 0) return {};
    // A descriptor with a full counter or socket buffer is readable already, so that no wake is
    // lost.
    if (errno == EAGAIN || errno == ENOBUFS) return {};
    if (errno != EINTR) return LastError("write");
  }
}

SystemError DrainWakes(int fd) {
  uint64_t count;
  for (;;) {
    const ssize_t taken = read(fd, &count, sizeof count);
    // At an end of file, which would stay readable for ever, `fd` is not a wake descriptor.
    if (taken == 0) return {EBADF, "read"};
    if (taken < 0 && errno == EAGAIN) return {};
    if (taken < 0 && errno != EINTR) return LastError("read");
  }
}

}  // namespace forebay
