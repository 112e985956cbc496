#include "hit_server.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "inline_send.h"
#include "local_connection.h"
#include "request_ids.h"
#include "wake.h"

namespace forebay {

namespace {

// The epoll id of the stop descriptor, which belongs to no connection.
constexpr uint64_t kStopId = 0;

// The longest head. Node's parser handles, or rejects, a longer one.
constexpr size_t kMaxHeadBytes = 8192;

constexpr double kHeadFlag = 1;
constexpr double kWholeFlag = 2;
constexpr double kRangeFlag = 4;
constexpr double kOpenRangeFlag = 8;
constexpr double kIdLengthUnit = 256;

// Removes peeked bytes from the kernel's buffer, without a copy.
bool Drop(int socket, size_t bytes) {
  ssize_t taken;
  do {
    taken = recv(socket, nullptr, bytes, MSG_TRUNC | MSG_DONTWAIT);
  } while (taken < 0 && errno == EINTR);
  return taken == static_cast<ssize_t>(bytes);
}

double MsBetween(HitTable::Clock::time_point from, HitTable::Clock::time_point to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

}  // namespace

// A thread and the connections that it serves.
struct HitServer::Worker {
  EventSet events;
  RequestIds ids;
  std::array<char, kMaxHeadBytes> input;
  Hit hit;
  std::unique_ptr<Thread> thread;
};

// Everything but the first three is guarded by `mutex`.
struct HitServer::Connection {
  enum class State : uint8_t {
    // In its worker's set; the next request is served.
    kWatched,
    // In the set for its end and errors alone, until Resume.
    kParked,
    // Not in the set, until TakePartialHit.
    kPartial,
    kGone,
  };

  Connection(uint64_t own_id, Descriptor own_socket, Worker& own_worker)
      : id(own_id), socket(std::move(own_socket)), worker(own_worker) {}

