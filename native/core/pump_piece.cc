#include "pump_piece.h"

#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "files.h"

namespace forebay {

namespace {

// src/compute/watermark-words.ts documents the layout and its guarantees.
constexpr size_t kAvailableWord = 0;
constexpr size_t kStateWord = 2;
constexpr size_t kListenersWord = 4;
constexpr size_t kStartWord = 7;
constexpr size_t kLengthWord = 8;
constexpr int64_t kPumpListens = 1 << 1;
constexpr int64_t kGrowing = 0;
constexpr int64_t kFailed = 2;

static_assert(std::atomic_ref<int64_t>::is_always_lock_free);

int64_t Load(int64_t* words, size_t index) {
  return std::atomic_ref<int64_t>(words[index]).load(std::memory_order_seq_cst);
}

// Returns the offset up to which a file may be read from `at`, when `available` bytes are written.
// It is written from the start word to the length word, then from 0 (src/model/write-order.ts).
uint64_t ReadableTo(int64_t* words, uint64_t available, uint64_t at) {
  const auto start = static_cast<uint64_t>(Load(words, kStartWord));
  if (start == 0) return available;
  const auto length = static_cast<uint64_t>(Load(words, kLengthWord));
  if (at >= start) return std::min(start + available, length);
  return start + available > length ? start + available - length : 0;
}

// The page cache evicts together what was read together, so that one byte stands for this many.
// Four times as many cover a millisecond of the fastest client.
constexpr uint64_t kLookBytes = uint64_t{1} << 20;
constexpr uint64_t kLookAheadBytes = 4 * kLookBytes;

// True for the errors of sendfile(2) that concern the socket; the others concern the file.
bool IsClientError(int number) {
  switch (number) {
    case EPIPE:
    case ECONNRESET:
    case ECONNABORTED:
    case ENOTCONN:
    case ESHUTDOWN:
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
    case ENETRESET:
      return true;
    default:
      return false;
  }
}

PieceResult Failed(int number) {
  return {IsClientError(number) ? PieceStep::kClientClosed : PieceStep::kReadFailed, 0, number};
}

// After a short count the socket is almost certainly full. If it is not, epoll reports it as
// writable at once.
PieceResult Taken(uint64_t count, uint64_t wanted) {
  return {count < wanted ? PieceStep::kSocketFull : PieceStep::kSent, count, 0};
}

}  // namespace

Piece Piece::OfBytes(const uint8_t* bytes, size_t count) {
  Piece piece;
  piece.bytes_.assign(bytes, bytes + count);
  piece.end_ = count;
  // There is no file to read ahead.
  piece.looked_ = count;
  return piece;
}

SystemError Piece::OfFile(int fd, uint64_t offset, uint64_t length, int64_t* watermark,
                          Piece* piece) {
  Descriptor file;
  if (const SystemError error = Descriptor::Duplicate(fd, &file)) return error;
  piece->file_ = std::make_shared<const Descriptor>(std::move(file));
  piece->watermark_ = watermark;
  piece->at_ = offset;
  piece->end_ = offset + length;
  // A file that is being written is in memory.
  piece->looked_ = watermark == nullptr ? offset : piece->end_;
  return {};
}

void Piece::Listen() {
  if (reading_) reading_->Listen();
  if (watermark_ == nullptr) return;
  std::atomic_ref<int64_t>(watermark_[kListenersWord]).fetch_or(kPumpListens);
}

bool Piece::ready() const {
  uint64_t limit;
  return Limit(&limit) != PieceStep::kSourceWaits;
}

// Returns kSent when bytes from `at_` to `limit` can be sent, otherwise the reason why not.
PieceStep Piece::Limit(uint64_t* limit) const {
  *limit = end_;
  if (watermark_ == nullptr) {
    if (reading_) *limit = std::min(end_, reading_->reached());
    return *limit > at_ ? PieceStep::kSent : PieceStep::kSourceWaits;
  }
  // Reads state before available: in the other order, a watermark that advances and completes
  // between the two reads would look complete and short.
  const int64_t state = Load(watermark_, kStateWord);
  const auto available = static_cast<uint64_t>(Load(watermark_, kAvailableWord));
  *limit = std::min(end_, ReadableTo(watermark_, available, at_));
  if (*limit > at_) return PieceStep::kSent;
  if (state == kGrowing) return PieceStep::kSourceWaits;
  return state == kFailed ? PieceStep::kWatermarkFailed : PieceStep::kShortFile;
}

PieceResult Piece::Send(int socket, uint64_t most, bool more) {
  if (done()) return {PieceStep::kSent};
  if (!file_) return SendBytes(socket, most, more);
  uint64_t limit;
  if (const PieceStep step = Limit(&limit); step != PieceStep::kSent) return {step};
  return SendFile(socket, std::min(limit, at_ + most));
}

PieceResult Piece::SendBytes(int socket, uint64_t most, bool more) {
  const uint64_t wanted = std::min(most, end_ - at_);
  const int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (more ? MSG_MORE : 0);
  for (;;) {
    const ssize_t taken = send(socket, bytes_.data() + at_, wanted, flags);
    if (taken >= 0) {
      at_ += static_cast<uint64_t>(taken);
      return Taken(static_cast<uint64_t>(taken), wanted);
    }
    if (errno == EAGAIN) return {PieceStep::kSocketFull};
    // Bytes have no file, so that any error is the socket's.
    if (errno != EINTR) return {PieceStep::kClientClosed, 0, errno};
  }
}

PieceResult Piece::SendFile(int socket, uint64_t limit) {
  const uint64_t wanted = limit - at_;
  for (;;) {
    auto offset = static_cast<off_t>(at_);
    const ssize_t taken = sendfile(socket, file_->get(), &offset, wanted);
    if (taken > 0) {
      at_ += static_cast<uint64_t>(taken);
      return Taken(static_cast<uint64_t>(taken), wanted);
    }
    if (taken == 0) return {PieceStep::kShortFile};
    if (errno == EAGAIN) return {PieceStep::kSocketFull};
    if (errno != EINTR) return Failed(errno);
  }
}

void Piece::LookAhead(ColdReader& reader) {
  while (looked_ < end_ && looked_ < at_ + kLookAheadBytes) {
    const uint64_t end = std::min(looked_ + kLookBytes, end_);
    uint8_t last;
    ssize_t taken;
    // Tries the last byte, because a check elsewhere may have loaded the first. A failed read is
    // not reported: Send meets the same error.
    if (!ReadCached(file_->get(), &last, 1, end - 1, &taken) && taken < 0) {
      reading_ = reader.Ask(file_, looked_, end_ - looked_);
      if (reading_) looked_ = end_;
    }
    looked_ = std::max(looked_, end);
  }
}

}  // namespace forebay
