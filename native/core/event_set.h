// Descriptors that threads wait on together, each with a number of its own.
#ifndef FOREBAY_CORE_EVENT_SET_H_
#define FOREBAY_CORE_EVENT_SET_H_

#include <cstdint>
#include <optional>

#include "descriptor.h"
#include "system_error.h"

namespace forebay {

class EventSet {
 public:
  // As the timeout of Take.
  static constexpr int kForEver = -1;

  SystemError Open();

  // Adds a descriptor with the events of epoll_ctl(2).
  SystemError Watch(int fd, uint32_t events, uint64_t id);

  // Gives one that was added other events; none leaves it in the set for its end and for errors.
  SystemError Change(int fd, uint32_t events, uint64_t id);

  // Reports once, to one thread, when `socket` takes bytes. `again`: it was added before.
  SystemError Arm(int socket, uint64_t id, bool again);

  void Remove(int socket);

  // The id of the next event; nothing after `timeout_ms`, or if the wait was interrupted. One event
  // at a time, so that no thread holds events that others could serve.
  std::optional<uint64_t> Take(int timeout_ms);

 private:
  SystemError Control(int operation, int fd, uint32_t events, uint64_t id);

  Descriptor epoll_;
};

}  // namespace forebay

#endif  // FOREBAY_CORE_EVENT_SET_H_
