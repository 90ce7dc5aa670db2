// What network hardware tells about itself.
#include "hardware.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "syscalls.h"

namespace rvrrpd {

namespace {

constexpr size_t kLongestAddress = 32;  // MAX_ADDR_LEN

// permanentAddress(name): Uint8Array
Napi::Value PermanentAddress(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string name = info[0].As<Napi::String>().Utf8Value();
  const std::string call = "ioctl(SIOCETHTOOL " + name + ", ETHTOOL_GPERMADDR)";
  ifreq request = {};
  if (name.empty() || name.size() >= sizeof request.ifr_name) throw SystemError(env, call, ENODEV);
  memcpy(request.ifr_name, name.data(), name.size());
  alignas(ethtool_perm_addr) char space[sizeof(ethtool_perm_addr) + kLongestAddress] = {};
  auto* answer = reinterpret_cast<ethtool_perm_addr*>(space);
  answer->cmd = ETHTOOL_GPERMADDR;
  answer->size = kLongestAddress;
  request.ifr_data = space;

  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw SystemError(env, "socket(AF_INET, SOCK_DGRAM)", errno);
  const int failed = ioctl(fd, SIOCETHTOOL, &request);
  const int error = errno;
  close(fd);
  if (failed < 0) throw SystemError(env, call, error);
  const size_t size = answer->size > kLongestAddress ? kLongestAddress : answer->size;
  Napi::Uint8Array octets = Napi::Uint8Array::New(env, size);
  memcpy(octets.Data(), space + sizeof(ethtool_perm_addr), size);
  return octets;
}

}  // namespace

void InitHardware(Napi::Env env, Napi::Object exports) {
  exports.Set("permanentAddress", Napi::Function::New(env, PermanentAddress));
}

}  // namespace rvrrpd
