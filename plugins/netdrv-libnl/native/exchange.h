// Netlink messages to the kernel and its answers, as they are: what they say is not known here.
#pragma once

#include <napi.h>

namespace libnl {

// Class NetlinkSocket(protocol: number) { exchange(messages: Uint8Array, answers: number): Uint8Array; close(): void }
Napi::Function DefineNetlinkSocket(Napi::Env env);

}  // namespace libnl
