#include "readahead_thread.h"

#include <utility>

#include "files.h"

namespace forebay {

namespace {

// Each is at most a MiB (pump_piece.cc): what a fast disk reads in some 100 ms. What is older than
// that is read by sendfile itself by now.
constexpr size_t kMaxRequests = 256;

}  // namespace

SystemError ReadaheadThread::Start(std::unique_ptr<ReadaheadThread>* readahead) {
  std::unique_ptr<ReadaheadThread> made(new ReadaheadThread());
  ReadaheadThread* const self = made.get();
  if (const SystemError error = Thread::Start([self] { self->Run(); }, &made->thread_))
    return error;
  *readahead = std::move(made);
  return {};
}

ReadaheadThread::~ReadaheadThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  asked_.notify_one();
  thread_.reset();
}

void ReadaheadThread::Ask(const std::shared_ptr<const Descriptor>& file, uint64_t offset,
                          uint64_t length) {
  {
    const std::lock_guard lock(mutex_);
    if (requests_.size() == kMaxRequests) return;
    requests_.push_back({file, offset, length});
  }
  asked_.notify_one();
}

void ReadaheadThread::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    asked_.wait(lock, [this] { return stopping_ || !requests_.empty(); });
    if (stopping_) return;
    const Request request = std::move(requests_.front());
    requests_.pop_front();
    lock.unlock();
    if (const auto file = request.file.lock()) {
      Readahead(file->get(), request.offset, request.length);
    }
    lock.lock();
  }
}

}  // namespace forebay
