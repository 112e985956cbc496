// The load client of the bench: connections that ask for ranges and throw the bodies away in the
// kernel, or compare them with the pattern. Prints one JSON object. bench/native/load_options.h has
// the flags.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

#include "json.h"
#include "load_idle.h"
#include "load_worker.h"
#include "system.h"

namespace bench {
namespace {

// Connections of `total` that thread `index` of `threads` gets.
uint64_t Share(uint64_t total, uint64_t threads, uint64_t index) {
  return total / threads + (index < total % threads ? 1 : 0);
}

int Main(int argc, char** argv) {
  const Options options = ReadOptions(argc, argv);
  RaiseDescriptorLimit();
  std::signal(SIGTERM, [](int) { stop_requested = true; });
  const IdleConnections idle(options);
  Run run(options);
  std::vector<std::unique_ptr<Worker>> workers;
  for (uint64_t index = 0; index < options.threads; index += 1) {
    workers.push_back(
        std::make_unique<Worker>(run, Share(options.connections, options.threads, index),
                                 Share(options.slow_connections, options.threads, index)));
  }
  const double cpu_before = CpuSeconds();
  {
    std::vector<std::jthread> threads;
    for (const auto& worker : workers) threads.emplace_back([&worker] { worker->Loop(); });
  }
  const double cpu = CpuSeconds() - cpu_before;
  Tally sum;
  Tally slow;
  uint64_t ended_at = run.started_at;
  for (const auto& worker : workers) {
    sum.Merge(worker->tally());
    slow.Merge(worker->slow_tally());
    ended_at = std::max(ended_at, worker->ended_at());
  }
  Json json = sum.ToJson();
  json.Number("seconds", static_cast<double>(ended_at - run.started_at) / 1e9);
  json.Number("cpuSeconds", cpu).Object("slow", slow.ToJson());
  Json idle_json;
  idle_json.Integer("opened", idle.opened()).Integer("lost", idle.CountLost());
  json.Object("idle", idle_json);
  std::printf("%s\n", json.ToString().c_str());
  return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) { return bench::Main(argc, argv); }
