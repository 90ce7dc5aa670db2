// Requests about IPv4 routes of the main table (man 7 rtnetlink calls them "the old interface").
#pragma once

#include <napi.h>

namespace ioctls {

Napi::Value AddRoute(int socket, const Napi::CallbackInfo& info);
Napi::Value DeleteRoute(int socket, const Napi::CallbackInfo& info);

}  // namespace ioctls
