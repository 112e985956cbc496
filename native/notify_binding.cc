// Messages to the service manager for JavaScript (core/notify.h).
#include <napi.h>

#include <string>

#include "arguments.h"
#include "bindings.h"
#include "core/notify.h"

namespace forebay {

namespace {

// (path, text): void
Napi::Value NotifySystemdCall(const Napi::CallbackInfo& info) {
  if (!info[0].IsString()) return ThrowTypeError(info.Env(), "path must be a string");
  if (!info[1].IsString()) return ThrowTypeError(info.Env(), "text must be a string");
  const std::string path = info[0].As<Napi::String>().Utf8Value();
  const std::string text = info[1].As<Napi::String>().Utf8Value();
  if (path.find('\0') != std::string::npos) {
    return ThrowRangeError(info.Env(), "path must be without NUL");
  }
  if (const SystemError error = Notify(path, text)) return ThrowSystemError(info.Env(), error);
  return info.Env().Undefined();
}

}  // namespace

void RegisterNotify(Napi::Env env, Napi::Object exports) {
  exports.Set("notifySystemd", Napi::Function::New<NotifySystemdCall>(env, "notifySystemd"));
}

}  // namespace forebay
