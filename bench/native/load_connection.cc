#include "load_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace bench {

namespace {

// One read takes no more, so that connections of a thread take turns.
constexpr uint64_t kReadBytes = uint64_t{4} << 20;

// A slow client's turns: short enough that its rate looks even to a server.
constexpr uint64_t kSlowTickNs = 10'000'000;

// Small, or the kernel would take in for a slow client what it does not want yet.
constexpr int kSlowReceiveBuffer = 64 << 10;

// A server that fails this often in a row on one connection is asked no more.
constexpr uint64_t kMaxFailuresInARow = 20;

}  // namespace

Connection::Connection(const Options& options, Schedule& schedule, Tally& tally,
                       std::vector<uint8_t>& scratch, double bytes_per_second)
    : options_(options),
      schedule_(schedule),
      tally_(tally),
      scratch_(scratch),
      bytes_per_second_(bytes_per_second) {}

void Connection::Open() {
  socket_.Reset(ConnectLoopback(options_.port, is_slow() ? kSlowReceiveBuffer : 0));
  generation_ += 1;
  used_ = false;
  close_after_ = false;
}

void Connection::Begin(uint64_t now) {
  paid_until_ = now;
  NextRequest(now);
}

void Connection::NextRequest(uint64_t now) {
  const std::optional<Request> request = schedule_.Next();
  if (!request) {
    state_ = State::kFinished;
    socket_.Reset(-1);
    return;
  }
  request_ = *request;
  text_ = "GET " + *request_.path +
          " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(options_.port) + "\r\n";
  if (!request_.whole) {
    const uint64_t last = request_.start + request_.length - 1;
    text_ += "Range: bytes=" + std::to_string(request_.start) + "-" + std::to_string(last) + "\r\n";
  }
  text_ += "\r\n";
  Send(now);
}

void Connection::Send(uint64_t now) {
  state_ = State::kHead;
  wake_at_ = is_slow() ? now + kSlowTickNs : 0;
  head_bytes_ = 0;
  body_done_ = 0;
  sent_at_ = NowNs();
  if (socket_.get() < 0) return Fail(Failure::kConnect, std::strerror(errno), now);
  // A request of a hundred bytes fits into an idle socket's buffer, or the socket is broken.
  const ssize_t sent = send(socket_.get(), text_.data(), text_.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(text_.size())) Lost(now);
}

bool Connection::Read(uint64_t now) {
  if (state_ == State::kFinished) return false;
  if (state_ == State::kPausing) {
    // Nothing was asked for: the server has ended the connection.
    tally_.reconnects += 1;
    Open();
    return false;
  }
  uint64_t allowed = kReadBytes;
  if (is_slow()) {
    const double seconds = static_cast<double>(now - paid_until_) / 1e9;
    allowed = static_cast<uint64_t>(seconds * bytes_per_second_);
    if (allowed == 0) return false;
    paid_until_ = now;
  }
  ssize_t count;
  if (state_ == State::kHead) {
    const size_t room = std::min<uint64_t>(head_.size() - head_bytes_, allowed);
    count = recv(socket_.get(), head_.data() + head_bytes_, room, 0);
  } else {
    const uint64_t wanted = std::min(request_.length - body_done_, allowed);
    // MSG_TRUNC on a TCP socket drops the bytes in the kernel: nothing is copied.
    count = options_.verify
                ? recv(socket_.get(), scratch_.data(), std::min(wanted, scratch_.size()), 0)
                : recv(socket_.get(), scratch_.data(), wanted, MSG_TRUNC);
  }
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (count <= 0) {
    Lost(now);
    return false;
  }
  if (state_ == State::kHead) {
    head_bytes_ += static_cast<size_t>(count);
    OnHead(now);
  } else {
    OnBody(options_.verify ? scratch_.data() : nullptr, static_cast<size_t>(count), now);
  }
  return true;
}

bool Connection::OnTime(uint64_t now) {
  if (state_ == State::kPausing) {
    NextRequest(now);
    return true;
  }
  wake_at_ = now + kSlowTickNs;
  return Read(now);
}

void Connection::GiveUp(Failure kind, const char* detail) {
  tally_.Fail(kind, detail);
  state_ = State::kFinished;
  socket_.Reset(-1);
}

void Connection::Lost(uint64_t now) {
  const bool unanswered = state_ == State::kHead && head_bytes_ == 0;
  if (unanswered && used_) {
    // A server may end an idle connection at any time: the request is sent again on a new one.
    tally_.reconnects += 1;
    Open();
    return Send(now);
  }
  char detail[80];
  std::snprintf(detail, sizeof detail, "connection ended after %llu of %llu bytes",
                static_cast<unsigned long long>(body_done_),
                static_cast<unsigned long long>(request_.length));
  Fail(Failure::kReset, detail, now);
}

void Connection::Fail(Failure kind, const std::string& detail, uint64_t now) {
  tally_.Fail(kind, detail);
  failures_in_a_row_ += 1;
  if (failures_in_a_row_ >= kMaxFailuresInARow) {
    state_ = State::kFinished;
    socket_.Reset(-1);
    return;
  }
  Open();
  NextRequest(now);
}

}  // namespace bench
