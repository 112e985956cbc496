#include "origin_worker.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "json.h"

namespace bench {

namespace {

// One turn of a connection sends no more, so that connections of a thread take turns.
constexpr uint64_t kTurnBytes = uint64_t{1} << 20;

// With a rate limit turns are smaller, so that it is shared evenly.
constexpr uint64_t kLimitedTurnBytes = uint64_t{64} << 10;

// How soon a connection that waits for the rate limit asks again.
constexpr int kLimitedWaitMs = 1;

constexpr uint64_t kDateLifeNs = 500'000'000;

}  // namespace

std::string Stats::ToJson() const {
  Json json;
  json.Integer("requests", requests).Integer("rangeRequests", range_requests);
  json.Integer("headRequests", head_requests).Integer("bodyBytes", body_bytes);
  json.Integer("connections", connections);
  return json.ToString();
}

OriginWorker::OriginWorker(OriginState& state)
    : state_(state),
      epoll_(Check(epoll_create1(EPOLL_CLOEXEC), "epoll")),
      wake_(Check(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;
  Check(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event), "epoll_ctl");
}

void OriginWorker::Adopt(UniqueFd socket) {
  {
    const std::lock_guard lock(mutex_);
    adopted_.push_back(std::move(socket));
  }
  const uint64_t one = 1;
  Check(static_cast<int>(write(wake_.get(), &one, sizeof one)), "write");
}

void OriginWorker::TakeAdopted() {
  uint64_t count;
  (void)!read(wake_.get(), &count, sizeof count);
  std::vector<UniqueFd> adopted;
  {
    const std::lock_guard lock(mutex_);
    adopted.swap(adopted_);
  }
  for (UniqueFd& socket : adopted) {
    SetNonBlocking(socket.get(), true);
    const int one = 1;
    setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    Client& client = clients_.emplace_back(state_.connection_bytes_per_second);
    client.socket = std::move(socket);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &client;
    Check(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, client.socket.get(), &event), "epoll_ctl");
  }
}

void OriginWorker::Loop() {
  std::array<epoll_event, 64> events;
  bool anyone_waits = false;
  for (;;) {
    const int timeout = anyone_waits ? kLimitedWaitMs : -1;
    const int count = epoll_wait(epoll_.get(), events.data(), events.size(), timeout);
    for (int index = 0; index < count; index += 1) {
      auto* client = static_cast<Client*>(events[static_cast<size_t>(index)].data.ptr);
      if (client == nullptr) {
        TakeAdopted();
      } else if (!client->wants_time) {
        Advance(*client);
      }
    }
    anyone_waits = false;
    for (auto client = clients_.begin(); client != clients_.end();) {
      if (client->wants_time && !client->broken) Advance(*client);
      anyone_waits = anyone_waits || client->wants_time;
      client = client->broken ? clients_.erase(client) : std::next(client);
    }
  }
}

