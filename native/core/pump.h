// Sends bodies to clients on threads of its own, from the page cache to the socket by sendfile(2).
//
// All threads wait on one epoll set, in which a transfer is armed for one event at a time, so that
// one thread at a time serves it. After a bounded number of bytes it is armed again, behind the
// others that are ready. Pieces own duplicates of their descriptors, so the caller may close its
// own. The owner calls every public function from one thread.
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

// How far a transfer has come. The last notice of a transfer has an `end`.
struct PumpNotice {
  uint64_t transfer;
  // Pieces that were sent whole; their descriptors are closed.
  uint64_t finished_pieces;
  // Bytes that the kernel took.
  uint64_t bytes_sent;
  PumpEnd end;
  // An errno, for kClientClosed and kReadFailed.
  int error_number;
};

// What a transfer does at this moment.
struct PumpProbe {
  uint64_t taken_bytes;
  uint64_t pauses;
  PumpState state;
  uint64_t bytes_sent;
  // Ms since the socket last took a byte.
  double idle_ms;
};

class Pump {
 public:
  // Starts `threads` threads that send, and those of a ColdReader.
  static SystemError Start(size_t threads, std::unique_ptr<Pump>* pump);

  // Ends every transfer, cutting its connection, without a notice, after the threads have ended.
  ~Pump();
  Pump(const Pump&) = delete;
  Pump& operator=(const Pump&) = delete;

  // A wake descriptor (wake.h) that is readable when Take has notices.
  int notice_fd() const { return notice_fd_.get(); }
  // The descriptor to wake when a watermark moves.
  int wake_fd() const { return wake_fd_.get(); }

  // Starts a transfer to a non-blocking socket, of which a duplicate is used. Bytes written to the
  // socket before the first piece are held back, to leave with it.
  SystemError Begin(int socket, uint64_t* id);

  // These do nothing for a transfer that has ended.
  void Add(uint64_t id, Piece piece);
  // No piece will follow: the transfer is complete once all are sent.
  void Finish(uint64_t id);
  // Ends a transfer, at the latest when the system call in progress returns. `cut`: its connection
  // too, at once. There is a notice of the end.
  void Stop(uint64_t id, bool cut);

  // False when the transfer has ended.
  bool Probe(uint64_t id, PumpProbe* probe);

  // The notices since the last call, in order.
  std::vector<PumpNotice> Take();

 private:
  Pump() = default;

  SystemError Open(size_t threads);
  void Run();
  // Sends until the transfer has to wait, or another one is ready after a turn: returns the event
  // of that one, which the caller must serve.
  std::optional<uint64_t> Serve(const std::shared_ptr<Transfer>& transfer);
  void ResumeWaiting();
  std::shared_ptr<Transfer> Find(uint64_t id);

  // The caller of these holds the transfer's mutex.
  // One system call's worth; false once the transfer is not running any more.
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

  // Guards what follows. Taken after a transfer's mutex, never before it.
  std::mutex mutex_;
  std::unordered_map<uint64_t, std::shared_ptr<Transfer>> transfers_;
  std::unordered_map<uint64_t, std::shared_ptr<Transfer>> waiting_;
  std::vector<PumpNotice> notices_;
};

}  // namespace forebay

#endif  // FOREBAY_CORE_PUMP_H_
