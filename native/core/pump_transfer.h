// One response body that the pump (pump.h) sends: its socket, its queue and its state.
#ifndef FOREBAY_CORE_PUMP_TRANSFER_H_
#define FOREBAY_CORE_PUMP_TRANSFER_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>

#include "descriptor.h"
#include "pump_piece.h"

namespace forebay {

enum class PumpEnd : uint8_t {
  kNone,
  // The socket has accepted every piece.
  kComplete,
  kClientClosed,
  kShortFile,
  kReadFailed,
  kWatermarkFailed,
  // Stopped by Pump::Stop.
  kStopped,
};

// Returns the end of a transfer after a step that makes it fail.
PumpEnd EndOf(PieceStep step);

// The event that the transfer waits for.
enum class PumpState : uint8_t {
  // The next piece, or Finish.
  kStarved,
  // The socket to become writable, or a thread to serve the transfer: it is armed in epoll.
  kArmed,
  // None: a thread is sending.
  kRunning,
  // A watermark to move, or a ColdReader to read.
  kSourceWaits,
  kEnded,
};

// `mutex` guards everything, with one exception: the thread that set the state kRunning sends the
// first piece without the mutex. Other threads then only append to the queue.
struct Transfer {
  Transfer(uint64_t own_id, Descriptor own_socket) : id(own_id), socket(std::move(own_socket)) {}

  const uint64_t id;
  std::mutex mutex;
  PumpState state = PumpState::kStarved;
  Descriptor socket;
  std::deque<Piece> queue;
  // True after Finish: no more pieces follow.
  bool finished = false;
  // True after Stop while a thread was sending; that thread ends the transfer.
  bool stopping = false;
  // True while it is in the epoll set. It must be removed before the descriptor is closed, because
  // Node's own descriptor keeps the connection, and so the registration, alive.
  bool registered = false;
  // True while TCP_CORK is set, so that the head, which Node writes, leaves with the first bytes.
  bool corked = false;
  uint64_t finished_pieces = 0;
  uint64_t bytes_sent = 0;
  // When the socket last accepted a byte, or when the transfer began.
  std::chrono::steady_clock::time_point moved = std::chrono::steady_clock::now();
  // How often there was nothing to send.
  uint64_t pauses = 0;

  // Sets TCP_CORK if the socket supports it.
  void Cork();
  // Clears TCP_CORK, which flushes the socket. Called whenever there is nothing to send at once.
  void Uncork();
  // Returns the bytes that the client has acknowledged, or those sent if the kernel cannot tell.
  uint64_t TakenBytes() const;
};

}  // namespace forebay

#endif  // FOREBAY_CORE_PUMP_TRANSFER_H_