void OriginWorker::Advance(Client& client) {
  client.wants_time = false;
  for (;;) {
    if (client.answering && !SendSome(client)) return;
    if (TakeRequest(client)) continue;
    if (client.broken) return;
    if (client.filled == client.input.size()) {
      client.broken = true;
      return;
    }
    const ssize_t count = recv(client.socket.get(), client.input.data() + client.filled,
                               client.input.size() - client.filled, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return Watch(client, false);
    if (count <= 0) {
      client.broken = true;
      return;
    }
    client.filled += static_cast<size_t>(count);
  }
}

bool OriginWorker::TakeRequest(Client& client) {
  const std::string_view text(client.input.data(), client.filled);
  const size_t length = HeadLength(text);
  if (length == 0) return false;
  const auto head = ParseHead(text.substr(0, length));
  if (!head) {
    client.broken = true;
    return false;
  }
  // Of the small bodies that a POST has nothing is needed, but they come before the next request.
  const uint64_t body = ParseDecimal(head->Field("content-length").value_or("0")).value_or(0);
  if (client.filled - length < body) return false;
  client.answer = AnswerTo(*head);
  client.answering = true;
  client.head_sent = 0;
  client.body_sent = 0;
  client.filled -= length + body;
  std::memmove(client.input.data(), client.input.data() + length + body, client.filled);
  return true;
}

Answer OriginWorker::AnswerTo(const Head& head) {
  const uint64_t now = NowNs();
  if (now - date_made_at_ > kDateLifeNs) {
    char text[40];
    const time_t seconds = time(nullptr);
    tm parts;
    gmtime_r(&seconds, &parts);
    strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    date_ = text;
    date_made_at_ = now;
  }
  const size_t first_space = head.start_line.find(' ');
  const size_t second_space = head.start_line.rfind(' ');
  if (second_space <= first_space) return AnswerText("400 Bad Request", "{}", date_);
  const std::string_view method = head.start_line.substr(0, first_space);
  const std::string_view path =
      head.start_line.substr(first_space + 1, second_space - first_space - 1);
  if (path == "/_stats") return AnswerText("200 OK", state_.stats.ToJson(), date_);
  // The one call of Hugging Face's API that mirrors of it make for a file. All objects have one
  // size.
  if (method == "POST" && path.find("/paths-info/") != std::string_view::npos) {
    return AnswerText("200 OK", "[" + state_.objects.ToJson() + "]", date_);
  }
  const bool is_head = method == "HEAD";
  if (!is_head && method != "GET") return AnswerText("405 Method Not Allowed", "{}", date_);
  state_.stats.requests += 1;
  if (is_head) state_.stats.head_requests += 1;
  if (head.Field("range")) state_.stats.range_requests += 1;
  const Object* object = state_.objects.Find(path);
  if (object == nullptr) return AnswerText("404 Not Found", is_head ? "" : "{}", date_);
  // What mirrors of Hugging Face ask for: the commit that a revision stands for.
  const bool is_hub = path.find("/resolve/") != std::string_view::npos;
  const std::string_view extra =
      is_hub ? "\r\nX-Repo-Commit: 0123456789abcdef0123456789abcdef01234567" : "";
  return AnswerObject(*object, is_head, head, date_, state_.max_age, extra);
}

bool OriginWorker::SendSome(Client& client) {
  const Answer& answer = client.answer;
  while (client.head_sent < answer.head.size()) {
    // MSG_MORE: head and first bytes leave in one packet.
    const int flags = MSG_NOSIGNAL | (answer.length > 0 ? MSG_MORE : 0);
    const ssize_t count = send(client.socket.get(), answer.head.data() + client.head_sent,
                               answer.head.size() - client.head_sent, flags);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) {
      Watch(client, true);
      return false;
    }
    if (count < 0) {
      client.broken = true;
      return false;
    }
    client.head_sent += static_cast<size_t>(count);
  }
  return SendBody(client);
}

bool OriginWorker::SendBody(Client& client) {
  const Answer& answer = client.answer;
  Limiter& limiter = client.limiter.limited() ? client.limiter : state_.limiter;
  const uint64_t turn = limiter.limited() ? kLimitedTurnBytes : kTurnBytes;
  uint64_t allowed = std::min(answer.length - client.body_sent, turn);
  if (allowed > 0) allowed = limiter.Take(allowed, client.body_sent == 0, NowNs());
  auto offset = static_cast<off_t>(answer.offset + client.body_sent);
  uint64_t sent = 0;
  while (sent < allowed) {
    const ssize_t count =
        sendfile(client.socket.get(), answer.object->fd.get(), &offset, allowed - sent);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) break;
    if (count <= 0) {
      client.broken = true;
      return false;
    }
    sent += static_cast<uint64_t>(count);
  }
  client.body_sent += sent;
  state_.stats.body_bytes += sent;
  // What the socket did not take goes back.
  if (sent < allowed) limiter.Return(allowed - sent);
  if (client.body_sent == answer.length) {
    client.answering = false;
    return true;
  }
  client.wants_time = limiter.limited() && sent == allowed;
  Watch(client, !client.wants_time);
  return false;
}

void OriginWorker::Watch(Client& client, bool out) {
  if (client.wants_out == out) return;
  client.wants_out = out;
  epoll_event event{};
  event.events = out ? EPOLLOUT : EPOLLIN;
  event.data.ptr = &client;
  Check(epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, client.socket.get(), &event), "epoll_ctl");
}

}  // namespace bench
