// Reads files into the page cache ahead of the pump, on threads of its own, so that a slow disk
// blocks only the transfers that need it.
#ifndef FOREBAY_CORE_COLD_READER_H_
#define FOREBAY_CORE_COLD_READER_H_

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "descriptor.h"
#include "system_error.h"
#include "thread.h"

namespace forebay {

// One range on its way into memory. Shared by its requester and the thread that reads.
class ColdRead {
 public:
  ColdRead(const std::shared_ptr<const Descriptor>& file, uint64_t offset, uint64_t length)
      : file_(file), end_(offset + length), reached_(offset) {}

  // Up to here the file is in memory; past the range once it has been read or cannot be.
  uint64_t reached() const { return reached_.load(); }

  // Requests a wake after each further step. Read `reached` after this call.
  void Listen() { listening_.store(true); }

 private:
  friend class ColdReader;

  // Weak: the reading ends when its requester has closed the file.
  const std::weak_ptr<const Descriptor> file_;
  const uint64_t end_;
  // Of the next step: small at first, for the first byte's sake. Its reader's alone.
  uint64_t step_bytes_ = uint64_t{128} << 10;
  std::atomic<uint64_t> reached_;
  std::atomic<bool> listening_ = false;
};

class ColdReader {
 public:
  // Starts `threads` threads, which take turns at the ranges. `wake_fd` (wake.h) is woken
  // for reads that are listened to, and outlives this.
  static SystemError Start(size_t threads, int wake_fd, std::unique_ptr<ColdReader>* reader);

  // Waits for the steps in progress and drops the rest.
  ~ColdReader();
  ColdReader(const ColdReader&) = delete;
  ColdReader& operator=(const ColdReader&) = delete;

  // Begins to read a range, or null when too many wait. Never blocks.
  std::shared_ptr<ColdRead> Ask(const std::shared_ptr<const Descriptor>& file, uint64_t offset,
                                uint64_t length);

 private:
  explicit ColdReader(int wake_fd) : wake_fd_(wake_fd) {}
  void Run();
  bool Step(ColdRead& read) const;

  const int wake_fd_;
  // Where the bytes go: /dev/null takes pages without looking at them.
  Descriptor nowhere_;
  std::mutex mutex_;
  std::condition_variable asked_;
  std::deque<std::shared_ptr<ColdRead>> waiting_;
  bool stopping_ = false;
  std::vector<std::unique_ptr<Thread>> threads_;
};

}  // namespace forebay

#endif  // FOREBAY_CORE_COLD_READER_H_
