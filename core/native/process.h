#pragma once

#include <napi.h>

namespace rvrrpd {

// Calls about the process among others on this machine, see process.ts for what each does.
void InitProcess(Napi::Env env, Napi::Object exports);

}  // namespace rvrrpd
