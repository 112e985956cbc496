// Helpers for bindings of JavaScript objects with methods.
#ifndef FOREBAY_METHODS_H_
#define FOREBAY_METHODS_H_

#include <napi.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace forebay {

// Adds a method to `object` that operates on `binding`, and keeps `binding` alive.
template <typename Binding>
void SetMethod(Napi::Object object, const std::shared_ptr<Binding>& binding, const char* name,
               Napi::Value (*method)(Binding& binding, const Napi::CallbackInfo& info)) {
  const auto call = [binding, method](const Napi::CallbackInfo& info) {
    return method(*binding, info);
  };
  object.Set(name, Napi::Function::New(object.Env(), call, name));
}

// Returns an empty value while the thread is being terminated: no object can be created then.
inline Napi::Value ToFloat64Array(Napi::Env env, const std::vector<double>& numbers) {
  void* data = nullptr;
  napi_value buffer = nullptr;
  napi_value array = nullptr;
  const size_t bytes = numbers.size() * sizeof(double);
  if (napi_create_arraybuffer(env, bytes, &data, &buffer) != napi_ok) return Napi::Value();
  std::copy(numbers.begin(), numbers.end(), static_cast<double*>(data));
  const napi_status status =
      napi_create_typedarray(env, napi_float64_array, numbers.size(), buffer, 0, &array);
  return status == napi_ok ? Napi::Value(env, array) : Napi::Value();
}

}  // namespace forebay

#endif  // FOREBAY_METHODS_H_
