// Calls a JavaScript function on its own thread whenever a wake descriptor is written to.
#ifndef FOREBAY_WAKE_WATCHER_H_
#define FOREBAY_WAKE_WATCHER_H_

#include <napi.h>
#include <uv.h>

#include <memory>

#include "core/system_error.h"

namespace forebay {

// Lives on its environment's event loop until Close, or until the environment ends (a worker's
// exit), and belongs to both the loop and the holders of the shared pointer. It does not keep the
// loop alive. Everything runs on the environment's thread.
class WakeWatcher {
 public:
  // Starts watching. Takes a duplicate of `fd`, so that closing the number elsewhere cannot pull it
  // from under the event loop (libuv aborts the process then). On failure there is no watcher.
  static SystemError Start(Napi::Env env, int fd, Napi::Function callback,
                           std::shared_ptr<WakeWatcher>* watcher);

  WakeWatcher(Napi::Env env, int fd, Napi::Function callback);
  ~WakeWatcher();
  WakeWatcher(const WakeWatcher&) = delete;
  WakeWatcher& operator=(const WakeWatcher&) = delete;

  // No callback begins after this. Safe inside the callback, and more than once.
  void Close();

 private:
  static void OnReadable(uv_poll_t* handle, int status, int events);
  static void OnClosed(uv_handle_t* handle);
  static void OnEnvironmentEnd(napi_async_cleanup_hook_handle hook, void* watcher);

  void CallBack();

  Napi::Env env_;
  int fd_;
  uv_poll_t poll_;
  Napi::FunctionReference callback_;
  // Makes promise reactions and nextTicks run after each callback, as after any of Node's own.
  std::unique_ptr<Napi::AsyncContext> context_;
  napi_async_cleanup_hook_handle hook_ = nullptr;
  bool closing_ = false;
  // The loop's share: set while libuv may still touch poll_.
  std::shared_ptr<WakeWatcher> loop_share_;
};

}  // namespace forebay

#endif  // FOREBAY_WAKE_WATCHER_H_
