#include "pump.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <chrono>
#include <utility>

#include "local_connection.h"
#include "wake.h"

namespace forebay {

namespace {

// The epoll ids of the descriptors that belong to no transfer.
constexpr uint64_t kStopId = 0;
constexpr uint64_t kWakeId = 1;
constexpr uint64_t kFirstTransferId = 2;

// Files that are read from disk concurrently: the number that saturated a virtual disk.
constexpr size_t kReaders = 4;

// Bytes that a transfer may send in one turn. At 5 GB/s a turn takes 200 us, of which the two
// system calls between turns are 1 %.
constexpr uint64_t kQuantumBytes = uint64_t{1} << 20;

}  // namespace

SystemError Pump::Start(size_t threads, std::unique_ptr<Pump>* pump) {
  std::unique_ptr<Pump> made(new Pump());
  if (const SystemError error = made->Open(threads)) return error;
  *pump = std::move(made);
  return {};
}

SystemError Pump::Open(size_t threads) {
  next_id_ = kFirstTransferId;
  if (const SystemError error = events_.Open()) return error;
  for (Descriptor* descriptor : {&stop_fd_, &wake_fd_, &notice_fd_}) {
    if (const SystemError error = OpenWake(descriptor)) return error;
  }
  // Never drained: once it is readable, every thread ends.
  if (const SystemError error = events_.Watch(stop_fd_.get(), EPOLLIN, kStopId)) return error;
  // Edge-triggered: each write wakes one thread, and no thread has to drain it. The counter would
  // overflow only after 2^64 wakes.
  if (const SystemError error = events_.Watch(wake_fd_.get(), EPOLLIN | EPOLLET, kWakeId)) {
    return error;
  }
  if (const SystemError error = ColdReader::Start(kReaders, wake_fd_.get(), &reader_)) return error;
  threads_.resize(threads);
  for (std::unique_ptr<Thread>& thread : threads_) {
    if (const SystemError error = Thread::Start([this] { Run(); }, &thread)) return error;
  }
  return {};
}

Pump::~Pump() {
  if (stop_fd_.get() >= 0) (void)Wake(stop_fd_.get());
  threads_.clear();
  for (const auto& [id, transfer] : transfers_) (void)shutdown(transfer->socket.get(), SHUT_RDWR);
}

SystemError Pump::Begin(int socket, uint64_t* id) {
  const int flags = fcntl(socket, F_GETFL);
  if (flags < 0) return LastError("fcntl");
  // On a blocking socket a send would occupy a thread for as long as the client does not read.
  if ((flags & O_NONBLOCK) == 0) return {EINVAL, "fcntl"};
  Descriptor own;
  if (const SystemError error = Descriptor::Duplicate(socket, &own)) return error;
  StopPacingLocally(own.get());
  *id = next_id_++;
  const auto transfer = std::make_shared<Transfer>(*id, std::move(own));
  transfer->Cork();
  const std::lock_guard lock(mutex_);
  transfers_.emplace(*id, transfer);
  return {};
}

void Pump::Add(uint64_t id, Piece piece) {
  const auto transfer = Find(id);
  if (!transfer) return;
  const std::lock_guard lock(transfer->mutex);
  if (transfer->state == PumpState::kEnded) return;
  transfer->queue.push_back(std::move(piece));
  if (transfer->state == PumpState::kStarved) Arm(*transfer);
}

void Pump::Finish(uint64_t id) {
  const auto transfer = Find(id);
  if (!transfer) return;
  const std::lock_guard lock(transfer->mutex);
  if (transfer->state == PumpState::kEnded) return;
  transfer->finished = true;
  if (transfer->state == PumpState::kStarved) End(*transfer, PumpEnd::kComplete);
}

void Pump::Stop(uint64_t id, bool cut) {
  const auto transfer = Find(id);
  if (!transfer) return;
  const std::lock_guard lock(transfer->mutex);
  if (transfer->state == PumpState::kEnded) return;
  // First, so that a thread that is sending fails at once. Shutdown ends the connection although
  // Node has a descriptor of it too.
  if (cut) (void)shutdown(transfer->socket.get(), SHUT_RDWR);
  if (transfer->state == PumpState::kRunning) {
    transfer->stopping = true;
  } else {
    End(*transfer, PumpEnd::kStopped);
  }
}

bool Pump::Probe(uint64_t id, PumpProbe* probe) {
  const auto transfer = Find(id);
  if (!transfer) return false;
  const std::lock_guard lock(transfer->mutex);
  if (transfer->state == PumpState::kEnded) return false;
  const std::chrono::duration<double, std::milli> idle =
      std::chrono::steady_clock::now() - transfer->moved;
  *probe = {transfer->TakenBytes(), transfer->pauses, transfer->state, transfer->bytes_sent,
            idle.count()};
  return true;
}

std::vector<PumpNotice> Pump::Take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(notices_, {});
}

void Pump::Run() {
  std::optional<uint64_t> taken;
  for (;;) {
    if (!taken) taken = events_.Take(EventSet::kForEver);
    if (!taken) continue;
    const uint64_t id = *std::exchange(taken, std::nullopt);
    if (id == kStopId) return;
    if (id == kWakeId) {
      ResumeWaiting();
    } else if (const auto transfer = Find(id)) {
      taken = Serve(transfer);
    }
  }
}

