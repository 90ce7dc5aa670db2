#pragma once

#include <napi.h>

namespace rvrrpd {

// Descriptors that go from one process to another, see passing.ts for what each call does.
void InitPassing(Napi::Env env, Napi::Object exports);

}  // namespace rvrrpd
