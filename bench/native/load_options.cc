#include "load_options.h"

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <random>

#include "flags.h"
#include "http_head.h"
#include "system.h"

namespace bench {

namespace {

[[noreturn]] void Refuse(const char* message) {
  errno = 0;
  Die(message);
}

Order ReadOrder(const std::string& name) {
  if (name == "random") return Order::kRandom;
  if (name == "sequential") return Order::kSequential;
  if (name == "shuffled") return Order::kShuffled;
  if (name == "unaligned") return Order::kUnaligned;
  Refuse("--order is random, sequential, shuffled or unaligned");
}

// Any number to any other, evenly: the order of random requests is the same in each run of one
// seed.
uint64_t Scatter(uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

}  // namespace

Options ReadOptions(int argc, char** argv) {
  const Flags flags(argc, argv,
                    {{"port", "0"},
                     {"paths", "/objects/0"},
                     {"objects", "0"},
                     {"object-bytes", "0"},
                     {"range-bytes", "0"},
                     {"order", "random"},
                     {"connections", "1"},
                     {"threads", "1"},
                     {"requests", "0"},
                     {"seconds", "0"},
                     {"pause-seconds", "0"},
                     {"mode", "discard"},
                     {"slow-connections", "0"},
                     {"slow-bytes-per-second", "1e6"},
                     {"idle-connections", "0"},
                     {"seed", "1"},
                     {"stall-seconds", "30"}});
  const std::string& mode = flags.Text("mode");
  if (mode != "discard" && mode != "verify") Refuse("--mode is discard or verify");
  Options options{
      .port = static_cast<uint16_t>(flags.Count("port")),
      .paths = flags.List("paths"),
      .objects = {},
      .object_bytes = flags.Count("object-bytes"),
      .range_bytes = flags.Count("range-bytes"),
      .order = ReadOrder(flags.Text("order")),
      .connections = flags.Count("connections"),
      .threads = flags.Count("threads"),
      .requests = flags.Count("requests"),
      .seconds = flags.Number("seconds"),
      .pause_seconds = flags.Number("pause-seconds"),
      .verify = mode == "verify",
      .slow_connections = flags.Count("slow-connections"),
      .slow_bytes_per_second = flags.Number("slow-bytes-per-second"),
      .idle_connections = flags.Count("idle-connections"),
      .seed = flags.Count("seed"),
      .stall_seconds = flags.Number("stall-seconds"),
  };
  for (const std::string& item : flags.List("objects")) {
    options.objects.push_back(ParseDecimal(item).value_or(0));
  }
  if (options.port == 0) Refuse("--port is missing");
  if (options.object_bytes == 0) Refuse("--object-bytes is missing");
  if (options.range_bytes > options.object_bytes) Refuse("--range-bytes is beyond the object");
  if (options.paths.empty() || options.paths.size() != options.objects.size()) {
    Refuse("--paths and --objects are lists of one length");
  }
  if (options.requests == 0 && options.seconds <= 0) Refuse("--requests or --seconds is missing");
  if (options.connections == 0 || options.threads == 0)
    Refuse("at least one connection and thread");
  options.threads = std::min(options.threads, options.connections);
  return options;
}

Schedule::Schedule(const Options& options, Order order, uint64_t limit, uint64_t seed)
    : options_(options),
      order_(order),
      limit_(limit),
      seed_(seed),
      slots_per_object_(options.range_bytes == 0
                            ? 1
                            : (options.object_bytes + options.range_bytes - 1) /
                                  options.range_bytes),
      slots_(slots_per_object_ * options.paths.size()) {
  if (order != Order::kShuffled) return;
  shuffled_.resize(slots_);
  std::iota(shuffled_.begin(), shuffled_.end(), 0U);
  std::shuffle(shuffled_.begin(), shuffled_.end(), std::mt19937_64(seed));
}

std::optional<Request> Schedule::Next() {
  const uint64_t index = next_.fetch_add(1, std::memory_order_relaxed);
  if (limit_ != 0 && index >= limit_) return std::nullopt;
  switch (order_) {
    case Order::kSequential:
      return AtSlot(index % slots_);
    case Order::kShuffled:
      return AtSlot(shuffled_[index % slots_]);
    case Order::kRandom:
      return AtSlot(Scatter(seed_ + index) % slots_);
    case Order::kUnaligned: {
      Request request = AtSlot(Scatter(seed_ + index) % slots_);
      if (request.whole) return request;
      request.length = options_.range_bytes;
      request.start = Scatter(~(seed_ + index)) % (options_.object_bytes - request.length + 1);
      return request;
    }
  }
  return std::nullopt;
}

Request Schedule::AtSlot(uint64_t slot) const {
  const uint64_t object = slot / slots_per_object_;
  const bool whole = options_.range_bytes == 0;
  const uint64_t start = slot % slots_per_object_ * options_.range_bytes;
  const uint64_t length =
      whole ? options_.object_bytes : std::min(options_.range_bytes, options_.object_bytes - start);
  return {&options_.paths[object], options_.objects[object], start, length, whole};
}

}  // namespace bench