std::optional<uint64_t> Pump::Serve(const std::shared_ptr<Transfer>& transfer) {
  std::unique_lock lock(transfer->mutex);
  if (transfer->state != PumpState::kArmed) return std::nullopt;
  transfer->state = PumpState::kRunning;
  uint64_t budget = kQuantumBytes;
  while (Advance(transfer, lock, &budget)) {
    if (budget > 0) continue;
    if (transfer->stopping) return End(*transfer, PumpEnd::kStopped), std::nullopt;
    // Continues here unless another event is ready: arming would wake another thread, and move the
    // connection to its core.
    if (const auto other = events_.Take(0)) {
      Arm(*transfer);
      return other;
    }
    budget = kQuantumBytes;
  }
  return std::nullopt;
}

bool Pump::Advance(const std::shared_ptr<Transfer>& transfer, std::unique_lock<std::mutex>& lock,
                   uint64_t* budget) {
  if (transfer->stopping) return End(*transfer, PumpEnd::kStopped), false;
  if (transfer->queue.empty()) return Starve(*transfer), false;
  Piece& piece = transfer->queue.front();
  // These addresses stay valid while other threads append to the deque.
  Piece* const next = transfer->queue.size() > 1 ? &transfer->queue[1] : nullptr;
  lock.unlock();
  piece.LookAhead(*reader_);
  if (next != nullptr) next->LookAhead(*reader_);
  const PieceResult result = piece.Send(transfer->socket.get(), *budget, next != nullptr);
  lock.lock();
  transfer->bytes_sent += result.bytes;
  if (result.bytes > 0) transfer->moved = std::chrono::steady_clock::now();
  *budget -= result.bytes;
  if (piece.done()) {
    transfer->queue.pop_front();
    transfer->finished_pieces += 1;
    // The last piece is reported by the notice of the end.
    if (!transfer->queue.empty() || !transfer->finished) Notify(*transfer, PumpEnd::kNone);
    return true;
  }
  if (result.step == PieceStep::kSent) return true;
  if (result.step == PieceStep::kSocketFull) {
    transfer->stopping ? End(*transfer, PumpEnd::kStopped) : Arm(*transfer);
  } else if (result.step == PieceStep::kSourceWaits) {
    transfer->stopping ? End(*transfer, PumpEnd::kStopped) : AwaitSource(transfer);
  } else {
    End(*transfer, EndOf(result.step), result.error_number);
  }
  return false;
}

void Pump::ResumeWaiting() {
  std::vector<std::shared_ptr<Transfer>> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting.reserve(waiting_.size());
    for (const auto& [id, transfer] : waiting_) waiting.push_back(transfer);
  }
  for (const auto& transfer : waiting) {
    const std::lock_guard lock(transfer->mutex);
    if (transfer->state != PumpState::kSourceWaits || !transfer->queue.front().ready()) continue;
    {
      const std::lock_guard own_lock(mutex_);
      waiting_.erase(transfer->id);
    }
    Arm(*transfer);
  }
}

std::shared_ptr<Transfer> Pump::Find(uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = transfers_.find(id);
  return found == transfers_.end() ? nullptr : found->second;
}

void Pump::Arm(Transfer& transfer) {
  // Set before the call: another thread may get the event before the call returns, and then waits
  // for the mutex.
  transfer.state = PumpState::kArmed;
  if (const SystemError error =
          events_.Arm(transfer.socket.get(), transfer.id, transfer.registered)) {
    End(transfer, PumpEnd::kClientClosed, error.number);
  } else {
    transfer.registered = true;
  }
}

void Pump::AwaitSource(const std::shared_ptr<Transfer>& transfer) {
  transfer->Uncork();
  transfer->state = PumpState::kSourceWaits;
  transfer->pauses += 1;
  {
    const std::lock_guard lock(mutex_);
    waiting_.emplace(transfer->id, transfer);
  }
  transfer->queue.front().Listen();
  // Checked once more after it is listed and listens. This check sees a watermark that moved
  // before; the wake of a later move finds the transfer in the list.
  if (!transfer->queue.front().ready()) return;
  {
    const std::lock_guard lock(mutex_);
    waiting_.erase(transfer->id);
  }
  Arm(*transfer);
}

void Pump::Starve(Transfer& transfer) {
  if (transfer.finished) return End(transfer, PumpEnd::kComplete);
  transfer.Uncork();
  transfer.pauses += 1;
  transfer.state = PumpState::kStarved;
}

void Pump::End(Transfer& transfer, PumpEnd end, int error_number) {
  transfer.Uncork();
  transfer.state = PumpState::kEnded;
  if (transfer.registered) events_.Remove(transfer.socket.get());
  // All before the notice: after it the owner may close, delete or destroy anything.
  transfer.socket.Close();
  transfer.queue.clear();
  {
    const std::lock_guard lock(mutex_);
    waiting_.erase(transfer.id);
    transfers_.erase(transfer.id);
  }
  Notify(transfer, end, error_number);
}

void Pump::Notify(const Transfer& transfer, PumpEnd end, int error_number) {
  bool first;
  {
    const std::lock_guard lock(mutex_);
    first = notices_.empty();
    notices_.push_back(
        {transfer.id, transfer.finished_pieces, transfer.bytes_sent, end, error_number});
  }
  // No wake for later notices: they are taken together with the first.
  if (first) (void)Wake(notice_fd_.get());
}

}  // namespace forebay
