// The half of the load client's connection that reads responses.
#include <cstdint>
#include <string>

#include "load_connection.h"
#include "pattern.h"

namespace bench {

bool Connection::HeadIsRight(const Head& head, std::string* complaint, Failure* kind) const {
  const std::string_view wanted = request_.whole ? "200" : "206";
  const std::string_view status =
      head.start_line.size() < 12 ? std::string_view{} : head.start_line.substr(9, 3);
  *complaint = std::string(head.start_line);
  *kind = Failure::kStatus;
  if (!head.start_line.starts_with("HTTP/1.") || status != wanted) return false;
  *kind = Failure::kLength;
  const std::string length(head.Field("content-length").value_or("none"));
  *complaint = "Content-Length " + length + ", wanted " + std::to_string(request_.length);
  if (ParseDecimal(length) != request_.length) return false;
  if (request_.whole) return true;
  const std::string range = "bytes " + std::to_string(request_.start) + "-" +
                            std::to_string(request_.start + request_.length - 1) + "/" +
                            std::to_string(options_.object_bytes);
  const std::string given(head.Field("content-range").value_or("none"));
  *complaint = "Content-Range " + given + ", wanted " + range;
  return given == range;
}

void Connection::OnHead(uint64_t now) {
  const std::string_view received(head_.data(), head_bytes_);
  const size_t length = HeadLength(received);
  if (length == 0) {
    if (head_bytes_ == head_.size()) Fail(Failure::kHead, "the head does not end", now);
    return;
  }
  const std::optional<Head> head = ParseHead(received.substr(0, length));
  if (!head) return Fail(Failure::kHead, "the head makes no sense", now);
  std::string complaint;
  Failure kind;
  if (!HeadIsRight(*head, &complaint, &kind)) return Fail(kind, complaint, now);
  close_after_ = head->Field("connection").value_or("") == "close";
  used_ = true;
  state_ = State::kBody;
  const size_t rest = head_bytes_ - length;
  if (rest > request_.length) return Fail(Failure::kLength, "bytes beyond the body", now);
  if (rest > 0) OnBody(reinterpret_cast<const uint8_t*>(head_.data()) + length, rest, now);
}

void Connection::OnBody(const uint8_t* bytes, size_t count, uint64_t now) {
  if (options_.verify) {
    const auto wrong = FindMismatch(request_.object, request_.start + body_done_, {bytes, count});
    if (wrong) {
      const uint64_t place = request_.start + body_done_ + *wrong;
      return Fail(Failure::kMismatch, "a wrong byte at " + std::to_string(place), now);
    }
  }
  if (body_done_ == 0) tally_.first_byte.Add(NowNs() - sent_at_);
  body_done_ += count;
  tally_.bytes += count;
  if (body_done_ == request_.length) OnEnd(now);
}

void Connection::OnEnd(uint64_t now) {
  tally_.requests += 1;
  tally_.whole.Add(NowNs() - sent_at_);
  failures_in_a_row_ = 0;
  if (close_after_) {
    tally_.reconnects += 1;
    Open();
  }
  if (options_.pause_seconds <= 0) return NextRequest(now);
  state_ = State::kPausing;
  wake_at_ = now + static_cast<uint64_t>(options_.pause_seconds * 1e9);
}

}  // namespace bench
