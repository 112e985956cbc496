// Answers simple requests for hits on its own threads. JavaScript accepts the connections and
// grants what may be answered (hit_table.h). It gets a connection back when the next request needs
// anything else. A request is parsed while it is still in the kernel's buffer (MSG_PEEK), and
// removed only after it was answered, so that a connection handed back has lost no bytes.
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

// The rest of an answer that was sent in part.
struct PartialHit {
  HitRecord record;
  // The unsent rest of the head.
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

  // Readable when the outbox is not empty (hit_outbox.h).
  int notice_fd() const { return outbox_.notice_fd(); }
  HitTable& table() { return table_; }

  // Answers requests on a duplicate of a non-blocking socket, until the connection is handed over
  // or released.
  SystemError Watch(int socket, uint64_t* id);
  // Takes a connection back; no byte of an unanswered request is lost. Returns false when the
  // connection was handed over, or an answer was sent in part, before.
  bool Release(uint64_t id);
  // Processes the waiting request again, after kAsks and kCold.
  void Resume(uint64_t id);
  // Returns the rest to send, after kPartial, and hands the connection over to JavaScript.
  std::optional<PartialHit> TakePartialHit(uint64_t id);
  HitOutbox& outbox() { return outbox_; }

 private:
  struct Worker;
  struct Connection;

  explicit HitServer(uint64_t max_bytes);
  SystemError Open(size_t threads);
  void Run(Worker& worker);
  std::shared_ptr<Connection> Find(uint64_t id);

  // The caller of these must hold the connection's mutex.
  void Serve(Worker& worker, Connection& connection);
  void Answer(Connection& connection, const HitRequest& request, HitRecord record, Hit& hit,
              HitTable::Clock::time_point since);
  void Park(Connection& connection, const HitNotice& notice);
  void LetGo(Connection& connection);
  void HandOver(Connection& connection);

  Descriptor stop_fd_;
  HitOutbox outbox_;
  HitTable table_;

  // Guards the next two members. Locked after a connection's mutex, never before it.
  std::mutex connections_mutex_;
  std::unordered_map<uint64_t, std::shared_ptr<Connection>> connections_;
  uint64_t next_id_;

  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace forebay

#endif  // FOREBAY_CORE_HIT_SERVER_H_
