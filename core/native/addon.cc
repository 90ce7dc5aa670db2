// The core's native part: two classes and some system calls.
#include "claims.h"
#include "hardware.h"
#include "ip_socket.h"
#include "packet_loop.h"
#include "passing.h"
#include "process.h"
#include "signals.h"
#include "syscalls.h"
#include "tap.h"

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  rvrrpd::InitSyscalls(env, exports);
  rvrrpd::InitIpSocket(env, exports);
  rvrrpd::InitTap(env, exports);
  rvrrpd::InitProcess(env, exports);
  rvrrpd::InitHardware(env, exports);
  rvrrpd::InitSignals(env, exports);
  rvrrpd::InitPassing(env, exports);
  rvrrpd::PacketLoop::Init(env, exports);
  rvrrpd::Claims::Init(env, exports);
  return exports;
}

NODE_API_MODULE(core, Init)
