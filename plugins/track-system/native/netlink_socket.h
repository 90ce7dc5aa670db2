// A netlink socket: datagrams out, datagrams in. What they mean is not known here.
#pragma once

#include <napi.h>

#include "watch.h"

namespace track {

// JavaScript: `new NetlinkSocket(protocol, groups, listener)`, `send`, `close` (see src/native.ts).
class NetlinkSocket : public Napi::ObjectWrap<NetlinkSocket> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit NetlinkSocket(const Napi::CallbackInfo& info);
  ~NetlinkSocket() override;

 private:
  void Send(const Napi::CallbackInfo& info);
  void CloseFromJs(const Napi::CallbackInfo& info);
  void Read();
  void Tell(const char* octets, size_t size);

  Watch* watch_ = nullptr;
  Napi::FunctionReference listener_;
  Napi::AsyncContext context_;
};

}  // namespace track
