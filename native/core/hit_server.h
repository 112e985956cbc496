// Answers plain requests for hits on threads of its own. JavaScript accepts the connections, grants
// answers (hit_table.h), and gets back every connection whose next request is not eligible. A
// request is read by peeking and consumed only once it is answered, so that a connection that is
// handed back has lost nothing.
#ifndef FOREBAY_CORE_HIT_SERVER_H_
#define FOREBAY_CORE_HIT_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "descriptor.h"
#include "event_set.h"
#include "hit_outbox.h"
#include "hit_request.h"
#include "hit_table.h"
#include "system_error.h"
#include "thread.h"

namespace forebay {

// The unsent part of a begun answer.
struct PartialHit {
  HitRecord record;
  // What the socket did not take of the head.
  std::string head;
  std::shared_ptr<const HitFile> file;
};

class HitServer {
 public:
  static SystemError Start(size_t threads, uint64_t max_bytes, std::unique_ptr<HitServer>* server);

  // Releases every connection, without a notice, after the threads have ended.
  ~HitServer();
  HitServer(const HitServer&) = delete;
  HitServer& operator=(const HitServer&) = delete;

  // Readable when the outbox has something (hit_outbox.h).
  int notice_fd() const { return outbox_.notice_fd(); }
  HitTable& table() { return table_; }

  // Answers requests on a non-blocking socket, of which a duplicate is used, until it is handed
  // over or released.
  SystemError Watch(int socket, uint64_t* id);
  // Takes a connection back; unanswered requests are still in it. False if it was handed over, or
  // an answer was begun, before.
  bool Release(uint64_t id);
  // After kAsks and kCold: looks at the request again.
  void Resume(uint64_t id);
  // After kPartial: the unsent part; the connection is JavaScript's.
  std::optional<PartialHit> TakePartialHit(uint64_t id);
  HitOutbox& outbox() { return outbox_; }

 private:
  struct Worker;
  struct Connection;

  explicit HitServer(uint64_t max_bytes);
  SystemError Open(size_t threads);
  void Run(Worker& worker);
  std::shared_ptr<Connection> Find(uint64_t id);

  // The caller of these holds the connection's mutex.
  void Serve(Worker& worker, Connection& connection);
  void Answer(Connection& connection, const HitRequest& request, HitRecord record, Hit& hit,
              HitTable::Clock::time_point since);
  void Park(Connection& connection, const HitNotice& notice);
  void LetGo(Connection& connection);
  void HandOver(Connection& connection);

  Descriptor stop_fd_;
  HitOutbox outbox_;
  HitTable table_;

  // Guards the two that follow. Taken after a connection's mutex, never before it.
  std::mutex connections_mutex_;
  std::unordered_map<uint64_t, std::shared_ptr<Connection>> connections_;
  uint64_t next_id_;

  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace forebay

#endif  // FOREBAY_CORE_HIT_SERVER_H_
