// Requests about interfaces and their IPv4 addresses (man 7 netdevice). Each is one ioctl, but for AddAlias.
// `socket` is the descriptor; arguments and results are in native.ts.
#pragma once

#include <napi.h>

namespace ioctls {

Napi::Value Addresses(int socket, const Napi::CallbackInfo& info);
Napi::Value Name(int socket, const Napi::CallbackInfo& info);
Napi::Value Index(int socket, const Napi::CallbackInfo& info);
Napi::Value Flags(int socket, const Napi::CallbackInfo& info);
Napi::Value HardwareAddress(int socket, const Napi::CallbackInfo& info);
Napi::Value Mtu(int socket, const Napi::CallbackInfo& info);
Napi::Value DriverName(int socket, const Napi::CallbackInfo& info);
Napi::Value Address(int socket, const Napi::CallbackInfo& info);
Napi::Value Netmask(int socket, const Napi::CallbackInfo& info);
Napi::Value AddAlias(int socket, const Napi::CallbackInfo& info);
Napi::Value SetFlags(int socket, const Napi::CallbackInfo& info);
Napi::Value SetHardwareAddress(int socket, const Napi::CallbackInfo& info);

}  // namespace ioctls
