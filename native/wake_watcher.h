// Calls a JavaScript function on its thread after each write to a wake descriptor.
#ifndef FOREBAY_WAKE_WATCHER_H_
#define FOREBAY_WAKE_WATCHER_H_

#include <napi.h>
#include <uv.h>

#include <memory>

#include "core/system_error.h"

namespace forebay {

// Runs on its environment's event loop until Close, or until the environment ends (a worker's
// exit). Both the loop and the holders of the shared pointer own it. It does not keep the loop
// alive. Everything runs on the environment's thread.
class WakeWatcher {
 public:
  // Starts watching a duplicate of `fd`: if the number were closed elsewhere while the event loop
  // uses it, libuv would abort the process. On failure there is no watcher.
  static SystemError Start(Napi::Env env, int fd, Napi::Function callback,
                           std::shared_ptr<WakeWatcher>* watcher);

  WakeWatcher(Napi::Env env, int fd, Napi::Function callback);
  ~WakeWatcher();
  WakeWatcher(const WakeWatcher&) = delete;
  WakeWatcher& operator=(const WakeWatcher&) = delete;

  // Stops the callbacks. It may be called inside the callback, and more than once.
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
  // Makes promise reactions and nextTicks run after each callback, as after Node's own callbacks.
  std::unique_ptr<Napi::AsyncContext> context_;
  napi_async_cleanup_hook_handle hook_ = nullptr;
  bool closing_ = false;
  // The loop's ownership: set while libuv may still use poll_.
  std::shared_ptr<WakeWatcher> loop_share_;
};

}  // namespace forebay

#endif  // FOREBAY_WAKE_WATCHER_H_
