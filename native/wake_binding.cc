// Wake descriptors for JavaScript (core/wake.h, wake_watcher.h).
#include <napi.h>

#include <memory>

#include "arguments.h"
#include "bindings.h"
#include "core/wake.h"
#include "wake_watcher.h"

namespace forebay {

namespace {

// (): number
Napi::Value CreateEventfdCall(const Napi::CallbackInfo& info) {
  int fd = -1;
  if (const SystemError error = OpenWake(&fd)) return ThrowSystemError(info.Env(), error);
  return Napi::Number::New(info.Env(), fd);
}

// (fd): void
Napi::Value WakeCall(const Napi::CallbackInfo& info) {
  const auto fd = DescriptorArgument(info, 0);
  if (!fd) return Napi::Value();
  if (const SystemError error = Wake(*fd)) return ThrowSystemError(info.Env(), error);
  return info.Env().Undefined();
}

// (fd, callback): { close(): void }
Napi::Value WatchEventfdCall(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto fd = DescriptorArgument(info, 0);
  if (!fd) return Napi::Value();
  if (!info[1].IsFunction()) return ThrowTypeError(env, "callback must be a function");
  std::shared_ptr<WakeWatcher> watcher;
  if (const SystemError error =
          WakeWatcher::Start(env, *fd, info[1].As<Napi::Function>(), &watcher)) {
    return ThrowSystemError(env, error);
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("close",
             Napi::Function::New(
                 env, [watcher](const Napi::CallbackInfo&) { watcher->Close(); }, "close"));
  return result;
}

}  // namespace

void RegisterWake(Napi::Env env, Napi::Object exports) {
  exports.Set("createEventfd", Napi::Function::New<CreateEventfdCall>(env, "createEventfd"));
  exports.Set("wake", Napi::Function::New<WakeCall>(env, "wake"));
  exports.Set("watchEventfd", Napi::Function::New<WatchEventfdCall>(env, "watchEventfd"));
}

}  // namespace forebay
