#include "stress.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

namespace forebay::stress {

Descriptor PatternFile(uint64_t bytes) {
  Descriptor file(open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  CHECK(file.get() >= 0);
  WritePattern(file.get(), 0, bytes);
  return file;
}

void WritePattern(int fd, uint64_t offset, uint64_t count) {
  std::vector<uint8_t> bytes(count);
  for (uint64_t index = 0; index < count; index += 1) bytes[index] = PatternAt(offset + index);
  const ssize_t written = pwrite(fd, bytes.data(), count, static_cast<off_t>(offset));
  CHECK(written == static_cast<ssize_t>(count));
}

Connection Connect() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  socklen_t length = sizeof address;
  const Descriptor listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CHECK(bind(listener.get(), any, length) == 0);
  CHECK(listen(listener.get(), 1) == 0);
  CHECK(getsockname(listener.get(), any, &length) == 0);
  Connection made{Descriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), Descriptor()};
  CHECK(connect(made.client.get(), any, length) == 0);
  made.server = Descriptor(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  CHECK(made.server.get() >= 0);
  return made;
}

uint64_t ReadPattern(int socket, uint64_t offset, uint64_t most) {
  std::array<uint8_t, 64 << 10> bytes;
  uint64_t total = 0;
  while (total < most) {
    const uint64_t wanted = std::min<uint64_t>(bytes.size(), most - total);
    const ssize_t count = recv(socket, bytes.data(), wanted, 0);
    if (count <= 0) break;
    for (ssize_t index = 0; index < count; index += 1) {
      CHECK(bytes[static_cast<size_t>(index)] == PatternAt(offset + total));
      total += 1;
    }
  }
  return total;
}

void AwaitReadable(int fd) {
  pollfd waiting{fd, POLLIN, 0};
  (void)poll(&waiting, 1, 1000);
}

}  // namespace forebay::stress
