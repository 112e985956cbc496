#include "event_set.h"

#include <sys/epoll.h>

namespace forebay {

SystemError EventSet::Open() {
  epoll_ = Descriptor(epoll_create1(EPOLL_CLOEXEC));
  return epoll_.get() < 0 ? LastError("epoll_create1") : SystemError{};
}

SystemError EventSet::Watch(int fd, uint32_t events, uint64_t id) {
  return Control(EPOLL_CTL_ADD, fd, events, id);
}

SystemError EventSet::Change(int fd, uint32_t events, uint64_t id) {
  return Control(EPOLL_CTL_MOD, fd, events, id);
}

SystemError EventSet::Arm(int socket, uint64_t id, bool again) {
  return Control(again ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, EPOLLOUT | EPOLLONESHOT, id);
}

void EventSet::Remove(int socket) { (void)epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, socket, nullptr); }

std::optional<uint64_t> EventSet::Take(int timeout_ms) {
  epoll_event event;
  if (epoll_wait(epoll_.get(), &event, 1, timeout_ms) < 1) return std::nullopt;
  const uint64_t id = event.data.u64;
  return id;
}

SystemError EventSet::Control(int operation, int fd, uint32_t events, uint64_t id) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  return epoll_ctl(epoll_.get(), operation, fd, &event) < 0 ? LastError("epoll_ctl")
                                                            : SystemError{};
}

}  // namespace forebay
