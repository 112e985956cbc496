// Inline sending (core/inline_send.h) for JavaScript.
#include <napi.h>

#include <array>

#include "arguments.h"
#include "bindings.h"
#include "core/inline_send.h"
#include "core/local_connection.h"

namespace forebay {

namespace {

// Node writes longer heads, which origins may send (src/send/inline-sender.ts).
constexpr size_t kMaxHeadBytes = 16384;

// (socket, head, fd, offset, length): number
Napi::Value TrySendNowCall(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto socket = DescriptorArgument(info, 0);
  if (!socket) return Napi::Value();
  if (!info[1].IsString()) return ThrowTypeError(env, "head must be a string");
  // Room for one byte more than the longest head, to detect a longer one, and for the final NUL.
  std::array<char, kMaxHeadBytes + 2> head;
  size_t count = 0;
  if (napi_get_value_string_latin1(env, info[1], head.data(), head.size(), &count) != napi_ok) {
    return Napi::Value();
  }
  if (count > kMaxHeadBytes) return ThrowRangeError(env, "head must be at most 16384 bytes");
  const auto fd = DescriptorArgument(info, 2);
  if (!fd) return Napi::Value();
  const auto offset = IntegerArgument(info, 3, "offset", kMaxSafeInteger);
  if (!offset) return Napi::Value();
  const auto length = IntegerArgument(info, 4, "length", kMaxSafeInteger);
  if (!length) return Napi::Value();
  // As the pump does. On a connection that is not paced it costs one system call.
  StopPacingLocally(*socket);
  const uint64_t taken = TrySendNow(*socket, head.data(), count, {*fd, *offset, *length});
  return Napi::Number::New(env, static_cast<double>(taken));
}

}  // namespace

void RegisterInlineSend(Napi::Env env, Napi::Object exports) {
  exports.Set("trySendNow", Napi::Function::New<TrySendNowCall>(env, "trySendNow"));
}

}  // namespace forebay
