#include "limits_transfer.h"

#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>
#include <vector>

#include "system.h"

namespace bench {

namespace {

constexpr size_t kBufferBytes = size_t{1} << 20;

// In the child: sends everything and ends.
[[noreturn]] void Send(Source source, int file, uint64_t bytes, int socket) {
  std::vector<uint8_t> buffer(source == Source::kSend ? kBufferBytes : 0, 1);
  off_t offset = 0;
  for (uint64_t done = 0; done < bytes;) {
    const ssize_t count =
        source == Source::kSendfile
            ? sendfile(socket, file, &offset, bytes - done)
            : send(socket, buffer.data(), std::min<uint64_t>(buffer.size(), bytes - done), 0);
    if (count <= 0) _exit(1);
    done += static_cast<uint64_t>(count);
  }
  _exit(0);
}

void Receive(int socket, uint64_t bytes) {
  char byte;
  for (uint64_t done = 0; done < bytes;) {
    const ssize_t count = recv(socket, &byte, bytes - done, MSG_TRUNC);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) Die("a sender ended early");
    done += static_cast<uint64_t>(count);
  }
}

double ChildrenCpuSeconds() {
  rusage usage;
  getrusage(RUSAGE_CHILDREN, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

}  // namespace

Transfer MeasureTransfer(Source source, int file, uint64_t bytes, unsigned connections) {
  uint16_t port = 0;
  const UniqueFd listener(ListenLoopback(&port));
  std::vector<UniqueFd> receivers;
  std::vector<pid_t> senders;
  const double cpu_before = ChildrenCpuSeconds();
  for (unsigned index = 0; index < connections; index += 1) {
    UniqueFd receiver(Check(ConnectLoopback(port, 0), "connect"));
    SetNonBlocking(receiver.get(), false);
    const UniqueFd sender(Check(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC), "accept"));
    const pid_t child = Check(fork(), "fork");
    if (child == 0) Send(source, file, bytes, sender.get());
    senders.push_back(child);
    receivers.push_back(std::move(receiver));
  }
  const uint64_t begin = NowNs();
  {
    std::vector<std::jthread> threads;
    for (const UniqueFd& receiver : receivers) {
      threads.emplace_back([&receiver, bytes] { Receive(receiver.get(), bytes); });
    }
  }
  const double seconds = static_cast<double>(NowNs() - begin) / 1e9;
  for (const pid_t child : senders) Check(waitpid(child, nullptr, 0), "waitpid");
  const double gigabytes = static_cast<double>(bytes) * connections / 1e9;
  return {gigabytes / seconds, (ChildrenCpuSeconds() - cpu_before) / gigabytes};
}

}  // namespace bench
