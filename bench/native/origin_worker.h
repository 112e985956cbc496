// A thread of the origin: an epoll loop over the connections that it was given.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <vector>

#include "http_head.h"
#include "origin_answer.h"
#include "origin_limiter.h"
#include "origin_objects.h"
#include "system.h"

namespace bench {

struct Stats {
  std::atomic<uint64_t> requests = 0;
  std::atomic<uint64_t> range_requests = 0;
  std::atomic<uint64_t> head_requests = 0;
  // Handed to sockets, of objects alone.
  std::atomic<uint64_t> body_bytes = 0;
  std::atomic<uint64_t> connections = 0;

  std::string ToJson() const;
};

// What all threads of the origin share.
struct OriginState {
  const Objects& objects;
  const uint64_t max_age;
  Limiter limiter;
  // Where this is not 0, each connection has a limit of its own in place of the one of all.
  const double connection_bytes_per_second;
  Stats stats;
};

class OriginWorker {
 public:
  explicit OriginWorker(OriginState& state);

  // Any thread may give it a connection.
  void Adopt(UniqueFd socket);

  // Runs for ever.
  void Loop();

 private:
  struct Client {
    explicit Client(double bytes_per_second) : limiter(bytes_per_second) {}

    UniqueFd socket;
    Limiter limiter;
    std::array<char, kMaxHeadBytes> input;
    size_t filled = 0;
    Answer answer;
    size_t head_sent = 0;
    uint64_t body_sent = 0;
    bool answering = false;
    bool wants_out = false;
    bool wants_time = false;
    bool broken = false;
  };

  void TakeAdopted();
  void Advance(Client& client);
  // True when the request at the beginning of the input is complete and has its answer.
  bool TakeRequest(Client& client);
  Answer AnswerTo(const Head& head);
  // True when the answer is sent to its end.
  bool SendSome(Client& client);
  bool SendBody(Client& client);
  void Watch(Client& client, bool out);

  OriginState& state_;
  UniqueFd epoll_;
  UniqueFd wake_;
  std::mutex mutex_;
  std::vector<UniqueFd> adopted_;
  std::list<Client> clients_;
  std::string date_;
  uint64_t date_made_at_ = 0;
};

}  // namespace bench
