#include "thread.h"

#include <signal.h>

#include <utility>

namespace forebay {

SystemError Thread::Start(std::function<void()> body, std::unique_ptr<Thread>* thread) {
  std::unique_ptr<Thread> made(new Thread(std::move(body)));
  const auto run = [](void* self) -> void* {
    static_cast<Thread*>(self)->body_();
    return nullptr;
  };
  // A new thread inherits the signal mask of the thread that starts it.
  sigset_t all;
  sigset_t own;
  sigfillset(&all);
  (void)pthread_sigmask(SIG_SETMASK, &all, &own);
  const int number = pthread_create(&made->id_, nullptr, run, made.get());
  (void)pthread_sigmask(SIG_SETMASK, &own, nullptr);
  if (number != 0) return {number, "pthread_create"};
  made->started_ = true;
  *thread = std::move(made);
  return {};
}

Thread::~Thread() {
  if (started_) (void)pthread_join(id_, nullptr);
}

}  // namespace forebay
