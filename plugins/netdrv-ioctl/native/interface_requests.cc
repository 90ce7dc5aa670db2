#include "interface_requests.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

#include "arguments.h"
#include "socket.h"

namespace ioctls {
namespace {

// A request about an interface or an alias label. Throws an Error with code ENODEV if the name is too long.
ifreq About(const Napi::CallbackInfo& info, const std::string& name) {
  ifreq request{};
  if (name.size() >= sizeof request.ifr_name) throw SystemError(info.Env(), "name too long: '" + name + "'", ENODEV);
  std::memcpy(request.ifr_name, name.data(), name.size());
  return request;
}

// One of `expected` is told by returning false, everything else but success by throwing.
bool Ask(int socket, unsigned long code, const char* call, ifreq& request, const Napi::CallbackInfo& info,
         std::initializer_list<int> expected = {}, const std::string& more = "") {
  const std::string name(request.ifr_name, strnlen(request.ifr_name, sizeof request.ifr_name));
  if (ioctl(socket, code, &request) >= 0) return true;
  const int error = errno;
  for (const int each : expected) {
    if (error == each) return false;
  }
  throw SystemError(info.Env(), std::string("ioctl(") + call + ", " + name + (more.empty() ? "" : ", " + more) + ")",
                    error);
}

void SetAddress(ifreq& request, const sockaddr_in& address) {
  std::memcpy(&request.ifr_addr, &address, sizeof address);
}

}  // namespace

// addresses(): Uint8Array. SIOCGIFCONF in records of 20 octets: label of 16, padded with zeros, and address.
Napi::Value Addresses(int socket, const Napi::CallbackInfo& info) {
  std::vector<ifreq> list(64);
  ifconf request{};
  for (;;) {
    request.ifc_len = static_cast<int>(list.size() * sizeof(ifreq));
    request.ifc_req = list.data();
    if (ioctl(socket, SIOCGIFCONF, &request) < 0) throw SystemError(info.Env(), "ioctl(SIOCGIFCONF)", errno);
    // It does not say what it left out for want of room.
    if (static_cast<size_t>(request.ifc_len) < list.size() * sizeof(ifreq)) break;
    list.resize(list.size() * 4);
  }
  constexpr size_t kRecord = IFNAMSIZ + sizeof(in_addr);
  const size_t count = request.ifc_len / sizeof(ifreq);
  Napi::Uint8Array records = Napi::Uint8Array::New(info.Env(), count * kRecord);
  for (size_t i = 0; i < count; i++) {
    sockaddr_in address;
    std::memcpy(&address, &list[i].ifr_addr, sizeof address);
    std::strncpy(reinterpret_cast<char*>(records.Data() + i * kRecord), list[i].ifr_name, IFNAMSIZ);
    std::memcpy(records.Data() + i * kRecord + IFNAMSIZ, &address.sin_addr, sizeof address.sin_addr);
  }
  return records;
}

// name(index): string | null
Napi::Value Name(int socket, const Napi::CallbackInfo& info) {
  ifreq request{};
  request.ifr_ifindex = info[0].As<Napi::Number>().Int32Value();
  if (!Ask(socket, SIOCGIFNAME, "SIOCGIFNAME", request, info, {ENODEV, ENXIO})) return info.Env().Null();
  return Napi::String::New(info.Env(), request.ifr_name);
}

// index(name): number | null
Napi::Value Index(int socket, const Napi::CallbackInfo& info) {
  ifreq request = About(info, TextArgument(info, 0));
  if (!Ask(socket, SIOCGIFINDEX, "SIOCGIFINDEX", request, info, {ENODEV})) return info.Env().Null();
  return Napi::Number::New(info.Env(), request.ifr_ifindex);
}

// flags(name): number
Napi::Value Flags(int socket, const Napi::CallbackInfo& info) {
  ifreq request = About(info, TextArgument(info, 0));
  Ask(socket, SIOCGIFFLAGS, "SIOCGIFFLAGS", request, info);
  return Napi::Number::New(info.Env(), static_cast<unsigned short>(request.ifr_flags));
}

// hardwareAddress(name): Uint8Array of the ARPHRD type, two octets in network order, and 14 of the address
Napi::Value HardwareAddress(int socket, const Napi::CallbackInfo& info) {
  ifreq request = About(info, TextArgument(info, 0));
  Ask(socket, SIOCGIFHWADDR, "SIOCGIFHWADDR", request, info);
  constexpr size_t kType = 2;
  Napi::Uint8Array result = Napi::Uint8Array::New(info.Env(), kType + sizeof request.ifr_hwaddr.sa_data);
  result[0] = static_cast<uint8_t>(request.ifr_hwaddr.sa_family >> 8);
  result[1] = static_cast<uint8_t>(request.ifr_hwaddr.sa_family);
  std::memcpy(result.Data() + kType, request.ifr_hwaddr.sa_data, sizeof request.ifr_hwaddr.sa_data);
  return result;
}

// mtu(name): number
Napi::Value Mtu(int socket, const Napi::CallbackInfo& info) {
  ifreq request = About(info, TextArgument(info, 0));
  Ask(socket, SIOCGIFMTU, "SIOCGIFMTU", request, info);
  return Napi::Number::New(info.Env(), request.ifr_mtu);
}

// driverName(name): string, empty if the driver has none to tell
Napi::Value DriverName(int socket, const Napi::CallbackInfo& info) {
  ifreq request = About(info, TextArgument(info, 0));
  ethtool_drvinfo driver{};
  driver.cmd = ETHTOOL_GDRVINFO;
  request.ifr_data = reinterpret_cast<char*>(&driver);
  if (!Ask(socket, SIOCETHTOOL, "SIOCETHTOOL, ETHTOOL_GDRVINFO", request, info, {EOPNOTSUPP})) driver.driver[0] = '\0';
  return Napi::String::New(info.Env(), driver.driver, strnlen(driver.driver, sizeof driver.driver));
}

// address(label): string | null, the first address of that label
Napi::Value Address(int socket, const Napi::CallbackInfo& info) {
  ifreq request = About(info, TextArgument(info, 0));
  if (!Ask(socket, SIOCGIFADDR, "SIOCGIFADDR", request, info, {EADDRNOTAVAIL, ENODEV})) return info.Env().Null();
  return Napi::String::New(info.Env(), TextOf(request.ifr_addr));
}

// netmask(label, address): string | null. With an address given, the kernel looks for label and address.
Napi::Value Netmask(int socket, const Napi::CallbackInfo& info) {
  ifreq request = About(info, TextArgument(info, 0));
  SetAddress(request, AddressArgument(info, 1));
  if (!Ask(socket, SIOCGIFNETMASK, "SIOCGIFNETMASK", request, info, {EADDRNOTAVAIL, ENODEV})) return info.Env().Null();
  return Napi::String::New(info.Env(), TextOf(request.ifr_netmask));
}

// addAlias(label, address, netmask). The one thing here that is more than one call: SIOCSIFADDR gives the
// address the netmask of its class (RFC 791), and a route to that network, until SIOCSIFNETMASK says better.
// Nothing of JavaScript, no garbage collection, must come in between.
Napi::Value AddAlias(int socket, const Napi::CallbackInfo& info) {
  const std::string label = TextArgument(info, 0);
  const std::string address_text = TextArgument(info, 1);
  const std::string mask_text = TextArgument(info, 2);
  ifreq address = About(info, label);
  SetAddress(address, AddressArgument(info, 1));
  ifreq mask = About(info, label);
  SetAddress(mask, AddressArgument(info, 2));
  ifreq no_broadcast = About(info, label);
  SetAddress(no_broadcast, sockaddr_in{AF_INET, 0, {0}, {}});
  Ask(socket, SIOCSIFADDR, "SIOCSIFADDR", address, info, {}, address_text);
  try {
    Ask(socket, SIOCSIFNETMASK, "SIOCSIFNETMASK", mask, info, {}, mask_text);
    // The class's broadcast address is still there: of a prefix of 31 or 32 bits the kernel does not see to it.
    // It is not there at all (EADDRNOTAVAIL) if the interface had address and netmask already.
    Ask(socket, SIOCSIFBRDADDR, "SIOCSIFBRDADDR", no_broadcast, info, {EADDRNOTAVAIL}, "0.0.0.0");
  } catch (const Napi::Error&) {
    ifreq down = About(info, label);
    ioctl(socket, SIOCSIFFLAGS, &down);  // not half an address
    throw;
  }
  return info.Env().Undefined();
}

// setFlags(name or label, flags)
Napi::Value SetFlags(int socket, const Napi::CallbackInfo& info) {
  ifreq request = About(info, TextArgument(info, 0));
  const int flags = info[1].As<Napi::Number>().Int32Value();
  request.ifr_flags = static_cast<short>(flags);
  Ask(socket, SIOCSIFFLAGS, "SIOCSIFFLAGS", request, info, {}, (flags & IFF_UP) != 0 ? "IFF_UP" : "not IFF_UP");
  return info.Env().Undefined();
}

// setHardwareAddress(name, type: number, address: Uint8Array of up to 14)
Napi::Value SetHardwareAddress(int socket, const Napi::CallbackInfo& info) {
  ifreq request = About(info, TextArgument(info, 0));
  const auto octets = info[2].As<Napi::Uint8Array>();
  if (octets.ElementLength() > sizeof request.ifr_hwaddr.sa_data) {
    throw SystemError(info.Env(), "hardware address of " + std::to_string(octets.ElementLength()) + " octets", EINVAL);
  }
  request.ifr_hwaddr.sa_family = static_cast<sa_family_t>(info[1].As<Napi::Number>().Uint32Value());
  std::memcpy(request.ifr_hwaddr.sa_data, octets.Data(), octets.ElementLength());
  Ask(socket, SIOCSIFHWADDR, "SIOCSIFHWADDR", request, info);
  return info.Env().Undefined();
}

}  // namespace ioctls
