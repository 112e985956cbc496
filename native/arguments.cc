#include "arguments.h"

#include <uv.h>

#include <climits>
#include <cmath>
#include <string>

namespace forebay {

std::optional<std::span<uint8_t>> BytesArgument(const Napi::CallbackInfo& info, size_t index,
                                                const char* name) {
  const Napi::Value value = info[index];
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    ThrowTypeError(info.Env(), std::string(name) + " must be a Uint8Array");
    return std::nullopt;
  }
  void* data = nullptr;
  size_t length = 0;
  const napi_status status =
      napi_get_typedarray_info(info.Env(), value, nullptr, &length, &data, nullptr, nullptr);
  if (status != napi_ok) {
    ThrowTypeError(info.Env(), std::string(name) + " must be a readable Uint8Array");
    return std::nullopt;
  }
  if (data == nullptr) length = 0;
  return std::span<uint8_t>(static_cast<uint8_t*>(data), length);
}

std::optional<uint64_t> IntegerArgument(const Napi::CallbackInfo& info, size_t index,
                                        const char* name, uint64_t maximum) {
  const Napi::Value value = info[index];
  if (!value.IsNumber()) {
    ThrowTypeError(info.Env(), std::string(name) + " must be a number");
    return std::nullopt;
  }
  const double number = value.As<Napi::Number>().DoubleValue();
  // Negated so that NaN fails as well.
  if (!(number >= 0 && number <= static_cast<double>(maximum)) || std::floor(number) != number) {
    ThrowRangeError(info.Env(),
                    std::string(name) + " must be an integer from 0 to " + std::to_string(maximum));
    return std::nullopt;
  }
  return static_cast<uint64_t>(number);
}

std::optional<int> DescriptorArgument(const Napi::CallbackInfo& info, size_t index) {
  const auto number = IntegerArgument(info, index, "fd", INT_MAX);
  if (!number) return std::nullopt;
  return static_cast<int>(*number);
}

std::optional<bool> BooleanArgument(const Napi::CallbackInfo& info, size_t index,
                                    const char* name) {
  const Napi::Value value = info[index];
  if (!value.IsBoolean()) {
    ThrowTypeError(info.Env(), std::string(name) + " must be a boolean");
    return std::nullopt;
  }
  return value.As<Napi::Boolean>().Value();
}

// Throwing fails only while the thread is being terminated, and then it does not matter. These use
// plain Node-API, because node-addon-api would end the process on such a failure.

Napi::Value ThrowTypeError(Napi::Env env, const std::string& message) {
  (void)napi_throw_type_error(env, nullptr, message.c_str());
  return Napi::Value();
}

Napi::Value ThrowRangeError(Napi::Env env, const std::string& message) {
  (void)napi_throw_range_error(env, nullptr, message.c_str());
  return Napi::Value();
}

Napi::Value ThrowSystemError(Napi::Env env, const SystemError& error) {
  // From libuv, whose names and texts Node's own errors have.
  const int number = uv_translate_sys_error(error.number);
  char code[64];
  char text[128];
  uv_err_name_r(number, code, sizeof code);
  uv_strerror_r(number, text, sizeof text);
  const std::string message = std::string(code) + ": " + text + ", " + error.call;

  // napi_create_error sets `code` itself.
  napi_value thrown = nullptr;
  const Napi::Value code_value = Napi::String::New(env, code);
  const Napi::Value message_value = Napi::String::New(env, message);
  if (napi_create_error(env, code_value, message_value, &thrown) != napi_ok) return Napi::Value();
  (void)napi_set_named_property(env, thrown, "errno", Napi::Number::New(env, number));
  (void)napi_set_named_property(env, thrown, "syscall", Napi::String::New(env, error.call));
  (void)napi_throw(env, thrown);
  return Napi::Value();
}

}  // namespace forebay
