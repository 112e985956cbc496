#include "wake_watcher.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "core/wake.h"

namespace forebay {

namespace {

// libuv returns negative errno values on the platforms that we build for.
SystemError FromUv(int status, const char* call) { return {-status, call}; }

}  // namespace

SystemError WakeWatcher::Start(Napi::Env env, int fd, Napi::Function callback,
                               std::shared_ptr<WakeWatcher>* watcher) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return {EINVAL, "napi_get_uv_event_loop"};
  const int own_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (own_fd < 0) return LastError("fcntl");

  auto made = std::make_shared<WakeWatcher>(env, own_fd, callback);
  // If this fails, there is no handle yet, and only the descriptor to close.
  if (const int status = uv_poll_init(loop, &made->poll_, own_fd); status < 0) {
    return FromUv(status, "uv_poll_init");
  }
  made->poll_.data = made.get();
  made->loop_share_ = made;
  // A worker's loop must have no open handle when the worker ends. Node waits for an asynchronous
  // hook until it is removed, which OnClosed does.
  if (napi_add_async_cleanup_hook(env, OnEnvironmentEnd, made.get(), &made->hook_) != napi_ok) {
    made->Close();
    return {EINVAL, "napi_add_async_cleanup_hook"};
  }
  if (const int status = uv_poll_start(&made->poll_, UV_READABLE, OnReadable); status < 0) {
    made->Close();
    return FromUv(status, "uv_poll_start");
  }
  uv_unref(reinterpret_cast<uv_handle_t*>(&made->poll_));
  *watcher = std::move(made);
  return {};
}

WakeWatcher::WakeWatcher(Napi::Env env, int fd, Napi::Function callback)
    : env_(env),
      fd_(fd),
      callback_(Napi::Persistent(callback)),
      context_(std::make_unique<Napi::AsyncContext>(env, "forebay.WakeWatcher")) {}

WakeWatcher::~WakeWatcher() {
  if (fd_ >= 0) close(fd_);
}

void WakeWatcher::Close() {
  if (closing_) return;
  closing_ = true;
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_), OnClosed);
}

void WakeWatcher::OnReadable(uv_poll_t* handle, int status, int) {
  auto* self = static_cast<WakeWatcher*>(handle->data);
  // Drained before the callback reads the published data, so that a later wake calls it again.
  if (status < 0 || DrainWakes(self->fd_)) {
    self->Close();
    return;
  }
  self->CallBack();
}

// Uses plain Node-API, because all of these calls fail while the thread is being terminated, and
// node-addon-api would end the process on such a failure.
void WakeWatcher::CallBack() {
  napi_handle_scope scope = nullptr;
  if (napi_open_handle_scope(env_, &scope) != napi_ok) return;
  napi_value global = nullptr;
  napi_value callback = nullptr;
  napi_value exception = nullptr;
  if (napi_get_global(env_, &global) == napi_ok &&
      napi_get_reference_value(env_, callback_, &callback) == napi_ok &&
      napi_make_callback(env_, *context_, global, callback, 0, nullptr, nullptr) ==
          napi_pending_exception &&
      napi_get_and_clear_last_exception(env_, &exception) == napi_ok) {
    // There is no JavaScript caller to catch it: an uncaught exception, like one from a timer.
    napi_fatal_exception(env_, exception);
  }
  napi_close_handle_scope(env_, scope);
}

void WakeWatcher::OnClosed(uv_handle_t* handle) {
  auto* self = static_cast<WakeWatcher*>(handle->data);
  const std::shared_ptr<WakeWatcher> last_share = std::move(self->loop_share_);
  // Released here, because a JavaScript `close` function may keep this object alive until it is
  // garbage-collected, or until the environment ends.
  close(std::exchange(self->fd_, -1));
  self->callback_.Reset();
  self->context_.reset();
  if (self->hook_ != nullptr) napi_remove_async_cleanup_hook(self->hook_);
}

void WakeWatcher::OnEnvironmentEnd(napi_async_cleanup_hook_handle, void* watcher) {
  // If it is closing already, its OnClosed has yet to run and removes the hook.
  static_cast<WakeWatcher*>(watcher)->Close();
}

}  // namespace forebay
