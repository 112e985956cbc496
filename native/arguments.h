// Reads JavaScript arguments into plain values for the bindings, and turns failures into
// exceptions. C++ exceptions are off: a reader that returns nullopt has already thrown in
// JavaScript, and its caller must return at once.
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

// The memory of argument `index`, which must be a Uint8Array (a Buffer is one). It stays valid only
// until the next call into JavaScript. A detached array reads as empty.
std::optional<std::span<uint8_t>> BytesArgument(const Napi::CallbackInfo& info, size_t index,
                                                const char* name);

// Argument `index` as an integer in [0, maximum]; `maximum` is at most 2^53 - 1.
std::optional<uint64_t> IntegerArgument(const Napi::CallbackInfo& info, size_t index,
                                        const char* name, uint64_t maximum);

// Argument `index` as a descriptor number. Whether it is open shows when it is used.
std::optional<int> DescriptorArgument(const Napi::CallbackInfo& info, size_t index);

std::optional<bool> BooleanArgument(const Napi::CallbackInfo& info, size_t index, const char* name);

// Number.MAX_SAFE_INTEGER: the largest offset, length or index that JavaScript can name exactly.
inline constexpr uint64_t kMaxSafeInteger = (uint64_t{1} << 53) - 1;

// These return an empty value, for the binding to return in turn.
Napi::Value ThrowTypeError(Napi::Env env, const std::string& message);
Napi::Value ThrowRangeError(Napi::Env env, const std::string& message);

// Throws an Error as Node's fs does: `code` ('ENOSPC'), `errno` (negative) and `syscall`.
Napi::Value ThrowSystemError(Napi::Env env, const SystemError& error);

}  // namespace forebay

#endif  // FOREBAY_ARGUMENTS_H_
