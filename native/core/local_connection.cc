#include "local_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <string_view>

namespace forebay {

namespace {

// The kernel's TCP_CA_NAME_MAX.
constexpr size_t kNameBytes = 16;

// A prefix: later versions have names such as `bbr3`.
constexpr std::string_view kPaced = "bbr";

// The only congestion control that every kernel has and permits to every user.
constexpr std::string_view kUnpaced = "reno";

bool IsPaced(int socket) {
  std::array<char, kNameBytes> name{};
  socklen_t length = name.size();
  if (getsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, name.data(), &length) < 0) return false;
  return std::string_view(name.data(), length).starts_with(kPaced);
}

bool SameAddress(const sockaddr_storage& one, const sockaddr_storage& other) {
  if (one.ss_family != other.ss_family) return false;
  if (one.ss_family == AF_INET) {
    return reinterpret_cast<const sockaddr_in&>(one).sin_addr.s_addr ==
           reinterpret_cast<const sockaddr_in&>(other).sin_addr.s_addr;
  }
  return one.ss_family == AF_INET6 &&
         std::memcmp(&reinterpret_cast<const sockaddr_in6&>(one).sin6_addr,
                     &reinterpret_cast<const sockaddr_in6&>(other).sin6_addr,
                     sizeof(in6_addr)) == 0;
}

bool StaysHere(int socket) {
  sockaddr_storage own{};
  sockaddr_storage peer{};
  socklen_t own_length = sizeof own;
  socklen_t peer_length = sizeof peer;
  return getsockname(socket, reinterpret_cast<sockaddr*>(&own), &own_length) == 0 &&
         getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &peer_length) == 0 &&
         SameAddress(own, peer);
}

}  // namespace

void StopPacingLocally(int socket) {
  if (!IsPaced(socket) || !StaysHere(socket)) return;
  (void)setsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, kUnpaced.data(), kUnpaced.size());
}

}  // namespace forebay
