#pragma once

#include <napi.h>

namespace rvrrpd {

// openIpSocket: a raw socket for VRRP of an IP family. Contract in index.ts.
void InitIpSocket(Napi::Env env, Napi::Object exports);

}  // namespace rvrrpd
