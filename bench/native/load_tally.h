// What the load client counted, per thread, and the sum as JSON.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "json.h"

namespace bench {

enum class Failure { kConnect, kStatus, kLength, kHead, kReset, kMismatch, kStall };
inline constexpr size_t kFailureKinds = 7;

// Durations. Up to a bound each is kept, so that percentiles are exact; from then on a random
// sample of that size stands for all.
class Samples {
 public:
  void Add(uint64_t nanoseconds);
  void Merge(const Samples& other);
  // {"count", "p50", "p90", "p99", "max"} in milliseconds.
  Json ToJson();

 private:
  std::vector<uint64_t> kept_;
  uint64_t seen_ = 0;
  uint64_t random_ = 88172645463325252;
};

struct Tally {
  uint64_t bytes = 0;
  uint64_t requests = 0;
  uint64_t reconnects = 0;
  std::array<uint64_t, kFailureKinds> failures{};
  std::string first_failure;
  // From the request to the first byte of the body, and to its last.
  Samples first_byte;
  Samples whole;

  void Fail(Failure kind, std::string_view detail);
  uint64_t Failed() const;
  void Merge(const Tally& other);
  Json ToJson();
};

}  // namespace bench
