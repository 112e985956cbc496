// Converts JavaScript arguments to plain values for the bindings, and failures to exceptions. C++
// exceptions are off: a function that returns nullopt has already thrown in JavaScript, and its
// caller must return at once.
#ifndef FOREBAY_ARGUMENTS_H_
#define FOREBAY_ARGUMENTS_H_

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "core/system_error.h"

namespace forebay {

// Returns the memory of argument `index`, which must be a Uint8Array (or Buffer). It stays valid
// until the next call into JavaScript. A detached array yields an empty span.
std::optional<std::span<uint8_t>> BytesArgument(const Napi::CallbackInfo& info, size_t index,
                                                const char* name);

// Returns argument `index` as an integer in [0, maximum]; `maximum` is at most 2^53 - 1.
std::optional<uint64_t> IntegerArgument(const Napi::CallbackInfo& info, size_t index,
                                        const char* name, uint64_t maximum);

// Returns argument `index` as a descriptor number, without checking that it is open.
std::optional<int> DescriptorArgument(const Napi::CallbackInfo& info, size_t index);

std::optional<bool> BooleanArgument(const Napi::CallbackInfo& info, size_t index, const char* name);

// Number.MAX_SAFE_INTEGER: the largest offset, length or index that a JavaScript number can hold.
inline constexpr uint64_t kMaxSafeInteger = (uint64_t{1} << 53) - 1;

// These throw in JavaScript, and return an empty value for the binding to return.
Napi::Value ThrowTypeError(Napi::Env env, const std::string& message);
Napi::Value ThrowRangeError(Napi::Env env, const std::string& message);

// Throws an Error like those of Node's fs: `code` ('ENOSPC'), `errno` (negative) and `syscall`.
Napi::Value ThrowSystemError(Napi::Env env, const SystemError& error);

}  // namespace forebay

#endif  // FOREBAY_ARGUMENTS_H_
