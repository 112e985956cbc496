// A thread that is joined with its owner. Unlike std::thread it can fail to start, as C++
// exceptions are off here.
#ifndef FOREBAY_CORE_THREAD_H_
#define FOREBAY_CORE_THREAD_H_

#include <pthread.h>

#include <functional>
#include <memory>

#include "system_error.h"

namespace forebay {

class Thread {
 public:
  // Runs `body` on a new thread, which receives no signal: those are the main thread's, where Node
  // listens for them, and a write to a closed connection must fail with EPIPE, not end the process.
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
