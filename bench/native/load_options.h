// What the load client is asked to do: its command line, and the order in which ranges are asked
// for.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bench {

enum class Order {
  kRandom,      // aligned ranges, any of them again and again
  kSequential,  // one after the other, over all objects, then from the beginning
  kShuffled,    // each aligned range once, in random order, then again in the same
  kUnaligned,   // any offset
};

struct Options {
  uint16_t port;
  std::vector<std::string> paths;
  // The pattern of each path, for `verify`.
  std::vector<uint64_t> objects;
  uint64_t object_bytes;
  // 0: whole objects, without Range.
  uint64_t range_bytes;
  Order order;
  uint64_t connections;
  uint64_t threads;
  // Either of the two ends the run; 0 is none.
  uint64_t requests;
  double seconds;
  // Between a response's end and the connection's next request.
  double pause_seconds;
  bool verify;
  uint64_t slow_connections;
  double slow_bytes_per_second;
  uint64_t idle_connections;
  uint64_t seed;
  // Without a byte on any connection for this long the run is given up.
  double stall_seconds;
};

// Ends the program when the flags make no sense.
Options ReadOptions(int argc, char** argv);

struct Request {
  const std::string* path;
  uint64_t object;
  uint64_t start;
  uint64_t length;
  bool whole;
};

// Hands out requests to all connections. Any thread may call.
class Schedule {
 public:
  // `limit` of 0 is none.
  Schedule(const Options& options, Order order, uint64_t limit, uint64_t seed);

  // Nothing when all were handed out.
  std::optional<Request> Next();

 private:
  Request AtSlot(uint64_t slot) const;

  const Options& options_;
  const Order order_;
  const uint64_t limit_;
  const uint64_t seed_;
  const uint64_t slots_per_object_;
  const uint64_t slots_;
  std::vector<uint32_t> shuffled_;
  std::atomic<uint64_t> next_ = 0;
};

}  // namespace bench
