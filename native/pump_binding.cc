// The pump (core/pump.h) for JavaScript. Created by src/compute/pump.ts alone.
#include <napi.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "arguments.h"
#include "bindings.h"
#include "core/pump.h"
#include "methods.h"

namespace forebay {

namespace {

// More than one thread for each core of a large machine would need.
constexpr uint64_t kMaxThreads = 64;

constexpr size_t kWatermarkWords = 9;

// Numbers per notice, in the order of PumpNotice.
constexpr size_t kNoticeNumbers = 5;

// One pump, and the references that keep alive the memory its pieces read. Owned by the functions
// of its JavaScript object; ends with `close` or with the environment.
class PumpBinding {
 public:
  PumpBinding(Napi::Env env, std::unique_ptr<Pump> pump) : env_(env), pump_(std::move(pump)) {
    napi_add_env_cleanup_hook(env_, OnEnvironmentEnd, this);
  }

  ~PumpBinding() {
    if (pump_) Close();
  }

  // Returns the pump. Throws EBADF in JavaScript and returns null when it is closed.
  Pump* Use() {
    if (!pump_) ThrowSystemError(env_, {EBADF, "pump"});
    return pump_.get();
  }

  // Keeps `watermark`, which may be empty, alive until a notice reports that the piece was sent.
  void Pin(uint64_t transfer, Napi::Reference<Napi::Value> watermark) {
    pins_[transfer].pieces.push_back(std::move(watermark));
  }

  void Unpin(const PumpNotice& notice) {
    const auto found = pins_.find(notice.transfer);
    if (found == pins_.end()) return;
    if (notice.end != PumpEnd::kNone) {
      pins_.erase(found);
      return;
    }
    Pins& pins = found->second;
    for (; pins.finished < notice.finished_pieces; pins.finished += 1) pins.pieces.pop_front();
  }

  void Close() {
    if (!pump_) return;
    napi_remove_env_cleanup_hook(env_, OnEnvironmentEnd, this);
    End();
  }

 private:
  struct Pins {
    std::deque<Napi::Reference<Napi::Value>> pieces;
    uint64_t finished = 0;
  };

  static void OnEnvironmentEnd(void* binding) { static_cast<PumpBinding*>(binding)->End(); }

  // Ends the threads first, because they read the pinned memory.
  void End() {
    pump_.reset();
    pins_.clear();
  }

