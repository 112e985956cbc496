// Clients request ranges on connections that stay open, while the main thread grants, revokes,
// changes the epoch and takes connections back at any moment. Every received byte is checked; a
// connection that is handed over or released is closed here, and its client connects again.
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "../core/hit_server.h"
#include "stress.h"

namespace forebay::stress {

namespace {

constexpr size_t kThreads = 3;
constexpr size_t kClients = 6;
constexpr size_t kRequestsEach = 3000;
constexpr uint64_t kMaxBytes = uint64_t{1} << 20;
constexpr uint64_t kFileBytes = uint64_t{256} << 10;
constexpr uint64_t kToken = 7;

// Sockets on their way from clients to the main thread.
class Arrivals {
 public:
  void Put(Descriptor socket) {
    const std::lock_guard lock(mutex_);
    sockets_.push_back(std::move(socket));
  }
  std::vector<Descriptor> TakeAll() {
    const std::lock_guard lock(mutex_);
    return std::exchange(sockets_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<Descriptor> sockets_;
};

// Reads one answer; false where the connection ended before or within it.
bool ReadAnswer(int socket, uint64_t first, uint64_t count) {
  std::string head;
  while (!head.ends_with("\r\n\r\n")) {
    char byte;
    if (recv(socket, &byte, 1, 0) != 1) return false;
    head.push_back(byte);
  }
  CHECK(head.starts_with("HTTP/1.1 206 "));
  const std::string range = "content-range: bytes " + std::to_string(first) + "-" +
                            std::to_string(first + count - 1) + "/" + std::to_string(kFileBytes);
  CHECK(head.find(range) != std::string::npos);
  return ReadPattern(socket, first, count) == count;
}

void RunClient(size_t seed, Arrivals& arrivals, std::atomic<uint64_t>& answered) {
  std::mt19937 random(static_cast<unsigned>(seed));
  Descriptor socket;
  for (size_t request = 0; request < kRequestsEach; request += 1) {
    if (socket.get() < 0) {
      Connection connection = Connect();
      socket = std::move(connection.client);
      arrivals.Put(std::move(connection.server));
    }
    const uint64_t first = random() % kFileBytes;
    const uint64_t count = 1 + random() % (kFileBytes - first);
    const std::string text =
        "GET /a HTTP/1.1\r\nhost: here\r\nrange: bytes=" + std::to_string(first) + "-" +
        std::to_string(first + count - 1) + "\r\n\r\n";
    const ssize_t sent = send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (sent == static_cast<ssize_t>(text.size()) && ReadAnswer(socket.get(), first, count)) {
      answered += 1;
    } else {
      socket.Close();
    }
  }
}

// The part of the main thread.
class Front {
 public:
  explicit Front(HitServer& server) : server_(server), file_(PatternFile(kFileBytes)) {
    server_.table().Define("/a", kToken, kFileBytes);
  }

  void Turn(Arrivals& arrivals) {
    for (Descriptor& socket : arrivals.TakeAll()) {
      uint64_t id;
      CHECK(!server_.Watch(socket.get(), &id));
      sockets_.emplace(id, std::move(socket));
    }
    for (const HitNotice& notice : server_.outbox().TakeNotices()) Act(notice);
    records_ += server_.outbox().TakeRecords(64).size();
    switch (random_() % 32) {
      case 0:
        server_.table().Change();
        break;
      case 1:
        server_.table().Revoke(kToken, number_);
        break;
      case 2:
        if (!sockets_.empty() && server_.Release(sockets_.begin()->first)) {
          sockets_.erase(sockets_.begin());
        }
        break;
      default:
        break;
    }
  }

  // Records and closed files arrive after the last answer, too.
  void Finish(uint64_t answered) {
    for (const auto& [id, socket] : sockets_) (void)server_.Release(id);
    server_.table().Remove(kToken);
    for (const HitNotice& notice : server_.outbox().TakeNotices()) Act(notice);
    for (;;) {
      const size_t taken = server_.outbox().TakeRecords(64).size();
      if (taken == 0) break;
      records_ += taken;
    }
    CHECK(records_ + partials_ >= answered);
    CHECK(closed_files_ <= number_);
  }

 private:
  void Act(const HitNotice& notice) {
    switch (notice.kind) {
      case HitNoticeKind::kAsks:
        Grant();
        server_.Resume(notice.connection);
        return;
      case HitNoticeKind::kCold:
        server_.Resume(notice.connection);
        return;
      case HitNoticeKind::kPartial:
        // Its client sees the answer end early.
        if (server_.TakePartialHit(notice.connection)) partials_ += 1;
        sockets_.erase(notice.connection);
        return;
      case HitNoticeKind::kHandedOver:
        sockets_.erase(notice.connection);
        return;
      case HitNoticeKind::kFileClosed:
        closed_files_ += 1;
        return;
    }
  }

  void Grant() {
    const auto expires = HitTable::Clock::now() + std::chrono::milliseconds(20);
    const HitHead part{"HTTP/1.1 206 Partial Content\r\nx-request-id: ", "\r\n"};
    server_.table().Grant(kToken, {part, part, "\r\n"}, expires);
    number_ += 1;
    CHECK(!server_.table().Open(kToken, number_, file_.get(), 0, kFileBytes, expires));
  }

  HitServer& server_;
  const Descriptor file_;
  std::mt19937 random_{2};
  std::unordered_map<uint64_t, Descriptor> sockets_;
  uint64_t number_ = 0;
  uint64_t closed_files_ = 0;
  uint64_t records_ = 0;
  uint64_t partials_ = 0;
};

}  // namespace

void StressHitServer() {
  std::unique_ptr<HitServer> server;
  CHECK(!HitServer::Start(kThreads, kMaxBytes, &server));
  Front front(*server);
  Arrivals arrivals;
  std::atomic<uint64_t> answered = 0;
  std::atomic<size_t> finished = 0;
  std::vector<std::thread> clients;
  for (size_t index = 0; index < kClients; index += 1) {
    clients.emplace_back([&arrivals, &answered, &finished, index] {
      RunClient(index, arrivals, answered);
      finished += 1;
    });
  }
  while (finished < kClients) {
    front.Turn(arrivals);
    std::this_thread::yield();
  }
  for (std::thread& client : clients) client.join();
  front.Finish(answered);
  CHECK(answered > kClients * kRequestsEach / 2);
  server = nullptr;
}

}  // namespace forebay::stress
