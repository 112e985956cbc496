// The state behind the hit server's JavaScript object. Shared by the two files that define that
// object's methods: hit_server_binding.cc and hit_table_binding.cc.
#ifndef FOREBAY_HIT_SERVER_BINDING_H_
#define FOREBAY_HIT_SERVER_BINDING_H_

#include <napi.h>

#include <memory>
#include <utility>

#include "arguments.h"
#include "core/hit_server.h"

namespace forebay {

// One server, owned by the functions of its JavaScript object. It ends with `close` or with the
// environment.
class HitServerBinding {
 public:
  HitServerBinding(Napi::Env env, std::unique_ptr<HitServer> server)
      : env_(env), server_(std::move(server)) {
    napi_add_env_cleanup_hook(env_, OnEnvironmentEnd, this);
  }

  ~HitServerBinding() { Close(); }

  // Returns the server. Throws EBADF in JavaScript and returns null when it is closed.
  HitServer* Use() {
    if (!server_) ThrowSystemError(env_, {EBADF, "hitServer"});
    return server_.get();
  }

  void Close() {
    if (!server_) return;
    napi_remove_env_cleanup_hook(env_, OnEnvironmentEnd, this);
    server_.reset();
  }

 private:
  static void OnEnvironmentEnd(void* binding) {
    static_cast<HitServerBinding*>(binding)->server_.reset();
  }

  napi_env env_;
  std::unique_ptr<HitServer> server_;
};

// Adds the methods that define what the server may answer (core/hit_table.h).
void SetHitTableMethods(Napi::Object object, const std::shared_ptr<HitServerBinding>& binding);

}  // namespace forebay

#endif  // FOREBAY_HIT_SERVER_BINDING_H_
