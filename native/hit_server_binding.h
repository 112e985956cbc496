// The hit server's JavaScript object: shared by the two files with its methods.
#ifndef FOREBAY_HIT_SERVER_BINDING_H_
#define FOREBAY_HIT_SERVER_BINDING_H_

#include <napi.h>

#include <memory>
#include <utility>

#include "arguments.h"
#include "core/hit_server.h"

namespace forebay {

// One server: belongs to the functions of its JavaScript object, and ends with `close` or with the
// environment.
class HitServerBinding {
 public:
  HitServerBinding(Napi::Env env, std::unique_ptr<HitServer> server)
      : env_(env), server_(std::move(server)) {
    napi_add_env_cleanup_hook(env_, OnEnvironmentEnd, this);
  }

  ~HitServerBinding() { Close(); }

  // Throws when the server is closed.
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

// Adds the methods that grant answers (core/hit_table.h).
void SetHitTableMethods(Napi::Object object, const std::shared_ptr<HitServerBinding>& binding);

}  // namespace forebay

#endif  // FOREBAY_HIT_SERVER_BINDING_H_