  napi_env env_;
  std::unique_ptr<Pump> pump_;
  std::unordered_map<uint64_t, Pins> pins_;
};

// Returns the words of a watermark. Throws unless `value` is a BigInt64Array of the right length
// over shared memory, which unlike other memory cannot move or be detached.
int64_t* WatermarkArgument(Napi::Env env, const Napi::Value& value) {
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  napi_value buffer = nullptr;
  bool detachable = true;
  if (!value.IsTypedArray() ||
      napi_get_typedarray_info(env, value, &type, &length, &data, &buffer, nullptr) != napi_ok ||
      type != napi_bigint64_array || length != kWatermarkWords ||
      napi_is_arraybuffer(env, buffer, &detachable) != napi_ok || detachable) {
    ThrowTypeError(env, "watermark must be a BigInt64Array of 9 words over shared memory");
    return nullptr;
  }
  return static_cast<int64_t*>(data);
}

// (socketFd): number
Napi::Value Begin(PumpBinding& binding, const Napi::CallbackInfo& info) {
  const auto socket = DescriptorArgument(info, 0);
  if (!socket) return Napi::Value();
  Pump* const pump = binding.Use();
  if (pump == nullptr) return Napi::Value();
  uint64_t id = 0;
  if (const SystemError error = pump->Begin(*socket, &id)) {
    return ThrowSystemError(info.Env(), error);
  }
  return Napi::Number::New(info.Env(), static_cast<double>(id));
}

// (transfer, bytes): void
Napi::Value AddBytes(PumpBinding& binding, const Napi::CallbackInfo& info) {
  const auto id = IntegerArgument(info, 0, "transfer", kMaxSafeInteger);
  if (!id) return Napi::Value();
  const auto bytes = BytesArgument(info, 1, "bytes");
  if (!bytes) return Napi::Value();
  Pump* const pump = binding.Use();
  if (pump == nullptr) return Napi::Value();
  binding.Pin(*id, {});
  pump->Add(*id, Piece::OfBytes(bytes->data(), bytes->size()));
  return info.Env().Undefined();
}

// (transfer, fd, offset, length, watermark | null): void
Napi::Value AddFile(PumpBinding& binding, const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto id = IntegerArgument(info, 0, "transfer", kMaxSafeInteger);
  if (!id) return Napi::Value();
  const auto fd = DescriptorArgument(info, 1);
  if (!fd) return Napi::Value();
  const auto offset = IntegerArgument(info, 2, "offset", kMaxSafeInteger);
  if (!offset) return Napi::Value();
  const auto length = IntegerArgument(info, 3, "length", kMaxSafeInteger - *offset);
  if (!length) return Napi::Value();
  int64_t* watermark = nullptr;
  Napi::Reference<Napi::Value> pin;
  if (!info[4].IsNull()) {
    watermark = WatermarkArgument(env, info[4]);
    if (watermark == nullptr) return Napi::Value();
    pin = Napi::Persistent(info[4]);
  }
  Pump* const pump = binding.Use();
  if (pump == nullptr) return Napi::Value();
  Piece piece;
  if (const SystemError error = Piece::OfFile(*fd, *offset, *length, watermark, &piece)) {
    return ThrowSystemError(env, error);
  }
  binding.Pin(*id, std::move(pin));
  pump->Add(*id, std::move(piece));
  return env.Undefined();
}

// (transfer): void
Napi::Value Finish(PumpBinding& binding, const Napi::CallbackInfo& info) {
  const auto id = IntegerArgument(info, 0, "transfer", kMaxSafeInteger);
  if (!id) return Napi::Value();
  Pump* const pump = binding.Use();
  if (pump == nullptr) return Napi::Value();
  pump->Finish(*id);
  return info.Env().Undefined();
}

// (transfer, cut): void
Napi::Value Stop(PumpBinding& binding, const Napi::CallbackInfo& info) {
  const auto id = IntegerArgument(info, 0, "transfer", kMaxSafeInteger);
  if (!id) return Napi::Value();
  const auto cut = BooleanArgument(info, 1, "cut");
  if (!cut) return Napi::Value();
  Pump* const pump = binding.Use();
  if (pump == nullptr) return Napi::Value();
  pump->Stop(*id, *cut);
  return info.Env().Undefined();
}

// (transfer): Float64Array, empty when it has ended
Napi::Value Probe(PumpBinding& binding, const Napi::CallbackInfo& info) {
  const auto id = IntegerArgument(info, 0, "transfer", kMaxSafeInteger);
  if (!id) return Napi::Value();
  Pump* const pump = binding.Use();
  if (pump == nullptr) return Napi::Value();
  PumpProbe probe{};
  std::vector<double> numbers;
  if (pump->Probe(*id, &probe)) {
    numbers = {static_cast<double>(probe.taken_bytes), static_cast<double>(probe.pauses),
               static_cast<double>(probe.state), static_cast<double>(probe.bytes_sent),
               probe.idle_ms};
  }
  return ToFloat64Array(info.Env(), numbers);
}

// (): Float64Array
Napi::Value Take(PumpBinding& binding, const Napi::CallbackInfo& info) {
  Pump* const pump = binding.Use();
  if (pump == nullptr) return Napi::Value();
  const std::vector<PumpNotice> notices = pump->Take();
  std::vector<double> numbers;
  numbers.reserve(notices.size() * kNoticeNumbers);
  for (const PumpNotice& notice : notices) {
    binding.Unpin(notice);
    numbers.insert(
        numbers.end(),
        {static_cast<double>(notice.transfer), static_cast<double>(notice.finished_pieces),
         static_cast<double>(notice.bytes_sent), static_cast<double>(notice.end),
         static_cast<double>(notice.error_number)});
  }
  return ToFloat64Array(info.Env(), numbers);
}

// (): void
Napi::Value Close(PumpBinding& binding, const Napi::CallbackInfo& info) {
  binding.Close();
  return info.Env().Undefined();
}

// (threads): an object with the methods above, `noticeFd` and `wakeFd`
Napi::Value CreatePump(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto threads = IntegerArgument(info, 0, "threads", kMaxThreads);
  if (!threads) return Napi::Value();
  if (*threads == 0) return ThrowRangeError(env, "threads must be at least 1");
  std::unique_ptr<Pump> pump;
  if (const SystemError error = Pump::Start(*threads, &pump)) return ThrowSystemError(env, error);
  Napi::Object object = Napi::Object::New(env);
  object.Set("noticeFd", pump->notice_fd());
  object.Set("wakeFd", pump->wake_fd());
  const auto binding = std::make_shared<PumpBinding>(env, std::move(pump));
  SetMethod(object, binding, "begin", Begin);
  SetMethod(object, binding, "addBytes", AddBytes);
  SetMethod(object, binding, "addFile", AddFile);
  SetMethod(object, binding, "finish", Finish);
  SetMethod(object, binding, "stop", Stop);
  SetMethod(object, binding, "probe", Probe);
  SetMethod(object, binding, "take", Take);
  SetMethod(object, binding, "close", Close);
  return object;
}

}  // namespace

void RegisterPump(Napi::Env env, Napi::Object exports) {
  exports.Set("createPump", Napi::Function::New<CreatePump>(env, "createPump"));
}

}  // namespace forebay
