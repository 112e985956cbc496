// One piece of a body: bytes, a part of a file, or a part of a file that a worker still writes. The
// pump (pump.h) sends the pieces of a transfer one after another.
#ifndef FOREBAY_CORE_PUMP_PIECE_H_
#define FOREBAY_CORE_PUMP_PIECE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "cold_reader.h"
#include "descriptor.h"
#include "system_error.h"

namespace forebay {

// What one attempt to send came to.
enum class PieceStep {
  // Some bytes are in the socket; it may take more.
  kSent,
  // The socket is full, maybe after some bytes.
  kSocketFull,
  // The file is not that far yet, or not in memory: its writer or reader wakes the pump.
  kSourceWaits,
  kClientClosed,
  // The file, or what will ever be released of it, ends before the piece does.
  kShortFile,
  kReadFailed,
  kWatermarkFailed,
};

struct PieceResult {
  PieceStep step;
  uint64_t bytes = 0;
  // Of kClientClosed and kReadFailed.
  int error_number = 0;
};

class Piece {
 public:
  // A copy of `count` bytes.
  static Piece OfBytes(const uint8_t* bytes, size_t count);

  // `length` bytes at `offset` of a duplicate of `fd`. `watermark`, if not null, is the shared
  // state of src/compute/watermark-words.ts: it limits how far the file may be read, and must stay
  // readable until the piece is destroyed.
  static SystemError OfFile(int fd, uint64_t offset, uint64_t length, int64_t* watermark,
                            Piece* piece);

  Piece() = default;

  bool done() const { return at_ == end_; }

  // Requests a wake of the pump from now on, whenever there is more to send.
  void Listen();

  // True when the next Send does not have to wait for the source.
  bool ready() const;

  // Starts reading the next bytes into memory if they are not there. For the thread that sends.
  void LookAhead(ColdReader& reader);

  // Sends at most `most` bytes with one system call. `more`: further pieces follow at once.
  PieceResult Send(int socket, uint64_t most, bool more);

 private:
  PieceStep Limit(uint64_t* limit) const;
  PieceResult SendBytes(int socket, uint64_t most, bool more);
  PieceResult SendFile(int socket, uint64_t limit);

  // Shared with its reading, which outlives the piece by no more than one system call.
  std::shared_ptr<const Descriptor> file_;
  std::vector<uint8_t> bytes_;
  int64_t* watermark_ = nullptr;
  uint64_t at_ = 0;
  uint64_t end_ = 0;
  // Up to here the file was found in memory, or `reading_` brings it there.
  uint64_t looked_ = 0;
  std::shared_ptr<ColdRead> reading_;
};

}  // namespace forebay

#endif  // FOREBAY_CORE_PUMP_PIECE_H_
