// Processes that must not outlive the thread that started them.
#pragma once

#include <napi.h>

namespace track {

// Exports `closeAtExec()`, `guardChild(pid)` and `releaseChild(pid)` (see src/native.ts).
void InitChildren(Napi::Env env, Napi::Object exports);

}  // namespace track
