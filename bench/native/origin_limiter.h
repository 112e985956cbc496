// A rate limit: one budget of bytes a second, for all connections of the origin or for one of them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>

namespace bench {

class Limiter {
 public:
  // 0 is no limit.
  explicit Limiter(double bytes_per_second) : rate_(bytes_per_second) {}

  bool limited() const { return rate_ > 0; }

  // How many of `wanted` bytes may be sent now; 0: ask again in a moment. The first bytes of a
  // response are never kept waiting: they are granted on credit, so that time to first byte is not
  // the limit's.
  uint64_t Take(uint64_t wanted, bool first, uint64_t now_ns) {
    if (!limited()) return wanted;
    const std::lock_guard lock(mutex_);
    if (filled_at_ns_ == 0) filled_at_ns_ = now_ns;
    // Threads read the clock before they come here: a late one must not turn it back.
    if (now_ns > filled_at_ns_) {
      budget_ = std::min(budget_ + static_cast<double>(now_ns - filled_at_ns_) * rate_ / 1e9,
                         rate_ * kBurstSeconds);
      filled_at_ns_ = now_ns;
    }
    uint64_t granted = 0;
    if (first) {
      granted = std::min(wanted, kFirstBytes);
    } else if (budget_ >= std::min(kLeastBytes, static_cast<double>(wanted))) {
      granted = std::min(wanted, static_cast<uint64_t>(budget_));
    }
    budget_ -= static_cast<double>(granted);
    return granted;
  }

  // What was taken and could not be sent.
  void Return(uint64_t bytes) {
    if (!limited()) return;
    const std::lock_guard lock(mutex_);
    budget_ += static_cast<double>(bytes);
  }

 private:
  static constexpr uint64_t kFirstBytes = uint64_t{16} << 10;
  // Less is not worth a system call.
  static constexpr double kLeastBytes = 16 << 10;
  static constexpr double kBurstSeconds = 0.004;

  const double rate_;
  std::mutex mutex_;
  double budget_ = 0;
  uint64_t filled_at_ns_ = 0;
};

}  // namespace bench
