// The origin of the bench: serves objects of one size from memory with sendfile, and counts what it
// sent. Prints {"port"} and runs until its standard input ends, so that it never outlives its
// parent.
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

#include "flags.h"
#include "json.h"
#include "origin_worker.h"
#include "system.h"

namespace bench {
namespace {

void WaitForEndOfInput() {
  char byte;
  for (;;) {
    const ssize_t count = read(STDIN_FILENO, &byte, 1);
    if (count == 0 || (count < 0 && errno != EINTR)) _exit(0);
  }
}

[[noreturn]] void Accept(int listener, OriginState& state,
                         const std::vector<std::unique_ptr<OriginWorker>>& workers) {
  for (size_t next = 0;;) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    state.stats.connections += 1;
    workers[next]->Adopt(UniqueFd(fd));
    next = (next + 1) % workers.size();
  }
}

int Main(int argc, char** argv) {
  const Flags flags(argc, argv,
                    {{"port", "0"},
                     {"objects", "1"},
                     {"object-bytes", "1048576"},
                     {"bytes-per-second", "0"},
                     {"connection-bytes-per-second", "0"},
                     {"max-age", "86400"},
                     {"threads", "2"}});
  std::signal(SIGPIPE, SIG_IGN);
  RaiseDescriptorLimit();
  const Objects objects(flags.Count("objects"), flags.Count("object-bytes"));
  OriginState state{objects,
                    flags.Count("max-age"),
                    Limiter(flags.Number("bytes-per-second")),
                    flags.Number("connection-bytes-per-second"),
                    {}};
  std::vector<std::unique_ptr<OriginWorker>> workers;
  std::vector<std::jthread> threads;
  for (uint64_t index = 0; index < flags.Count("threads"); index += 1) {
    workers.push_back(std::make_unique<OriginWorker>(state));
    threads.emplace_back([&worker = *workers.back()] { worker.Loop(); });
  }
  auto port = static_cast<uint16_t>(flags.Count("port"));
  const UniqueFd listener(ListenLoopback(&port));
  Json ready;
  ready.Integer("port", port);
  std::printf("%s\n", ready.ToString().c_str());
  std::fflush(stdout);
  std::jthread parent(WaitForEndOfInput);
  Accept(listener.get(), state, workers);
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) { return bench::Main(argc, argv); }
