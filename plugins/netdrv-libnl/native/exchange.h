// Messages to a netfilter subsystem of the kernel and its answers, as they are: what they say is not known here.
#pragma once

#include <napi.h>

namespace libnl {

// Class NetfilterSocket { exchange(messages: Uint8Array, answers: number): Uint8Array; close(): void }
Napi::Function DefineNetfilterSocket(Napi::Env env);

}  // namespace libnl
