// Reads files ahead into the page cache, on a thread of its own: asking the kernel for pages can
// wait for the disk, which the pump's threads should not.
#ifndef FOREBAY_CORE_READAHEAD_THREAD_H_
#define FOREBAY_CORE_READAHEAD_THREAD_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

#include "descriptor.h"
#include "system_error.h"
#include "thread.h"

namespace forebay {

class ReadaheadThread {
 public:
  static SystemError Start(std::unique_ptr<ReadaheadThread>* readahead);

  // Waits for the request in progress and drops the others.
  ~ReadaheadThread();
  ReadaheadThread(const ReadaheadThread&) = delete;
  ReadaheadThread& operator=(const ReadaheadThread&) = delete;

  // Asks for the range, best effort: dropped when too many wait, or when `file` is closed before
  // its turn comes. Never blocks.
  void Ask(const std::shared_ptr<const Descriptor>& file, uint64_t offset, uint64_t length);

 private:
  struct Request {
    std::weak_ptr<const Descriptor> file;
    uint64_t offset;
    uint64_t length;
  };

  ReadaheadThread() = default;
  void Run();

  std::mutex mutex_;
  std::condition_variable asked_;
  std::deque<Request> requests_;
  bool stopping_ = false;
  std::unique_ptr<Thread> thread_;
};

}  // namespace forebay

#endif  // FOREBAY_CORE_READAHEAD_THREAD_H_
