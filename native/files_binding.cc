// File system calls for JavaScript (core/files.h).
#include <napi.h>

#include <string>

#include "arguments.h"
#include "bindings.h"
#include "core/files.h"

namespace forebay {

namespace {

// memfd_create(2) rejects longer names; the name is only visible to people, in /proc.
constexpr size_t kMaxMemfdNameBytes = 249;

// (fd): boolean
Napi::Value TryLockCall(const Napi::CallbackInfo& info) {
  const auto fd = DescriptorArgument(info, 0);
  if (!fd) return Napi::Value();
  bool locked = false;
  if (const SystemError error = TryLock(*fd, &locked)) return ThrowSystemError(info.Env(), error);
  return Napi::Boolean::New(info.Env(), locked);
}

// (name): number
Napi::Value CreateMemfdCall(const Napi::CallbackInfo& info) {
  if (!info[0].IsString()) return ThrowTypeError(info.Env(), "name must be a string");
  const std::string name = info[0].As<Napi::String>().Utf8Value();
  if (name.size() > kMaxMemfdNameBytes || name.find('\0') != std::string::npos) {
    return ThrowRangeError(info.Env(), "name must be at most 249 bytes without NUL");
  }
  int memfd = -1;
  if (const SystemError error = CreateMemfd(name.c_str(), &memfd)) {
    return ThrowSystemError(info.Env(), error);
  }
  return Napi::Number::New(info.Env(), memfd);
}

// (fd, lengthBytes, emptiesFile = false): void
Napi::Value MoveToMemfdCall(const Napi::CallbackInfo& info) {
  const auto fd = DescriptorArgument(info, 0);
  if (!fd) return Napi::Value();
  const auto length = IntegerArgument(info, 1, "lengthBytes", kMaxSafeInteger);
  if (!length) return Napi::Value();
  const auto empties_file =
      info[2].IsUndefined() ? std::optional<bool>(false) : BooleanArgument(info, 2, "emptiesFile");
  if (!empties_file) return Napi::Value();
  if (const SystemError error = MoveToMemfd(*fd, *length, *empties_file)) {
    return ThrowSystemError(info.Env(), error);
  }
  return info.Env().Undefined();
}

// (fd, bytes, offset): void
Napi::Value WriteAllCall(const Napi::CallbackInfo& info) {
  const auto fd = DescriptorArgument(info, 0);
  if (!fd) return Napi::Value();
  const auto bytes = BytesArgument(info, 1, "bytes");
  if (!bytes) return Napi::Value();
  const auto offset = IntegerArgument(info, 2, "offset", kMaxSafeInteger);
  if (!offset) return Napi::Value();
  if (const SystemError error = WriteAll(*fd, bytes->data(), bytes->size(), *offset)) {
    return ThrowSystemError(info.Env(), error);
  }
  return info.Env().Undefined();
}

// (fd, bytes, offset): number, -1 when the read would have to wait
Napi::Value ReadCachedCall(const Napi::CallbackInfo& info) {
  const auto fd = DescriptorArgument(info, 0);
  if (!fd) return Napi::Value();
  const auto bytes = BytesArgument(info, 1, "bytes");
  if (!bytes) return Napi::Value();
  const auto offset = IntegerArgument(info, 2, "offset", kMaxSafeInteger);
  if (!offset) return Napi::Value();
  ssize_t taken = 0;
  if (const SystemError error = ReadCached(*fd, bytes->data(), bytes->size(), *offset, &taken)) {
    return ThrowSystemError(info.Env(), error);
  }
  return Napi::Number::New(info.Env(), static_cast<double>(taken));
}

}  // namespace

void RegisterFiles(Napi::Env env, Napi::Object exports) {
  exports.Set("tryLock", Napi::Function::New<TryLockCall>(env, "tryLock"));
  exports.Set("createMemfd", Napi::Function::New<CreateMemfdCall>(env, "createMemfd"));
  exports.Set("moveToMemfd", Napi::Function::New<MoveToMemfdCall>(env, "moveToMemfd"));
  exports.Set("writeAll", Napi::Function::New<WriteAllCall>(env, "writeAll"));
  exports.Set("readCached", Napi::Function::New<ReadCachedCall>(env, "readCached"));
}

}  // namespace forebay
