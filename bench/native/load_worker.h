// A thread of the load client: an epoll loop over a share of the connections.
#pragma once

#include <atomic>
#include <barrier>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "load_connection.h"
#include "load_options.h"
#include "load_tally.h"

namespace bench {

// Set by SIGTERM: the run ends then, and reports what it has.
extern std::atomic<bool> stop_requested;

// What the threads of one run have in common.
struct Run {
  explicit Run(const Options& options);

  const Options& options;
  Schedule schedule;
  Schedule slow_schedule;
  // Connections that are not slow and not finished: with the last of them the run ends.
  std::atomic<uint64_t> busy;
  std::atomic<uint64_t> started_at = 0;
  std::barrier<std::function<void()>> connected;
};

class Worker {
 public:
  Worker(Run& run, uint64_t connections, uint64_t slow_connections);
  ~Worker();

  // Connects, waits until every thread has, then runs to the end.
  void Loop();

  Tally& tally() { return tally_; }
  Tally& slow_tally() { return slow_tally_; }
  uint64_t ended_at() const { return ended_at_; }

 private:
  struct Watched {
    std::unique_ptr<Connection> connection;
    uint64_t generation = 0;
    bool counted = false;
  };

  void Watch(Watched& watched);
  void Settle(Watched& watched);
  int TimeoutMs(uint64_t now) const;
  bool OnTimes(uint64_t now);

  Run& run_;
  std::vector<uint8_t> scratch_;
  Tally tally_;
  Tally slow_tally_;
  std::vector<Watched> connections_;
  UniqueFd epoll_;
  uint64_t ended_at_ = 0;
};

}  // namespace bench
