// Reads files into the page cache ahead of the pump, on separate threads. So the pump sends from
// memory, and a slow disk delays only the transfers of files on it.
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

// One range that is being read into memory. Shared by the piece that requested it and the reading
// thread.
class ColdRead {
 public:
  ColdRead(const std::shared_ptr<const Descriptor>& file, uint64_t offset, uint64_t length)
      : file_(file), end_(offset + length), reached_(offset) {}

  // The offset up to which the file is in memory; beyond the range after it was read or has failed.
  uint64_t reached() const { return reached_.load(); }

  // Enables a wake after each step. A caller that then reads `reached` misses no step.
  void Listen() { listening_.store(true); }

 private:
  friend class ColdReader;

  // Weak, so that the read does not keep the file open: it ends after its piece has closed the
  // file.
  const std::weak_ptr<const Descriptor> file_;
  const uint64_t end_;
  // The length of the next step, small at first for an early first byte. Used by the reading thread
  // alone.
  uint64_t step_bytes_ = uint64_t{128} << 10;
  std::atomic<uint64_t> reached_;
  std::atomic<bool> listening_ = false;
};

class ColdReader {
 public:
  // Starts `threads` threads, which read the ranges step by step in turns. They wake `wake_fd`
  // (wake.h), which must outlive this object, for reads with Listen.
  static SystemError Start(size_t threads, int wake_fd, std::unique_ptr<ColdReader>* reader);

  // Waits for the steps in progress and drops the rest.
  ~ColdReader();
  ColdReader(const ColdReader&) = delete;
  ColdReader& operator=(const ColdReader&) = delete;

  // Queues a range; returns null when too many are queued. Never blocks.
  std::shared_ptr<ColdRead> Ask(const std::shared_ptr<const Descriptor>& file, uint64_t offset,
                                uint64_t length);

 private:
  explicit ColdReader(int wake_fd) : wake_fd_(wake_fd) {}
  void Run();
  bool Step(ColdRead& read) const;

  const int wake_fd_;
  // The destination, /dev/null, which accepts pages without reading them.
  Descriptor nowhere_;
  std::mutex mutex_;
  std::condition_variable asked_;
  std::deque<std::shared_ptr<ColdRead>> waiting_;
  bool stopping_ = false;
  std::vector<std::unique_ptr<Thread>> threads_;
};

}  // namespace forebay

#endif  // FOREBAY_CORE_COLD_READER_H_
