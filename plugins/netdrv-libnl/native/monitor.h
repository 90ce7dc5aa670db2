// Tells of changes to links, addresses and routes as the kernel multicasts them.
#pragma once

#include <napi.h>
#include <uv.h>

#include "handles.h"

namespace libnl {

// JavaScript: `new Monitor(listener)`, `close()`, `listen(boolean)`, `room` (see native.ts). Works on the event loop of the thread that made it.
class Monitor : public Napi::ObjectWrap<Monitor> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit Monitor(const Napi::CallbackInfo& info);
  ~Monitor() override;

 private:
  // What libuv holds on to until its handle is closed, which outlives the JavaScript object.
  struct Watch {
    uv_poll_t poll{};
    Socket socket;
    Monitor* owner = nullptr;
    napi_async_cleanup_hook_handle hook = nullptr;
    bool closing = false;
  };

  static void OnReadable(uv_poll_t* poll, int status, int events);
  static void OnEnvironmentExit(napi_async_cleanup_hook_handle hook, void* watch);
  static void CloseWatch(Watch* watch);
  void CloseFromJs(const Napi::CallbackInfo& info);
  void Listen(const Napi::CallbackInfo& info);
  Napi::Value Room(const Napi::CallbackInfo& info);
  void Close();
  void Read();

  Watch* watch_ = nullptr;
  Napi::FunctionReference listener_;
  Napi::AsyncContext context_;
};

}  // namespace libnl
