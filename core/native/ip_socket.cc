// Raw IP sockets for VRRP without multicast: the kernel writes the IP header, finds the way and the neighbour.
#include "ip_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "syscalls.h"

namespace rvrrpd {

namespace {

constexpr int kVrrp = 112;
// The TTL that shows that no router has forwarded it (RFC 3768 §5.2.3), and DSCP CS6, network control.
constexpr int kHopLimit = 255;
constexpr int kTrafficClass = 0xc0;
// Above bulk traffic in the queueing discipline (TC_PRIO_CONTROL).
constexpr int kPriority = 7;
// linux/in6.h, which does not go with netinet/in.h; Linux 4.20.
constexpr int kIpv6MulticastAll = 29;

// Whatever fails is told with the call and its value.
class Options {
 public:
  Options(Napi::Env env, int fd) : env_(env), fd_(fd) {}

  void Set(int level, int name, int value, const char* text) const {
    if (setsockopt(fd_, level, name, &value, sizeof value) < 0) Fail(text, value);
  }

  // The FORCE form goes beyond net.core.[rw]mem_max, but needs CAP_NET_ADMIN.
  void SetBuffer(int force, int name, int value, const char* text) const {
    if (setsockopt(fd_, SOL_SOCKET, force, &value, sizeof value) < 0) Set(SOL_SOCKET, name, value, text);
  }

 private:
  [[noreturn]] void Fail(const char* text, int value) const {
    throw SystemError(env_, std::string("setsockopt(") + text + ", " + std::to_string(value) + ")", errno);
  }

  Napi::Env env_;
  int fd_;
};

// A raw socket receives from the moment that it exists. Nothing may get in before it is bound and has its filter.
void CloseTheDoor(Napi::Env env, int fd) {
  sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
  sock_fprog program = {1, &nothing};
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0) {
    throw SystemError(env, "setsockopt(SO_ATTACH_FILTER, 1 instruction)", errno);
  }
}

// What got in before the door was closed.
void Empty(int fd) {
  char octet;
  while (recv(fd, &octet, sizeof octet, MSG_DONTWAIT) >= 0) {
  }
}

void SetUp(Napi::Env env, int fd, bool six, int receive_buffer, int send_buffer) {
  const Options options(env, fd);
  options.SetBuffer(SO_RCVBUFFORCE, SO_RCVBUF, receive_buffer, "SO_RCVBUF");
  options.SetBuffer(SO_SNDBUFFORCE, SO_SNDBUF, send_buffer, "SO_SNDBUF");
  // With each packet comes when the kernel received it.
  options.Set(SOL_SOCKET, SO_TIMESTAMPNS, 1, "SO_TIMESTAMPNS");
  if (six) {
    options.Set(IPPROTO_IPV6, IPV6_UNICAST_HOPS, kHopLimit, "IPV6_UNICAST_HOPS");
    options.Set(IPPROTO_IPV6, IPV6_TCLASS, kTrafficClass, "IPV6_TCLASS");
    // No header comes with an IPv6 packet: hop limit and destination do.
    options.Set(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1, "IPV6_RECVHOPLIMIT");
    options.Set(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO");
    options.Set(IPPROTO_IPV6, IPV6_RECVERR, 1, "IPV6_RECVERR");
    const int off = 0;  // an older kernel does without: the engine looks at the destination
    setsockopt(fd, IPPROTO_IPV6, kIpv6MulticastAll, &off, sizeof off);
  } else {
    options.Set(IPPROTO_IP, IP_TTL, kHopLimit, "IP_TTL");
    options.Set(IPPROTO_IP, IP_TOS, kTrafficClass, "IP_TOS");
    options.Set(IPPROTO_IP, IP_RECVERR, 1, "IP_RECVERR");
  }
  options.Set(SOL_SOCKET, SO_PRIORITY, kPriority, "SO_PRIORITY");  // last: IP_TOS sets it too
}

void Bind(Napi::Env env, int fd, const std::string& source, bool six, uint32_t scope) {
  sockaddr_storage address = {};
  socklen_t length;
  if (six) {
    auto* in6 = reinterpret_cast<sockaddr_in6*>(&address);
    in6->sin6_family = AF_INET6;
    // A link-local address binds the socket to its interface.
    in6->sin6_scope_id = scope;
    length = sizeof *in6;
    if (inet_pton(AF_INET6, source.c_str(), &in6->sin6_addr) != 1) errno = EINVAL, length = 0;
  } else {
    auto* in = reinterpret_cast<sockaddr_in*>(&address);
    in->sin_family = AF_INET;
    length = sizeof *in;
    if (inet_pton(AF_INET, source.c_str(), &in->sin_addr) != 1) errno = EINVAL, length = 0;
  }
  if (length > 0 && bind(fd, reinterpret_cast<sockaddr*>(&address), length) == 0) return;
  throw SystemError(env, "bind(" + source + (scope ? ", interface " + std::to_string(scope) : "") + ")", errno);
}

// openIpSocket(family: 4 | 6, source: string, scope, receiveBuffer, sendBuffer): descriptor
Napi::Value OpenIpSocket(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const bool six = info[0].As<Napi::Number>().Int32Value() == 6;
  const std::string source = info[1].As<Napi::String>().Utf8Value();
  const uint32_t scope = info[2].As<Napi::Number>().Uint32Value();
  const int receive_buffer = info[3].As<Napi::Number>().Int32Value();
  const int send_buffer = info[4].As<Napi::Number>().Int32Value();
  const int fd = socket(six ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, kVrrp);
  if (fd < 0) throw SystemError(env, six ? "socket(AF_INET6, SOCK_RAW, 112)" : "socket(AF_INET, SOCK_RAW, 112)", errno);
  try {
    CloseTheDoor(env, fd);
    SetUp(env, fd, six, receive_buffer, send_buffer);
    Bind(env, fd, source, six, scope);
  } catch (const Napi::Error&) {
    close(fd);
    throw;
  }
  Empty(fd);
  return Napi::Number::New(env, fd);
}

}  // namespace

void InitIpSocket(Napi::Env env, Napi::Object exports) {
  exports.Set("openIpSocket", Napi::Function::New(env, OpenIpSocket));
}

}  // namespace rvrrpd
