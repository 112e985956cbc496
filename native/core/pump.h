// Sends bodies to clients on its own threads, from the page cache to the socket by sendfile(2).
//
// All threads wait on one epoll set. A transfer is armed for one event at a time, so that one
// thread at a time serves it. After a bounded number of bytes it is armed anew, behind the other
// ready ones. Pieces own duplicates of their descriptors, so that the caller may close its own. The
// owner calls all public functions from one thread.
#ifndef FOREBAY_CORE_PUMP_H_
#define FOREBAY_CORE_PUMP_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "cold_reader.h"
#include "descriptor.h"
#include "event_set.h"
#include "pump_piece.h"
#include "pump_transfer.h"
#include "system_error.h"
#include "thread.h"

namespace forebay {

// The progress of a transfer. The last notice of a transfer has an `end`.
struct PumpNotice {
  uint64_t transfer;
  // Pieces that were sent completely; their descriptors are closed.
  uint64_t finished_pieces;
  // Bytes that the kernel accepted.
  uint64_t bytes_sent;
  PumpEnd end;
  // An errno, for kClientClosed and kReadFailed.
  int error_number;
};

// A snapshot of a transfer.
struct PumpProbe {
  uint64_t taken_bytes;
  uint64_t pauses;
  PumpState state;
  uint64_t bytes_sent;
  // Ms since the socket last accepted a byte.
  double idle_ms;
};

class Pump {
 public:
  // Starts `threads` threads that send, and those of a ColdReader.
  static SystemError Start(size_t threads, std::unique_ptr<Pump>* pump);

  // Ends the threads, then every transfer and its connection, without a notice.
  ~Pump();
  Pump(const Pump&) = delete;
  Pump& operator=(const Pump&) = delete;

  // A wake descriptor (wake.h), readable when Take has notices.
  int notice_fd() const { return notice_fd_.get(); }
  // The wake descriptor that a thread wakes after it has moved a watermark.
  int wake_fd() const { return wake_fd_.get(); }

  // Starts a transfer to a duplicate of a non-blocking socket. The kernel holds back bytes written
  // to the socket before the first piece, so that they leave with it.
  SystemError Begin(int socket, uint64_t* id);

  // These do nothing for a transfer that has ended.
  void Add(uint64_t id, Piece piece);
  // No piece will follow: the transfer is complete once all are sent.
  void Finish(uint64_t id);
  // Ends a transfer, at the latest when the system call in progress returns, with a notice. `cut`:
  // shuts its connection down at once.
  void Stop(uint64_t id, bool cut);

  // False when the transfer has ended.
  bool Probe(uint64_t id, PumpProbe* probe);

  // Returns the notices since the last call, in order.
  std::vector<PumpNotice> Take();

 private:
  Pump() = default;

  SystemError Open(size_t threads);
  void Run();
  // Sends until the transfer has to wait, or another event is ready after a turn. Returns that
  // other event's id, which the caller must serve.
  std::optional<uint64_t> Serve(const std::shared_ptr<Transfer>& transfer);
  void ResumeWaiting();
  std::shared_ptr<Transfer> Find(uint64_t id);

  // The caller of these must hold the transfer's mutex.
  // Makes one system call's progress; returns false when the transfer is no longer running.
  bool Advance(const std::shared_ptr<Transfer>& transfer, std::unique_lock<std::mutex>& lock,
               uint64_t* budget);
  void Arm(Transfer& transfer);
  void AwaitSource(const std::shared_ptr<Transfer>& transfer);
  void Starve(Transfer& transfer);
  void End(Transfer& transfer, PumpEnd end, int error_number = 0);
  void Notify(const Transfer& transfer, PumpEnd end, int error_number = 0);

  EventSet events_;
  Descriptor stop_fd_;
  Descriptor wake_fd_;
  Descriptor notice_fd_;
  std::unique_ptr<ColdReader> reader_;
  std::vector<std::unique_ptr<Thread>> threads_;
  uint64_t next_id_;

  // Guards the members below. Locked after a transfer's mutex, never before it.
  std::mutex mutex_;
  std::unordered_map<uint64_t, std::shared_ptr<Transfer>> transfers_;
  std::unordered_map<uint64_t, std::shared_ptr<Transfer>> waiting_;
  std::vector<PumpNotice> notices_;
};

}  // namespace forebay

#endif  // FOREBAY_CORE_PUMP_H_
