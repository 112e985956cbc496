// Replaces the bindings that need epoll and Linux's sendfile(2) on other systems.
#include <napi.h>

#include "arguments.h"
#include "bindings.h"

namespace forebay {

namespace {

Napi::Value CreatePump(const Napi::CallbackInfo& info) {
  return ThrowSystemError(info.Env(), {ENOSYS, "sendfile"});
}

Napi::Value CreateHitServer(const Napi::CallbackInfo& info) {
  return ThrowSystemError(info.Env(), {ENOSYS, "epoll_create1"});
}

// Returns 0 bytes sent, so that the caller sends by another way.
Napi::Value TrySendNowNothing(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), 0);
}

}  // namespace

void RegisterHitServer(Napi::Env env, Napi::Object exports) {
  exports.Set("createHitServer", Napi::Function::New<CreateHitServer>(env, "createHitServer"));
}

void RegisterInlineSend(Napi::Env env, Napi::Object exports) {
  exports.Set("trySendNow", Napi::Function::New<TrySendNowNothing>(env, "trySendNow"));
}

void RegisterPump(Napi::Env env, Napi::Object exports) {
  exports.Set("createPump", Napi::Function::New<CreatePump>(env, "createPump"));
}

}  // namespace forebay