  const uint64_t id;
  Descriptor socket;
  Worker& worker;
  std::mutex mutex;
  State state = State::kWatched;
  // True when the connection ended while it was parked.
  bool ended = false;
  // True when the requested bytes were not in memory at the last attempt.
  bool is_cold = false;
  PartialHit partial;
};

SystemError HitServer::Start(size_t threads, uint64_t max_bytes,
                             std::unique_ptr<HitServer>* server) {
  std::unique_ptr<HitServer> made(new HitServer(max_bytes));
  if (const SystemError error = made->Open(threads)) return error;
  *server = std::move(made);
  return {};
}

HitServer::HitServer(uint64_t max_bytes)
    : table_(max_bytes,
             [this](uint64_t number) {
               outbox_.Notify({HitNoticeKind::kFileClosed, 0, number, 0, 0});
             }),
      next_id_(kStopId + 1) {}

SystemError HitServer::Open(size_t threads) {
  if (const SystemError error = OpenWake(&stop_fd_)) return error;
  if (const SystemError error = outbox_.Open()) return error;
  for (size_t index = 0; index < threads; index += 1) {
    Worker& worker = *workers_.emplace_back(std::make_unique<Worker>());
    if (const SystemError error = worker.events.Open()) return error;
    // Never drained: once it is readable, every thread ends.
    if (const SystemError error = worker.events.Watch(stop_fd_.get(), EPOLLIN, kStopId)) {
      return error;
    }
    const auto run = [this, &worker] { Run(worker); };
    if (const SystemError error = Thread::Start(run, &worker.thread)) return error;
  }
  return {};
}

HitServer::~HitServer() {
  if (stop_fd_.get() >= 0) (void)Wake(stop_fd_.get());
  // Joins the threads before their event sets are closed and the members that they use are
  // destroyed.
  for (const auto& worker : workers_) worker->thread.reset();
  connections_.clear();
}

SystemError HitServer::Watch(int socket, uint64_t* id) {
  Descriptor own;
  if (const SystemError error = Descriptor::Duplicate(socket, &own)) return error;
  const int fd = own.get();
  StopPacingLocally(fd);
  std::shared_ptr<Connection> connection;
  {
    const std::lock_guard lock(connections_mutex_);
    *id = next_id_++;
    Worker& worker = *workers_[*id % workers_.size()];
    connection = std::make_shared<Connection>(*id, std::move(own), worker);
    connections_.emplace(*id, connection);
  }
  const SystemError error = connection->worker.events.Watch(fd, EPOLLIN, *id);
  if (error) {
    const std::lock_guard lock(connections_mutex_);
    connections_.erase(*id);
  }
  return error;
}

bool HitServer::Release(uint64_t id) {
  const auto connection = Find(id);
  if (!connection) return false;
  const std::lock_guard lock(connection->mutex);
  using State = Connection::State;
  if (connection->state != State::kWatched && connection->state != State::kParked) return false;
  LetGo(*connection);
  return true;
}

void HitServer::Resume(uint64_t id) {
  const auto connection = Find(id);
  if (!connection) return;
  const std::lock_guard lock(connection->mutex);
  if (connection->state != Connection::State::kParked) return;
  connection->state = Connection::State::kWatched;
  // A request in the kernel's buffer makes the socket readable at once.
  const bool is_watched =
      !connection->ended &&
      !connection->worker.events.Change(connection->socket.get(), EPOLLIN, connection->id);
  if (!is_watched) HandOver(*connection);
}

std::optional<PartialHit> HitServer::TakePartialHit(uint64_t id) {
  const auto connection = Find(id);
  if (!connection) return std::nullopt;
  const std::lock_guard lock(connection->mutex);
  if (connection->state != Connection::State::kPartial) return std::nullopt;
  PartialHit partial = std::move(connection->partial);
  LetGo(*connection);
  return partial;
}

void HitServer::Run(Worker& worker) {
  for (;;) {
    const auto id = worker.events.Take(EventSet::kForEver);
    if (!id) continue;
    if (*id == kStopId) return;
    const auto connection = Find(*id);
    if (!connection) continue;
    const std::lock_guard lock(connection->mutex);
    if (connection->state == Connection::State::kWatched) {
      Serve(worker, *connection);
    } else if (connection->state == Connection::State::kParked) {
      // Removed, because epoll would otherwise report its end again and again.
      worker.events.Remove(connection->socket.get());
      connection->ended = true;
    }
  }
}

std::shared_ptr<HitServer::Connection> HitServer::Find(uint64_t id) {
  const std::lock_guard lock(connections_mutex_);
  const auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : found->second;
}

void HitServer::Serve(Worker& worker, Connection& connection) {
  const int socket = connection.socket.get();
  const ssize_t count =
      recv(socket, worker.input.data(), worker.input.size(), MSG_PEEK | MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) return HandOver(connection);
  const auto since = HitTable::Clock::now();
  const auto request = ReadHitRequest({worker.input.data(), static_cast<size_t>(count)});
  if (!request) return HandOver(connection);
  const std::string_view id = request->request_id.empty() ? worker.ids.Next() : request->request_id;
  Hit& hit = worker.hit;
  switch (table_.Find(*request, id, since, &hit)) {
    case HitFinding::kUnknown:
      return HandOver(connection);
    case HitFinding::kAsk:
      return Park(connection, {HitNoticeKind::kAsks, connection.id, hit.token, hit.start, hit.end});
    case HitFinding::kReady:
      break;
  }
  HitRecord record{};
  record.connection = static_cast<double>(connection.id);
  record.token = static_cast<double>(hit.token);
  record.flags = (request->is_head ? kHeadFlag : 0) + (hit.is_whole ? kWholeFlag : 0) +
                 (request->has_range ? kRangeFlag : 0) +
                 (request->has_range && !request->last ? kOpenRangeFlag : 0) +
                 kIdLengthUnit * static_cast<double>(id.size());
  record.first = static_cast<double>(request->first);
  record.last = static_cast<double>(request->last.value_or(0));
  record.body_bytes = static_cast<double>(hit.end - hit.start);
  std::copy(id.begin(), id.end(), record.request_id.begin());
  Answer(connection, *request, record, hit, since);
  hit.file = nullptr;
}

void HitServer::Answer(Connection& connection, const HitRequest& request, HitRecord record,
                       Hit& hit, HitTable::Clock::time_point since) {
  const int socket = connection.socket.get();
  FilePart part{};
  if (hit.file) part = {hit.file->fd(), hit.start - hit.file->begin(), hit.end - hit.start};
  const uint64_t sent = TrySendNow(socket, hit.head.data(), hit.head.size(), part);
  const bool was_cold = std::exchange(connection.is_cold, false);
  if (sent == 0) {
    // Tried only once: if the cause was not a cold page cache, another attempt will not help.
    if (!hit.file || was_cold) return HandOver(connection);
    connection.is_cold = true;
    return Park(connection,
                {HitNoticeKind::kCold, connection.id, hit.file->number(), hit.start, hit.end});
  }
  if (!Drop(socket, request.head_bytes)) {
    // The rest of this request would be parsed as the next one.
    (void)shutdown(socket, SHUT_RDWR);
    return HandOver(connection);
  }
  record.wait_ms = MsBetween(since, HitTable::Clock::now());
  const uint64_t head_sent = std::min<uint64_t>(sent, hit.head.size());
  record.body_bytes_sent = static_cast<double>(sent - head_sent);
  if (sent == hit.head.size() + part.length) {
    if (!outbox_.Record(record)) HandOver(connection);
    return;
  }
  connection.worker.events.Remove(socket);
  connection.partial = {record, hit.head.substr(head_sent), hit.file};
  connection.state = Connection::State::kPartial;
  outbox_.Notify({HitNoticeKind::kPartial, connection.id, hit.file ? hit.file->number() : 0, 0, 0});
}

void HitServer::Park(Connection& connection, const HitNotice& notice) {
  const int socket = connection.socket.get();
  if (connection.worker.events.Change(socket, 0, connection.id)) return HandOver(connection);
  connection.state = Connection::State::kParked;
  outbox_.Notify(notice);
}

void HitServer::LetGo(Connection& connection) {
  connection.state = Connection::State::kGone;
  // Removed explicitly, because Node's own descriptor keeps the connection, and so the
  // registration, alive.
  connection.worker.events.Remove(connection.socket.get());
  connection.socket.Close();
  const std::lock_guard lock(connections_mutex_);
  connections_.erase(connection.id);
}

void HitServer::HandOver(Connection& connection) {
  LetGo(connection);
  outbox_.Notify({HitNoticeKind::kHandedOver, connection.id, 0, 0, 0});
}

}  // namespace forebay
