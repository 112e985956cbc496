// BLAKE3 for JavaScript: group ids, chunk ids and roots (core/blake3_tree.h).
#include <napi.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>
#include <string>

#include "arguments.h"
#include "bindings.h"
#include "core/blake3_subtree.h"
#include "core/blake3_tree.h"

namespace forebay {

namespace {

// Returns an empty value while the thread is being terminated: no object can be created then.
Napi::Value ToUint8Array(Napi::Env env, const Id& id) {
  void* data = nullptr;
  napi_value buffer = nullptr;
  napi_value array = nullptr;
  if (napi_create_arraybuffer(env, kIdBytes, &data, &buffer) != napi_ok) return Napi::Value();
  std::memcpy(data, id.data(), kIdBytes);
  const napi_status status =
      napi_create_typedarray(env, napi_uint8_array, kIdBytes, buffer, 0, &array);
  return status == napi_ok ? Napi::Value(env, array) : Napi::Value();
}

Extent ExtentOf(bool whole_object) { return whole_object ? Extent::kWholeObject : Extent::kPart; }

// Returns the ids in an argument; throws unless it contains one or more.
std::optional<std::span<uint8_t>> IdsArgument(const Napi::CallbackInfo& info, size_t index,
                                              const char* name) {
  const auto ids = BytesArgument(info, index, name);
  if (!ids) return std::nullopt;
  if (ids->empty() || ids->size() % kIdBytes != 0) {
    ThrowRangeError(info.Env(), std::string(name) + " must be one or more ids of 32 bytes");
    return std::nullopt;
  }
  return ids;
}

// (bytes, groupIndex, wholeObject, out, outOffset): void
Napi::Value ComputeGroupId(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto bytes = BytesArgument(info, 0, "bytes");
  if (!bytes) return Napi::Value();
  const auto group_index = IntegerArgument(info, 1, "groupIndex", kMaxSafeInteger);
  if (!group_index) return Napi::Value();
  const auto whole_object = BooleanArgument(info, 2, "wholeObject");
  if (!whole_object) return Napi::Value();
  const auto out = BytesArgument(info, 3, "out");
  if (!out) return Napi::Value();
  const auto out_offset = IntegerArgument(info, 4, "outOffset", kMaxSafeInteger);
  if (!out_offset) return Napi::Value();

  if (bytes->empty() || bytes->size() > kGroupBytes) {
    return ThrowRangeError(env, "a group has 1 to 1048576 bytes");
  }
  if (*whole_object && *group_index != 0) {
    return ThrowRangeError(env, "a whole object is group 0");
  }
  if (out->size() < kIdBytes || *out_offset > out->size() - kIdBytes) {
    return ThrowRangeError(env, "out has no room for 32 bytes at outOffset");
  }
  const Id id = GroupId(*bytes, *group_index, ExtentOf(*whole_object));
  std::copy(id.begin(), id.end(), out->begin() + static_cast<ptrdiff_t>(*out_offset));
  return env.Undefined();
}

// (groupIds, wholeObject): Uint8Array
Napi::Value ComputeChunkId(const Napi::CallbackInfo& info) {
  const auto ids = IdsArgument(info, 0, "groupIds");
  if (!ids) return Napi::Value();
  const auto whole_object = BooleanArgument(info, 1, "wholeObject");
  if (!whole_object) return Napi::Value();
  if (ids->size() > kMaxGroupsPerChunk * kIdBytes) {
    return ThrowRangeError(info.Env(), "a chunk has at most 64 groups");
  }
  return ToUint8Array(info.Env(), MergeIds(*ids, ExtentOf(*whole_object)));
}

// (chunkIds): Uint8Array
Napi::Value ComputeRootId(const Napi::CallbackInfo& info) {
  const auto ids = IdsArgument(info, 0, "chunkIds");
  if (!ids) return Napi::Value();
  return ToUint8Array(info.Env(), MergeIds(*ids, Extent::kWholeObject));
}

// (): Uint8Array
Napi::Value ComputeRootOfEmpty(const Napi::CallbackInfo& info) {
  return ToUint8Array(info.Env(), RootOfEmpty());
}

// (): string
Napi::Value Simd(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), forebay_blake3_simd());
}

}  // namespace

void RegisterBlake3(Napi::Env env, Napi::Object exports) {
  exports.Set("groupId", Napi::Function::New<ComputeGroupId>(env, "groupId"));
  exports.Set("chunkId", Napi::Function::New<ComputeChunkId>(env, "chunkId"));
  exports.Set("rootId", Napi::Function::New<ComputeRootId>(env, "rootId"));
  exports.Set("rootOfEmpty", Napi::Function::New<ComputeRootOfEmpty>(env, "rootOfEmpty"));
  exports.Set("simd", Napi::Function::New<Simd>(env, "simd"));
}

}  // namespace forebay
