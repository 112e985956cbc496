// One response body on its way through the pump (pump.h): its socket, its queue and its state.
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
  // Every piece is in the socket.
  kComplete,
  kClientClosed,
  kShortFile,
  kReadFailed,
  kWatermarkFailed,
  // By Pump::Stop.
  kStopped,
};

// How a transfer ends at a step after which it cannot go on.
PumpEnd EndOf(PieceStep step);

// What the transfer waits for.
enum class PumpState : uint8_t {
  // For the next piece, or for Finish.
  kStarved,
  // For the socket to take bytes, or for a thread to serve it: it is armed in epoll.
  kArmed,
  // For nothing: a thread is sending.
  kRunning,
  // For a watermark to move.
  kSourceWaits,
  kEnded,
};

// Everything is guarded by `mutex`, except that the thread that made the state kRunning sends the
// first piece without it: others then only append to the queue.
struct Transfer {
  Transfer(uint64_t own_id, Descriptor own_socket) : id(own_id), socket(std::move(own_socket)) {}

  const uint64_t id;
  std::mutex mutex;
  PumpState state = PumpState::kStarved;
  Descriptor socket;
  std::deque<Piece> queue;
  // No piece will be added.
  bool finished = false;
  // Set to end a running transfer: the thread that sends does it.
  bool stopping = false;
  // In epoll's set: it has to be taken out before the descriptor is closed, as Node's own
  // descriptor keeps the connection, and so the registration, alive.
  bool registered = false;
  // TCP_CORK is set, so that the head, which Node writes, leaves together with the first bytes.
  bool corked = false;
  uint64_t finished_pieces = 0;
  uint64_t bytes_sent = 0;
  // When the socket last took a byte, or when the transfer began.
  std::chrono::steady_clock::time_point moved = std::chrono::steady_clock::now();
  // Times that there was nothing to send.
  uint64_t pauses = 0;

  // Sets TCP_CORK, if the socket has it.
  void Cork();
  // Releases the bytes that TCP_CORK holds back: called whenever there is nothing to send at once.
  void Uncork();
  // Bytes that the client has acknowledged, as far as is known.
  uint64_t TakenBytes() const;
};

}  // namespace forebay

#endif  // FOREBAY_CORE_PUMP_TRANSFER_H_
