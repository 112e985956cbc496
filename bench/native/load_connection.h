// One connection of the load client: asks for one range after the other and takes the bodies in.
// Its worker tells it when there is something to read, or when it is time.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "http_head.h"
#include "load_options.h"
#include "load_tally.h"
#include "system.h"

namespace bench {

class Connection {
 public:
  // `scratch` is shared by the connections of one thread. A `bytes_per_second` of 0 is no limit.
  Connection(const Options& options, Schedule& schedule, Tally& tally,
             std::vector<uint8_t>& scratch, double bytes_per_second);

  // Connects, before anything is measured; the same again after a failure.
  void Open();

  // Sends the first request.
  void Begin(uint64_t now);

  // Takes what there is, once. True when bytes came.
  bool Read(uint64_t now);

  // When `OnTime` wants to be called; 0 when the socket alone decides.
  uint64_t wake_at() const { return wake_at_; }
  bool OnTime(uint64_t now);

  bool finished() const { return state_ == State::kFinished; }
  bool is_slow() const { return bytes_per_second_ > 0; }
  // Changes with each connect: the worker watches the new one then.
  uint64_t generation() const { return generation_; }
  int fd() const { return socket_.get(); }

  void GiveUp(Failure kind, const char* detail);

 private:
  enum class State { kHead, kBody, kPausing, kFinished };

  void NextRequest(uint64_t now);
  void Send(uint64_t now);
  void OnHead(uint64_t now);
  void OnBody(const uint8_t* bytes, size_t count, uint64_t now);
  void OnEnd(uint64_t now);
  void Lost(uint64_t now);
  void Fail(Failure kind, const std::string& detail, uint64_t now);
  bool HeadIsRight(const Head& head, std::string* complaint, Failure* kind) const;

  const Options& options_;
  Schedule& schedule_;
  Tally& tally_;
  std::vector<uint8_t>& scratch_;
  const double bytes_per_second_;

  UniqueFd socket_;
  State state_ = State::kFinished;
  Request request_{};
  std::string text_;
  std::array<char, kMaxHeadBytes> head_;
  size_t head_bytes_ = 0;
  uint64_t body_done_ = 0;
  bool close_after_ = false;
  bool used_ = false;
  uint64_t sent_at_ = 0;
  uint64_t wake_at_ = 0;
  uint64_t paid_until_ = 0;
  uint64_t generation_ = 0;
  uint64_t failures_in_a_row_ = 0;
};

}  // namespace bench
