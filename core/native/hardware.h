#pragma once

#include <napi.h>

namespace rvrrpd {

// Calls about network hardware, see hardware.ts for what each does.
void InitHardware(Napi::Env env, Napi::Object exports);

}  // namespace rvrrpd
