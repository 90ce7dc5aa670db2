// A pipe for what a program writes.
#pragma once

#include <napi.h>

namespace track {

// Exports `openPipe()` and `closeDescriptor()` (see src/native.ts).
void InitOutputPipe(Napi::Env env, Napi::Object exports);

}  // namespace track
