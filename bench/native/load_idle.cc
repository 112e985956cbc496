#include "load_idle.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>

#include "http_head.h"

namespace bench {

namespace {

// A response of one byte that takes longer is counted as refused.
constexpr int kAnswerTimeoutMs = 5'000;

bool TakeAnswer(int fd) {
  std::array<char, kMaxHeadBytes> buffer;
  size_t filled = 0;
  while (filled < buffer.size()) {
    pollfd waiting{fd, POLLIN, 0};
    if (poll(&waiting, 1, kAnswerTimeoutMs) <= 0) return false;
    const ssize_t count = recv(fd, buffer.data() + filled, buffer.size() - filled, 0);
    if (count <= 0) return false;
    filled += static_cast<size_t>(count);
    const std::string_view received(buffer.data(), filled);
    const size_t head = HeadLength(received);
    if (head > 0 && filled == head + 1) return received.find(" 206 ") != std::string_view::npos;
  }
  return false;
}

}  // namespace

IdleConnections::IdleConnections(const Options& options) {
  const std::string request = "GET " + options.paths.front() +
                              " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(options.port) +
                              "\r\nRange: bytes=0-0\r\n\r\n";
  for (uint64_t index = 0; index < options.idle_connections; index += 1) {
    UniqueFd fd(ConnectLoopback(options.port, 0));
    const auto length = static_cast<ssize_t>(request.size());
    const bool asked =
        fd.get() >= 0 && send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) == length;
    if (asked && TakeAnswer(fd.get())) {
      connections_.push_back(std::move(fd));
    } else {
      refused_ += 1;
    }
  }
}

uint64_t IdleConnections::CountLost() const {
  uint64_t lost = refused_;
  for (const UniqueFd& fd : connections_) {
    char byte;
    const ssize_t count = recv(fd.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (count >= 0 || errno != EAGAIN) lost += 1;
  }
  return lost;
}

}  // namespace bench
