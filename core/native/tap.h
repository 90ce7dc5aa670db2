#pragma once

#include <napi.h>

namespace rvrrpd {

// Calls for looking at an interface rather than speaking on it, see index.ts for what each does.
void InitTap(Napi::Env env, Napi::Object exports);

}  // namespace rvrrpd
