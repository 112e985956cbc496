#include "cold_reader.h"

#include <fcntl.h>
#include <sys/sendfile.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "wake.h"

namespace forebay {

namespace {

// The most queued ranges, each at most a chunk: a second's work of a fast disk. Beyond that,
// transfers read from the disk themselves.
constexpr size_t kMaxWaiting = 256;

// The longest step. Its bytes can be sent while the next step is read.
constexpr uint64_t kStepBytes = uint64_t{1} << 20;

constexpr uint64_t kNothingLeft = UINT64_MAX;

}  // namespace

SystemError ColdReader::Start(size_t threads, int wake_fd, std::unique_ptr<ColdReader>* reader) {
  std::unique_ptr<ColdReader> made(new ColdReader(wake_fd));
  ColdReader* const self = made.get();
  self->nowhere_ = Descriptor(open("/dev/null", O_WRONLY | O_CLOEXEC));
  if (self->nowhere_.get() < 0) return LastError("open");
  self->threads_.resize(threads);
  for (std::unique_ptr<Thread>& thread : self->threads_) {
    if (const SystemError error = Thread::Start([self] { self->Run(); }, &thread)) return error;
  }
  *reader = std::move(made);
  return {};
}

ColdReader::~ColdReader() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  asked_.notify_all();
  threads_.clear();
}

std::shared_ptr<ColdRead> ColdReader::Ask(const std::shared_ptr<const Descriptor>& file,
                                          uint64_t offset, uint64_t length) {
  auto read = std::make_shared<ColdRead>(file, offset, length);
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() == kMaxWaiting) return nullptr;
    waiting_.push_back(read);
  }
  asked_.notify_one();
  return read;
}

void ColdReader::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    asked_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    const std::shared_ptr<ColdRead> read = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    const bool more = Step(*read);
    if (read->listening_) (void)Wake(wake_fd_);
    lock.lock();
    // Queued behind the others, so that no range's first byte waits for another's whole range.
    if (more) waiting_.push_back(read);
  }
}

// Reads one step; returns false when the range has no more to read.
bool ColdReader::Step(ColdRead& read) const {
  const uint64_t at = read.reached_;
  auto offset = static_cast<off_t>(at);
  const uint64_t wanted = std::min(read.step_bytes_, read.end_ - at);
  read.step_bytes_ = std::min(read.step_bytes_ * 2, kStepBytes);
  ssize_t taken = 0;
  if (const auto file = read.file_.lock()) {
    // posix_fadvise(WILLNEED) and readahead(2) read into single pages, but a sequential read gets
    // ever larger pieces of memory: as measured, reading then takes a sixth of the CPU time, and
    // sending three quarters. It waits for the disk, which these threads may do, and copies
    // nothing.
    do {
      taken = sendfile(nowhere_.get(), file->get(), &offset, wanted);
    } while (taken < 0 && errno == EINTR);
  }
  const bool more = taken > 0 && static_cast<uint64_t>(offset) < read.end_;
  // A failed read is not reported: the pump meets the same error when it sends.
  read.reached_ = more ? static_cast<uint64_t>(offset) : kNothingLeft;
  return more;
}

}  // namespace forebay
