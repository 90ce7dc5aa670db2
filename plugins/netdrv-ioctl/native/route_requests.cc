#include "route_requests.h"

#include <linux/sockios.h>
#include <net/route.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "arguments.h"
#include "socket.h"

namespace ioctls {
namespace {

// (destination, netmask, gateway, metric)
Napi::Value Change(int socket, const Napi::CallbackInfo& info, unsigned long code, const char* call) {
  const sockaddr_in destination = AddressArgument(info, 0);
  const sockaddr_in mask = AddressArgument(info, 1);
  const sockaddr_in gateway = AddressArgument(info, 2);
  const int metric = info[3].As<Napi::Number>().Int32Value();
  rtentry route{};
  std::memcpy(&route.rt_dst, &destination, sizeof destination);
  std::memcpy(&route.rt_genmask, &mask, sizeof mask);
  std::memcpy(&route.rt_gateway, &gateway, sizeof gateway);
  route.rt_flags = RTF_UP | RTF_GATEWAY;
  route.rt_metric = static_cast<short>(metric + 1);  // the kernel takes one off: 0 is "not given"
  if (ioctl(socket, code, &route) < 0) {
    const int error = errno;
    throw SystemError(info.Env(),
                      std::string("ioctl(") + call + ", " + TextArgument(info, 0) + " mask " + TextArgument(info, 1) +
                          " via " + TextArgument(info, 2) + " metric " + std::to_string(metric) + ")",
                      error);
  }
  return info.Env().Undefined();
}

}  // namespace

Napi::Value AddRoute(int socket, const Napi::CallbackInfo& info) {
  return Change(socket, info, SIOCADDRT, "SIOCADDRT");
}

Napi::Value DeleteRoute(int socket, const Napi::CallbackInfo& info) {
  return Change(socket, info, SIOCDELRT, "SIOCDELRT");
}

}  // namespace ioctls
