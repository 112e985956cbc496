// The hit server (core/hit_server.h) for JavaScript. Used by src/compute/hit-server.ts alone.
#include "hit_server_binding.h"

#include <napi.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arguments.h"
#include "bindings.h"
#include "core/hit_server.h"
#include "methods.h"

namespace forebay {

namespace {

constexpr uint64_t kMaxThreads = 64;

// Numbers per notice, in the order of HitNotice.
constexpr size_t kNoticeNumbers = 5;

// (socketFd): number
Napi::Value Watch(HitServerBinding& binding, const Napi::CallbackInfo& info) {
  const auto socket = DescriptorArgument(info, 0);
  if (!socket) return Napi::Value();
  HitServer* const server = binding.Use();
  if (server == nullptr) return Napi::Value();
  uint64_t id = 0;
  if (const SystemError error = server->Watch(*socket, &id)) {
    return ThrowSystemError(info.Env(), error);
  }
  return Napi::Number::New(info.Env(), static_cast<double>(id));
}

// (connection): boolean
Napi::Value Release(HitServerBinding& binding, const Napi::CallbackInfo& info) {
  const auto id = IntegerArgument(info, 0, "connection", kMaxSafeInteger);
  if (!id) return Napi::Value();
  HitServer* const server = binding.Use();
  if (server == nullptr) return Napi::Value();
  return Napi::Boolean::New(info.Env(), server->Release(*id));
}

// (connection): void
Napi::Value Resume(HitServerBinding& binding, const Napi::CallbackInfo& info) {
  const auto id = IntegerArgument(info, 0, "connection", kMaxSafeInteger);
  if (!id) return Napi::Value();
  HitServer* const server = binding.Use();
  if (server == nullptr) return Napi::Value();
  server->Resume(*id);
  return info.Env().Undefined();
}

// (connection): { record: Buffer, head: Buffer } | null
Napi::Value TakePartialHit(HitServerBinding& binding, const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto id = IntegerArgument(info, 0, "connection", kMaxSafeInteger);
  if (!id) return Napi::Value();
  HitServer* const server = binding.Use();
  if (server == nullptr) return Napi::Value();
  const auto partial = server->TakePartialHit(*id);
  if (!partial) return env.Null();
  Napi::Object result = Napi::Object::New(env);
  const auto* const record = reinterpret_cast<const uint8_t*>(&partial->record);
  result.Set("record", Napi::Buffer<uint8_t>::Copy(env, record, sizeof partial->record));
  const auto* const head = reinterpret_cast<const uint8_t*>(partial->head.data());
  result.Set("head", Napi::Buffer<uint8_t>::Copy(env, head, partial->head.size()));
  return result;
}

// (): Float64Array
Napi::Value Take(HitServerBinding& binding, const Napi::CallbackInfo& info) {
  HitServer* const server = binding.Use();
  if (server == nullptr) return Napi::Value();
  const std::vector<HitNotice> notices = server->outbox().TakeNotices();
  std::vector<double> numbers;
  numbers.reserve(notices.size() * kNoticeNumbers);
  for (const HitNotice& notice : notices) {
    numbers.insert(numbers.end(),
                   {static_cast<double>(notice.kind), static_cast<double>(notice.connection),
                    static_cast<double>(notice.token), static_cast<double>(notice.start),
                    static_cast<double>(notice.end)});
  }
  return ToFloat64Array(info.Env(), numbers);
}

// (records): number
Napi::Value TakeRecords(HitServerBinding& binding, const Napi::CallbackInfo& info) {
  const auto bytes = BytesArgument(info, 0, "records");
  if (!bytes) return Napi::Value();
  HitServer* const server = binding.Use();
  if (server == nullptr) return Napi::Value();
  const std::vector<HitRecord> records =
      server->outbox().TakeRecords(bytes->size() / sizeof(HitRecord));
  if (!records.empty()) {
    std::memcpy(bytes->data(), records.data(), records.size() * sizeof(HitRecord));
  }
  return Napi::Number::New(info.Env(), static_cast<double>(records.size()));
}

// (): void
Napi::Value Close(HitServerBinding& binding, const Napi::CallbackInfo& info) {
  binding.Close();
  return info.Env().Undefined();
}

// (threads, maxBytes): an object with the methods above, those of its table, and `noticeFd`
Napi::Value CreateHitServer(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto threads = IntegerArgument(info, 0, "threads", kMaxThreads);
  if (!threads) return Napi::Value();
  if (*threads == 0) return ThrowRangeError(env, "threads must be at least 1");
  const auto max_bytes = IntegerArgument(info, 1, "maxBytes", kMaxSafeInteger);
  if (!max_bytes) return Napi::Value();
  std::unique_ptr<HitServer> server;
  if (const SystemError error = HitServer::Start(*threads, *max_bytes, &server)) {
    return ThrowSystemError(env, error);
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("noticeFd", server->notice_fd());
  const auto binding = std::make_shared<HitServerBinding>(env, std::move(server));
  SetMethod(object, binding, "watch", Watch);
  SetMethod(object, binding, "release", Release);
  SetMethod(object, binding, "resume", Resume);
  SetMethod(object, binding, "takePartialHit", TakePartialHit);
  SetMethod(object, binding, "take", Take);
  SetMethod(object, binding, "takeRecords", TakeRecords);
  SetMethod(object, binding, "close", Close);
  SetHitTableMethods(object, binding);
  return object;
}

}  // namespace

void RegisterHitServer(Napi::Env env, Napi::Object exports) {
  exports.Set("createHitServer", Napi::Function::New<CreateHitServer>(env, "createHitServer"));
}

}  // namespace forebay
