// The addon: sockets and pipes that Node.js does not have, and children that go with their thread.
#include <napi.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "children.h"
#include "echo_socket.h"
#include "netlink_socket.h"
#include "output_pipe.h"
#include "watch.h"

namespace track {

// openTcpSocket(family: 4 | 6, device): descriptor
static Napi::Value OpenTcpSocket(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsNumber() || !info[1].IsString()) {
    throw Napi::TypeError::New(env, "openTcpSocket(family: 4 | 6, device: string)");
  }
  const int domain = info[0].As<Napi::Number>().Int32Value() == 6 ? AF_INET6 : AF_INET;
  const std::string device = info[1].As<Napi::String>();
  const int fd = socket(domain, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) throw SystemError(env, "socket(SOCK_STREAM)", errno);
  if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device.c_str(), static_cast<socklen_t>(device.size())) < 0) {
    const int error = errno;
    close(fd);
    throw SystemError(env, "setsockopt(SO_BINDTODEVICE, " + device + ")", error);
  }
  return Napi::Number::New(env, fd);
}

}  // namespace track

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("NetlinkSocket", track::NetlinkSocket::Define(env));
  exports.Set("EchoSocket", track::EchoSocket::Define(env));
  exports.Set("openTcpSocket", Napi::Function::New(env, track::OpenTcpSocket));
  track::InitChildren(env, exports);
  track::InitOutputPipe(env, exports);
  return exports;
}

NODE_API_MODULE(track, Init)
