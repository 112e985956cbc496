#include "load_tally.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace bench {

namespace {

// 8 MiB a thread and kind; a run of 40,000 requests a second fills it in 26 s.
constexpr size_t kMaxSamples = size_t{1} << 20;

constexpr std::array<std::string_view, kFailureKinds> kFailureNames = {
    "connect", "status", "length", "head", "reset", "mismatch", "stall"};

}  // namespace

void Samples::Add(uint64_t nanoseconds) {
  seen_ += 1;
  if (kept_.size() < kMaxSamples) {
    kept_.push_back(nanoseconds);
    return;
  }
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  const uint64_t place = random_ % seen_;
  if (place < kMaxSamples) kept_[place] = nanoseconds;
}

void Samples::Merge(const Samples& other) {
  kept_.insert(kept_.end(), other.kept_.begin(), other.kept_.end());
  seen_ += other.seen_;
}

Json Samples::ToJson() {
  std::sort(kept_.begin(), kept_.end());
  const auto quantile = [this](double part) {
    if (kept_.empty()) return std::numeric_limits<double>::quiet_NaN();
    const auto rank = static_cast<size_t>(std::ceil(part * static_cast<double>(kept_.size())));
    return static_cast<double>(kept_[std::max<size_t>(rank, 1) - 1]) / 1e6;
  };
  Json json;
  json.Integer("count", seen_).Number("p50", quantile(0.5)).Number("p90", quantile(0.9));
  json.Number("p99", quantile(0.99)).Number("max", quantile(1));
  return json;
}

void Tally::Fail(Failure kind, std::string_view detail) {
  const auto index = static_cast<size_t>(kind);
  failures[index] += 1;
  if (first_failure.empty()) {
    first_failure = std::string(kFailureNames[index]) + ": " + std::string(detail);
  }
}

uint64_t Tally::Failed() const {
  uint64_t sum = 0;
  for (const uint64_t count : failures) sum += count;
  return sum;
}

void Tally::Merge(const Tally& other) {
  bytes += other.bytes;
  requests += other.requests;
  reconnects += other.reconnects;
  for (size_t index = 0; index < failures.size(); index += 1) {
    failures[index] += other.failures[index];
  }
  if (first_failure.empty()) first_failure = other.first_failure;
  first_byte.Merge(other.first_byte);
  whole.Merge(other.whole);
}

Json Tally::ToJson() {
  Json kinds;
  for (size_t index = 0; index < failures.size(); index += 1) {
    kinds.Integer(kFailureNames[index], failures[index]);
  }
  Json json;
  json.Integer("bytes", bytes).Integer("requests", requests).Integer("reconnects", reconnects);
  json.Integer("errors", Failed()).Object("errorKinds", kinds).Text("firstError", first_failure);
  json.Object("ttfbMs", first_byte.ToJson()).Object("latencyMs", whole.ToJson());
  return json;
}

}  // namespace bench
