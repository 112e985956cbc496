// The functions by which each binding file adds its exports to the addon. Called by addon.cc.
#ifndef FOREBAY_BINDINGS_H_
#define FOREBAY_BINDINGS_H_

#include <napi.h>

namespace forebay {

void RegisterBlake3(Napi::Env env, Napi::Object exports);
void RegisterFiles(Napi::Env env, Napi::Object exports);
void RegisterHitServer(Napi::Env env, Napi::Object exports);
void RegisterNotify(Napi::Env env, Napi::Object exports);
void RegisterPump(Napi::Env env, Napi::Object exports);
void RegisterInlineSend(Napi::Env env, Napi::Object exports);
void RegisterWake(Napi::Env env, Napi::Object exports);

}  // namespace forebay

#endif  // FOREBAY_BINDINGS_H_
