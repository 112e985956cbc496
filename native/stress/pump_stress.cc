// Many transfers at a time: bytes, files that are in memory or not, and files that another thread
// still writes; some are stopped while they run. What a client receives is checked to the byte.
#include <fcntl.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <random>
#include <thread>
#include <unordered_map>
#include <vector>

#include "../core/pump.h"
#include "../core/wake.h"
#include "stress.h"

namespace forebay::stress {

namespace {

constexpr size_t kTransfers = 240;
constexpr size_t kAtATime = 12;
constexpr size_t kThreads = 3;
constexpr uint64_t kFileBytes = uint64_t{3} << 20;
constexpr uint64_t kStepBytes = uint64_t{192} << 10;

// As src/compute/watermark-words.ts has them.
struct Watermark {
  std::array<int64_t, 9> words{};

  void Store(size_t word, int64_t value) { std::atomic_ref<int64_t>(words[word]).store(value); }
  int64_t Load(size_t word) { return std::atomic_ref<int64_t>(words[word]).load(); }
};
constexpr size_t kAvailable = 0;
constexpr size_t kState = 2;
constexpr size_t kListeners = 4;
constexpr int64_t kPumpListens = 2;

// A transfer, its client, and its writer where its file grows.
struct Running {
  Connection connection;
  Descriptor file;
  Watermark watermark;
  bool is_stopped = false;
  std::thread client;
  std::thread writer;
};

// Writes a file as a worker does: bytes first, then the word, then a wake for who listens.
void Grow(int fd, Watermark& watermark, int wake_fd) {
  for (uint64_t at = 0; at < kFileBytes; at += kStepBytes) {
    const uint64_t count = std::min(kStepBytes, kFileBytes - at);
    WritePattern(fd, at, count);
    watermark.Store(kAvailable, static_cast<int64_t>(at + count));
    if (at + count == kFileBytes) watermark.Store(kState, 1);
    if ((watermark.Load(kListeners) & kPumpListens) != 0) CHECK(!Wake(wake_fd));
    sched_yield();
  }
}

uint64_t Begin(Pump& pump, std::mt19937& random, Running& running) {
  running.connection = Connect();
  uint64_t id;
  CHECK(!pump.Begin(running.connection.server.get(), &id));
  const bool grows = random() % 3 == 0;
  running.is_stopped = random() % 5 == 0;
  running.file = PatternFile(grows ? 0 : kFileBytes);
  const int fd = running.file.get();
  // The first bytes come from memory, the rest from the file, in two pieces.
  std::array<uint8_t, 1000> bytes;
  for (size_t index = 0; index < bytes.size(); index += 1) bytes[index] = PatternAt(index);
  pump.Add(id, Piece::OfBytes(bytes.data(), bytes.size()));
  int64_t* const words = grows ? running.watermark.words.data() : nullptr;
  if (!grows && random() % 2 == 0) {
    CHECK(fsync(fd) == 0);
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  }
  for (const auto& [begin, end] :
       {std::pair{uint64_t{1000}, kFileBytes / 2}, std::pair{kFileBytes / 2, kFileBytes}}) {
    Piece piece;
    CHECK(!Piece::OfFile(fd, begin, end - begin, words, &piece));
    pump.Add(id, std::move(piece));
  }
  pump.Finish(id);
  const int client = running.connection.client.get();
  running.client = std::thread([client, must_complete = !running.is_stopped] {
    const uint64_t count = ReadPattern(client, 0, kFileBytes);
    CHECK(!must_complete || count == kFileBytes);
  });
  if (grows) {
    running.writer = std::thread(Grow, fd, std::ref(running.watermark), pump.wake_fd());
  }
  return id;
}

void End(Running& running, const PumpNotice& notice) {
  CHECK(running.is_stopped || notice.end == PumpEnd::kComplete);
  if (notice.end == PumpEnd::kComplete) CHECK(notice.bytes_sent == kFileBytes);
  running.connection.server.Close();
  running.client.join();
  if (running.writer.joinable()) running.writer.join();
}

}  // namespace

void StressPump() {
  std::unique_ptr<Pump> pump;
  CHECK(!Pump::Start(kThreads, &pump));
  std::mt19937 random(1);
  std::unordered_map<uint64_t, std::unique_ptr<Running>> all;
  size_t begun = 0;
  while (begun < kTransfers || !all.empty()) {
    while (begun < kTransfers && all.size() < kAtATime) {
      auto running = std::make_unique<Running>();
      const uint64_t id = Begin(*pump, random, *running);
      all.emplace(id, std::move(running));
      begun += 1;
    }
    for (const auto& [id, running] : all) {
      PumpProbe probe;
      const bool is_there = pump->Probe(id, &probe);
      if (is_there && running->is_stopped && probe.bytes_sent > kStepBytes) {
        pump->Stop(id, random() % 2 == 0);
      }
    }
    AwaitReadable(pump->notice_fd());
    for (const PumpNotice& notice : pump->Take()) {
      if (notice.end == PumpEnd::kNone) continue;
      const auto found = all.find(notice.transfer);
      CHECK(found != all.end());
      End(*found->second, notice);
      all.erase(found);
    }
  }
  // Ended with an unfinished transfer: its threads must not touch what is destroyed.
  const Connection left = Connect();
  uint64_t id;
  CHECK(!pump->Begin(left.server.get(), &id));
  pump = nullptr;
}

}  // namespace forebay::stress
