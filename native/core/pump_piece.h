// One piece of a body: bytes, a part of a file, or a part of a file that a worker is still writing.
// The pump (pump.h) sends the pieces of a transfer one after another.
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

// The result of one attempt to send.
enum class PieceStep {
  // Some bytes were sent; the socket may accept more.
  kSent,
  // The socket is full, maybe after some bytes.
  kSocketFull,
  // The next bytes are not written yet, or not in memory; the writer or the ColdReader wakes the
  // pump.
  kSourceWaits,
  kClientClosed,
  // The file, or its complete watermark, ends before the piece does.
  kShortFile,
  kReadFailed,
  kWatermarkFailed,
};

struct PieceResult {
  PieceStep step;
  uint64_t bytes = 0;
  // Set for kClientClosed and kReadFailed.
  int error_number = 0;
};

class Piece {
 public:
  // Creates a piece from a copy of `count` bytes.
  static Piece OfBytes(const uint8_t* bytes, size_t count);

  // Creates a piece of `length` bytes at `offset` of a duplicate of `fd`. `watermark`, if not null,
  // is the shared state of src/compute/watermark-words.ts, which limits how far the file may be
  // read. It must stay valid until the piece is destroyed.
  static SystemError OfFile(int fd, uint64_t offset, uint64_t length, int64_t* watermark,
                            Piece* piece);

  Piece() = default;

  bool done() const { return at_ == end_; }

  // Requests a wake of the pump whenever the writer or the ColdReader has more bytes.
  void Listen();

  // True when the next Send does not have to wait for the source.
  bool ready() const;

  // Requests the next bytes from `reader` if they are not in memory. Called by the sending thread.
  void LookAhead(ColdReader& reader);

  // Sends at most `most` bytes with one system call. `more`: further pieces follow at once.
  PieceResult Send(int socket, uint64_t most, bool more);

 private:
  PieceStep Limit(uint64_t* limit) const;
  PieceResult SendBytes(int socket, uint64_t most, bool more);
  PieceResult SendFile(int socket, uint64_t limit);

  // Shared with `reading_`'s thread, which uses it no longer than one system call after the piece.
  std::shared_ptr<const Descriptor> file_;
  std::vector<uint8_t> bytes_;
  int64_t* watermark_ = nullptr;
  uint64_t at_ = 0;
  uint64_t end_ = 0;
  // The offset up to which the file was found in memory, or is being read by `reading_`.
  uint64_t looked_ = 0;
  std::shared_ptr<ColdRead> reading_;
};

}  // namespace forebay

#endif  // FOREBAY_CORE_PUMP_PIECE_H_
