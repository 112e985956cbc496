// A thread that its destructor joins. Unlike std::thread it reports a failure to start by a return
// value, because C++ exceptions are off.
#ifndef FOREBAY_CORE_THREAD_H_
#define FOREBAY_CORE_THREAD_H_

#include <pthread.h>

#include <functional>
#include <memory>

#include "system_error.h"

namespace forebay {

class Thread {
 public:
  // Runs `body` on a new thread with all signals blocked: Node handles signals on the main thread,
  // and a write to a closed connection must fail with EPIPE and not end the process by SIGPIPE.
  static SystemError Start(std::function<void()> body, std::unique_ptr<Thread>* thread);

  // Waits until `body` has returned.
  ~Thread();
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

 private:
  explicit Thread(std::function<void()> body) : body_(std::move(body)) {}

  std::function<void()> body_;
  pthread_t id_{};
  bool started_ = false;
};

}  // namespace forebay

#endif  // FOREBAY_CORE_THREAD_H_
