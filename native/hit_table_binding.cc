// The table of a hit server's answers (core/hit_table.h) for JavaScript.
#include <napi.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "arguments.h"
#include "core/hit_table.h"
#include "hit_server_binding.h"
#include "methods.h"

namespace forebay {

namespace {

// The longest duration of a grant.
constexpr uint64_t kMaxGrantMs = 60'000;

// Returns argument `index` as latin1 text, the encoding of heads; throws unless it is a string.
std::optional<std::string> TextArgument(const Napi::CallbackInfo& info, size_t index,
                                        const char* name) {
  size_t count = 0;
  if (!info[index].IsString() ||
      napi_get_value_string_latin1(info.Env(), info[index], nullptr, 0, &count) != napi_ok) {
    ThrowTypeError(info.Env(), std::string(name) + " must be a string");
    return std::nullopt;
  }
  std::string text(count, '\0');
  if (napi_get_value_string_latin1(info.Env(), info[index], text.data(), count + 1, &count) !=
      napi_ok) {
    return std::nullopt;
  }
  return text;
}

std::optional<uint64_t> NumberArgument(const Napi::CallbackInfo& info, size_t index,
                                       const char* name) {
  return IntegerArgument(info, index, name, kMaxSafeInteger);
}

// Returns the time point `forMs` after now; argument `index` is `forMs`.
std::optional<HitTable::Clock::time_point> ExpiryArgument(const Napi::CallbackInfo& info,
                                                          size_t index) {
  const auto ms = IntegerArgument(info, index, "forMs", kMaxGrantMs);
  if (!ms) return std::nullopt;
  return HitTable::Clock::now() + std::chrono::milliseconds(*ms);
}

// (target, token, length): void
Napi::Value Define(HitServerBinding& binding, const Napi::CallbackInfo& info) {
  const auto target = TextArgument(info, 0, "target");
  if (!target) return Napi::Value();
  const auto token = NumberArgument(info, 1, "token");
  if (!token) return Napi::Value();
  const auto length = NumberArgument(info, 2, "length");
  if (!length) return Napi::Value();
  HitServer* const server = binding.Use();
  if (server == nullptr) return Napi::Value();
  server->table().Define(*target, *token, *length);
  return info.Env().Undefined();
}

// (token): void
Napi::Value Remove(HitServerBinding& binding, const Napi::CallbackInfo& info) {
  const auto token = NumberArgument(info, 0, "token");
  if (!token) return Napi::Value();
  HitServer* const server = binding.Use();
  if (server == nullptr) return Napi::Value();
  server->table().Remove(*token);
  return info.Env().Undefined();
}

// (token, wholeBefore, wholeAfter, partBefore, partAfter, last, forMs): void
Napi::Value Grant(HitServerBinding& binding, const Napi::CallbackInfo& info) {
  const auto token = NumberArgument(info, 0, "token");
  if (!token) return Napi::Value();
  HitHeads heads;
  std::string* const texts[] = {&heads.whole.before, &heads.whole.after, &heads.part.before,
                                &heads.part.after, &heads.last};
  size_t index = 1;
  for (std::string* const text : texts) {
    auto given = TextArgument(info, index, "head");
    if (!given) return Napi::Value();
    *text = std::move(*given);
    index += 1;
  }
  const auto expires = ExpiryArgument(info, index);
  if (!expires) return Napi::Value();
  HitServer* const server = binding.Use();
  if (server == nullptr) return Napi::Value();
  server->table().Grant(*token, std::move(heads), *expires);
  return info.Env().Undefined();
}

// (token, file, fd, begin, end, forMs): void
Napi::Value Open(HitServerBinding& binding, const Napi::CallbackInfo& info) {
  const auto token = NumberArgument(info, 0, "token");
  if (!token) return Napi::Value();
  const auto number = NumberArgument(info, 1, "file");
  if (!number) return Napi::Value();
  const auto fd = DescriptorArgument(info, 2);
  if (!fd) return Napi::Value();
  const auto begin = NumberArgument(info, 3, "begin");
  if (!begin) return Napi::Value();
  const auto end = NumberArgument(info, 4, "end");
  if (!end) return Napi::Value();
  const auto expires = ExpiryArgument(info, 5);
  if (!expires) return Napi::Value();
  HitServer* const server = binding.Use();
  if (server == nullptr) return Napi::Value();
  if (const SystemError error =
          server->table().Open(*token, *number, *fd, *begin, *end, *expires)) {
    return ThrowSystemError(info.Env(), error);
  }
  return info.Env().Undefined();
}

// (token, file, forMs): void
Napi::Value Keep(HitServerBinding& binding, const Napi::CallbackInfo& info) {
  const auto token = NumberArgument(info, 0, "token");
  if (!token) return Napi::Value();
  const auto number = NumberArgument(info, 1, "file");
  if (!number) return Napi::Value();
  const auto expires = ExpiryArgument(info, 2);
  if (!expires) return Napi::Value();
  HitServer* const server = binding.Use();
  if (server == nullptr) return Napi::Value();
  server->table().Keep(*token, *number, *expires);
  return info.Env().Undefined();
}

// (token, file): void
Napi::Value Revoke(HitServerBinding& binding, const Napi::CallbackInfo& info) {
  const auto token = NumberArgument(info, 0, "token");
  if (!token) return Napi::Value();
  const auto number = NumberArgument(info, 1, "file");
  if (!number) return Napi::Value();
  HitServer* const server = binding.Use();
  if (server == nullptr) return Napi::Value();
  server->table().Revoke(*token, *number);
  return info.Env().Undefined();
}

// (areGuarded): void
Napi::Value GuardHosts(HitServerBinding& binding, const Napi::CallbackInfo& info) {
  if (!info[0].IsBoolean()) {
    ThrowTypeError(info.Env(), "areGuarded must be a boolean");
    return Napi::Value();
  }
  HitServer* const server = binding.Use();
  if (server == nullptr) return Napi::Value();
  server->table().GuardHosts(info[0].As<Napi::Boolean>().Value());
  return info.Env().Undefined();
}

// (field): void
Napi::Value AdmitHost(HitServerBinding& binding, const Napi::CallbackInfo& info) {
  const auto field = TextArgument(info, 0, "field");
  if (!field) return Napi::Value();
  HitServer* const server = binding.Use();
  if (server == nullptr) return Napi::Value();
  server->table().AdmitHost(*field);
  return info.Env().Undefined();
}

// (): void
Napi::Value Change(HitServerBinding& binding, const Napi::CallbackInfo& info) {
  HitServer* const server = binding.Use();
  if (server == nullptr) return Napi::Value();
  server->table().Change();
  return info.Env().Undefined();
}

}  // namespace

void SetHitTableMethods(Napi::Object object, const std::shared_ptr<HitServerBinding>& binding) {
  SetMethod(object, binding, "define", Define);
  SetMethod(object, binding, "remove", Remove);
  SetMethod(object, binding, "grant", Grant);
  SetMethod(object, binding, "open", Open);
  SetMethod(object, binding, "keep", Keep);
  SetMethod(object, binding, "revoke", Revoke);
  SetMethod(object, binding, "guardHosts", GuardHosts);
  SetMethod(object, binding, "admitHost", AdmitHost);
  SetMethod(object, binding, "change", Change);
}

}  // namespace forebay
