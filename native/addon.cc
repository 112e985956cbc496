// The addon's entry: registers the exports of all bindings, once for each environment (the main
// thread and each worker) that loads it. Loaded by src/compute/native.ts alone.
#include <napi.h>

#include "bindings.h"

namespace forebay {

class ForebayAddon : public Napi::Addon<ForebayAddon> {
 public:
  ForebayAddon(Napi::Env env, Napi::Object exports) {
    RegisterBlake3(env, exports);
    RegisterFiles(env, exports);
    RegisterHitServer(env, exports);
    RegisterNotify(env, exports);
    RegisterPump(env, exports);
    RegisterInlineSend(env, exports);
    RegisterWake(env, exports);
  }
};

}  // namespace forebay

using forebay::ForebayAddon;
NODE_API_NAMED_ADDON(forebay, ForebayAddon)
