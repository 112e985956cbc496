// A set of descriptors that several threads wait on (epoll), each with an id.
#ifndef FOREBAY_CORE_EVENT_SET_H_
#define FOREBAY_CORE_EVENT_SET_H_

#include <cstdint>
#include <optional>

#include "descriptor.h"
#include "system_error.h"

namespace forebay {

class EventSet {
 public:
  // A timeout for Take: no limit.
  static constexpr int kForEver = -1;

  SystemError Open();

  // Adds a descriptor with the events of epoll_ctl(2).
  SystemError Watch(int fd, uint32_t events, uint64_t id);

  // Changes the events of an added descriptor. With none it still reports its end and errors.
  SystemError Change(int fd, uint32_t events, uint64_t id);

  // Reports once, to one thread, when `socket` is writable. `again`: it was added before.
  SystemError Arm(int socket, uint64_t id, bool again);

  void Remove(int socket);

  // Waits for an event and returns its id; nullopt after `timeout_ms` or an interrupted wait. Takes
  // one event at a time, so that no event waits for a thread that serves another.
  std::optional<uint64_t> Take(int timeout_ms);

 private:
  SystemError Control(int operation, int fd, uint32_t events, uint64_t id);

  Descriptor epoll_;
};

}  // namespace forebay

#endif  // FOREBAY_CORE_EVENT_SET_H_
