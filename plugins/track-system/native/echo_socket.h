// A socket for ICMP echo requests and their replies: a ping socket, or a raw one where the kernel allows no other.
#pragma once

#include <napi.h>

#include <string>

#include "watch.h"

namespace track {

// JavaScript: `new EchoSocket(family, source, device, listener)`, `send`, `close`, `raw` (see src/native.ts).
class EchoSocket : public Napi::ObjectWrap<EchoSocket> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit EchoSocket(const Napi::CallbackInfo& info);
  ~EchoSocket() override;

 private:
  void Send(const Napi::CallbackInfo& info);
  void CloseFromJs(const Napi::CallbackInfo& info);
  Napi::Value Raw(const Napi::CallbackInfo& info);
  void Read();
  void ReadErrors();
  void Tell(const char* octets, size_t size, int error);

  Watch* watch_ = nullptr;
  bool six_;
  bool raw_ = false;
  unsigned device_index_ = 0;
  Napi::FunctionReference listener_;
  Napi::AsyncContext context_;
};

}  // namespace track
