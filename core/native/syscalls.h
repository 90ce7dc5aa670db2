#pragma once

#include <napi.h>

namespace rvrrpd {

// A JavaScript Error whose `code` is the errno name: "call(arguments): EPERM (Operation not permitted)".
Napi::Error SystemError(Napi::Env env, const std::string& call, int error);

// Single system calls, see index.ts for what each does.
void InitSyscalls(Napi::Env env, Napi::Object exports);

}  // namespace rvrrpd
