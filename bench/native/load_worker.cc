#include "load_worker.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>

#include "system.h"

namespace bench {

namespace {

constexpr size_t kScratchBytes = size_t{256} << 10;

// The longest wait: a thread without events still sees that the run has ended.
constexpr int kMaxWaitMs = 50;

// Slow clients ask for random ranges, whatever the others do, so that they have an order of their
// own.
constexpr uint64_t kSlowSeed = 977;

}  // namespace

std::atomic<bool> stop_requested = false;

Run::Run(const Options& options)
    : options(options),
      schedule(options, options.order, options.requests, options.seed),
      slow_schedule(options, Order::kRandom, 0, options.seed + kSlowSeed),
      busy(options.connections),
      connected(static_cast<ptrdiff_t>(options.threads), [this] { started_at = NowNs(); }) {}

Worker::Worker(Run& run, uint64_t connections, uint64_t slow_connections)
    : run_(run), scratch_(kScratchBytes), epoll_(Check(epoll_create1(EPOLL_CLOEXEC), "epoll")) {
  const Options& options = run.options;
  for (uint64_t index = 0; index < connections + slow_connections; index += 1) {
    const bool slow = index >= connections;
    connections_.push_back({std::make_unique<Connection>(
        options, slow ? run.slow_schedule : run.schedule, slow ? slow_tally_ : tally_, scratch_,
        slow ? options.slow_bytes_per_second : 0)});
  }
}

Worker::~Worker() = default;

void Worker::Watch(Watched& watched) {
  Connection& connection = *watched.connection;
  if (watched.generation == connection.generation()) return;
  watched.generation = connection.generation();
  // A slow connection reads when it is time, not when there is something.
  if (connection.is_slow() || connection.fd() < 0) return;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = &watched;
  Check(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connection.fd(), &event), "epoll_ctl");
}

void Worker::Settle(Watched& watched) {
  Connection& connection = *watched.connection;
  if (!connection.finished()) return Watch(watched);
  if (watched.counted || connection.is_slow()) return;
  watched.counted = true;
  run_.busy -= 1;
  ended_at_ = NowNs();
}

int Worker::TimeoutMs(uint64_t now) const {
  uint64_t soonest = now + uint64_t{kMaxWaitMs} * 1'000'000;
  for (const Watched& watched : connections_) {
    const uint64_t wake_at = watched.connection->wake_at();
    if (wake_at != 0 && !watched.connection->finished()) soonest = std::min(soonest, wake_at);
  }
  return soonest <= now ? 0 : static_cast<int>((soonest - now + 999'999) / 1'000'000);
}

bool Worker::OnTimes(uint64_t now) {
  bool moved = false;
  for (Watched& watched : connections_) {
    Connection& connection = *watched.connection;
    if (connection.finished() || connection.wake_at() == 0 || connection.wake_at() > now) continue;
    moved = connection.OnTime(now) || moved;
    Settle(watched);
  }
  return moved;
}

void Worker::Loop() {
  for (Watched& watched : connections_) watched.connection->Open();
  run_.connected.arrive_and_wait();
  uint64_t now = run_.started_at;
  ended_at_ = now;
  const Options& options = run_.options;
  const uint64_t length = static_cast<uint64_t>(options.seconds * 1e9);
  const uint64_t deadline = length == 0 ? UINT64_MAX : now + length;
  const auto stall = static_cast<uint64_t>(options.stall_seconds * 1e9);
  uint64_t moved_at = now;
  for (Watched& watched : connections_) {
    watched.connection->Begin(now);
    Settle(watched);
  }
  std::array<epoll_event, 256> events;
  while (run_.busy > 0 && now < deadline && !stop_requested) {
    const int count = epoll_wait(epoll_.get(), events.data(), events.size(), TimeoutMs(now));
    now = NowNs();
    bool moved = false;
    for (int index = 0; index < count; index += 1) {
      auto& watched = *static_cast<Watched*>(events[static_cast<size_t>(index)].data.ptr);
      moved = watched.connection->Read(now) || moved;
      Settle(watched);
    }
    moved = OnTimes(now) || moved;
    if (moved) moved_at = now;
    if (now - moved_at < stall) continue;
    for (Watched& watched : connections_) {
      if (!watched.connection->finished()) watched.connection->GiveUp(Failure::kStall, "no byte");
      Settle(watched);
    }
    break;
  }
  if (now >= deadline || stop_requested) ended_at_ = now;
}

}  // namespace bench
