#include "hit_outbox.h"

#include <utility>

#include "wake.h"

namespace forebay {

namespace {

// The most untaken records. When the main thread does not take them, it gets the next requests too.
constexpr size_t kMaxRecords = 65536;

// After every so many untaken records the main thread is woken, even while it polls.
constexpr size_t kManyRecords = 4096;

}  // namespace

SystemError HitOutbox::Open() { return OpenWake(&notice_fd_); }

std::vector<HitNotice> HitOutbox::TakeNotices() {
  const std::lock_guard lock(mutex_);
  return std::exchange(notices_, {});
}

std::vector<HitRecord> HitOutbox::TakeRecords(size_t most) {
  const std::lock_guard lock(mutex_);
  is_taking_ = !records_.empty();
  if (records_.size() <= most) return std::exchange(records_, {});
  const auto end = records_.begin() + static_cast<std::ptrdiff_t>(most);
  std::vector<HitRecord> taken(records_.begin(), end);
  records_.erase(records_.begin(), end);
  return taken;
}

void HitOutbox::Notify(const HitNotice& notice) {
  bool first;
  {
    const std::lock_guard lock(mutex_);
    first = notices_.empty();
    notices_.push_back(notice);
  }
  // No wake for later notices: they are taken together with the first.
  if (first) (void)Wake(notice_fd_.get());
}

bool HitOutbox::Record(const HitRecord& record) {
  bool wakes;
  bool room;
  {
    const std::lock_guard lock(mutex_);
    records_.push_back(record);
    wakes = !std::exchange(is_taking_, true) || records_.size() % kManyRecords == 0;
    room = records_.size() < kMaxRecords;
  }
  if (wakes) (void)Wake(notice_fd_.get());
  return room;
}

}  // namespace forebay
