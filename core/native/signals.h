#pragma once

#include <napi.h>

namespace rvrrpd {

// Signals that Node.js has no handlers for, see signals.ts for what each call does.
void InitSignals(Napi::Env env, Napi::Object exports);

}  // namespace rvrrpd
