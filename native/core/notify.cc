#include "notify.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

namespace forebay {

namespace {

// The service manager normally reads at once. If it does not, the program must not wait for it.
constexpr timeval kSendTimeout{1, 0};

#ifdef __linux__
constexpr bool kHasAbstractSockets = true;
constexpr int kSendFlags = MSG_NOSIGNAL;
#else
constexpr bool kHasAbstractSockets = false;
constexpr int kSendFlags = 0;
#endif

}  // namespace

SystemError Notify(std::string_view path, std::string_view text) {
  const bool abstract = path.starts_with('@');
  if (!path.starts_with('/') && !(abstract && kHasAbstractSockets)) {
    return {EAFNOSUPPORT, "connect"};
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // A file's name ends with NUL; an abstract name ends with the address's length.
  const size_t limit = abstract ? sizeof address.sun_path : sizeof address.sun_path - 1;
  if (path.size() > limit) return {ENAMETOOLONG, "connect"};
  std::memcpy(address.sun_path, path.data(), path.size());
  if (abstract) address.sun_path[0] = '\0';
  const size_t name_length = path.size() + (abstract ? 0 : 1);
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_length);

  const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (fd < 0) return LastError("socket");
  (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
  (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kSendTimeout, sizeof kSendTimeout);
  SystemError error;
  const auto* to = reinterpret_cast<const sockaddr*>(&address);
  while (sendto(fd, text.data(), text.size(), kSendFlags, to, length) < 0) {
    if (errno == EINTR) continue;
    error = LastError("sendto");
    break;
  }
  close(fd);
  return error;
}

}  // namespace forebay
