// Takes the place of pump_binding.cc where there is neither epoll nor Linux's sendfile(2).
#include <napi.h>

#include "arguments.h"
#include "bindings.h"

namespace forebay {

namespace {

Napi::Value CreatePump(const Napi::CallbackInfo& info) {
  return ThrowSystemError(info.Env(), {ENOSYS, "sendfile"});
}

// Nothing is sent: whoever asks sends otherwise.
Napi::Value SpotSendNothing(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), 0);
}

}  // namespace

void RegisterSpotSend(Napi::Env env, Napi::Object exports) {
  exports.Set("spotSend", Napi::Function::New<SpotSendNothing>(env, "spotSend"));
}

void RegisterPump(Napi::Env env, Napi::Object exports) {
  exports.Set("createPump", Napi::Function::New<CreatePump>(env, "createPump"));
}

}  // namespace forebay
