#pragma once

#include <napi.h>

#include <set>
#include <string>

namespace rvrrpd {

// Names that one process of a network namespace can have at a time: abstract sockets (man 7 unix). A name is the
// process's for as long as any object of any of its threads holds it. Contract in claims.ts.
class Claims : public Napi::ObjectWrap<Claims> {
 public:
  static void Init(Napi::Env env, Napi::Object exports);
  explicit Claims(const Napi::CallbackInfo& info);
  ~Claims() override;

 private:
  Napi::Value Take(const Napi::CallbackInfo& info);
  void Release(const Napi::CallbackInfo& info);
  Napi::Value Callers(const Napi::CallbackInfo& info);

  std::set<std::string> names_;
};

}  // namespace rvrrpd
