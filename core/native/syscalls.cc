// Packet sockets, the monotonic clock and the calling thread's scheduling.
#include "syscalls.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include <string>
#include <vector>

namespace rvrrpd {

Napi::Error SystemError(Napi::Env env, const std::string& call, int error) {
  // libuv's name: glibc has its own only since 2.32, musl has none.
  char name[64];
  uv_err_name_r(-error, name, sizeof name);
  const std::string code = name[0] == 'E' ? name : std::to_string(error);
  Napi::Error result = Napi::Error::New(env, call + ": " + code + " (" + strerror(error) + ")");
  result.Set("code", Napi::String::New(env, code));
  return result;
}

namespace {

int IntArgument(const Napi::CallbackInfo& info, size_t index) {
  return info[index].As<Napi::Number>().Int32Value();
}

// openPacketSocket(receiveBuffer, sendBuffer): descriptor
Napi::Value OpenPacketSocket(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const int receive_buffer = IntArgument(info, 0);
  const int send_buffer = IntArgument(info, 1);
  // Protocol 0: nothing arrives before the socket is bound to its interface.
  const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) throw SystemError(env, "socket(AF_PACKET, SOCK_RAW)", errno);
  const auto fail = [&](const std::string& call) {
    const int error = errno;
    close(fd);
    throw SystemError(env, call, error);
  };
  // The FORCE forms go beyond net.core.[rw]mem_max, which is too small for a burst of 250 advertisements.
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer, sizeof receive_buffer) < 0 &&
      setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer) < 0) {
    fail("setsockopt(SO_RCVBUF, " + std::to_string(receive_buffer) + ")");
  }
  if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &send_buffer, sizeof send_buffer) < 0 &&
      setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer) < 0) {
    fail("setsockopt(SO_SNDBUF, " + std::to_string(send_buffer) + ")");
  }
  // Above bulk traffic in the queueing discipline (TC_PRIO_CONTROL).
  const int priority = 7;
  if (setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &priority, sizeof priority) < 0) fail("setsockopt(SO_PRIORITY, 7)");
  // With each packet comes when the kernel received it.
  const int stamps = 1;
  if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &stamps, sizeof stamps) < 0) fail("setsockopt(SO_TIMESTAMPNS)");
  return Napi::Number::New(env, fd);
}

// bindPacketSocket(descriptor, interfaceIndex, etherType)
void BindPacketSocket(const Napi::CallbackInfo& info) {
  sockaddr_ll address = {};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = IntArgument(info, 1);
  address.sll_protocol = htons(IntArgument(info, 2));
  if (bind(IntArgument(info, 0), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) {
    throw SystemError(info.Env(), "bind(AF_PACKET, interface " + std::to_string(address.sll_ifindex) + ")", errno);
  }
}

// joinMulticast(descriptor, interfaceIndex, mac: Uint8Array)
void JoinMulticast(const Napi::CallbackInfo& info) {
  const auto mac = info[2].As<Napi::Uint8Array>();
  packet_mreq request = {};
  request.mr_ifindex = IntArgument(info, 1);
  request.mr_type = PACKET_MR_MULTICAST;
  request.mr_alen = ETHER_ADDR_LEN;
  if (mac.ElementLength() != ETHER_ADDR_LEN) throw Napi::TypeError::New(info.Env(), "joinMulticast: MAC of 6 octets");
  memcpy(request.mr_address, mac.Data(), ETHER_ADDR_LEN);
  if (setsockopt(IntArgument(info, 0), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof request) < 0) {
    throw SystemError(info.Env(), "setsockopt(PACKET_ADD_MEMBERSHIP, interface " + std::to_string(request.mr_ifindex) + ")",
                      errno);
  }
}

// openMembership(family: 4 | 6, interfaceIndex): descriptor
Napi::Value OpenMembership(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const bool six = IntArgument(info, 0) == 6;
  const int index = IntArgument(info, 1);
  const int fd = socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) throw SystemError(env, six ? "socket(AF_INET6, SOCK_DGRAM)" : "socket(AF_INET, SOCK_DGRAM)", errno);
  int result;
  if (six) {
    ipv6_mreq request = {};
    inet_pton(AF_INET6, "ff02::12", &request.ipv6mr_multiaddr);
    request.ipv6mr_interface = index;
    result = setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof request);
  } else {
    ip_mreqn request = {};
    inet_pton(AF_INET, "224.0.0.18", &request.imr_multiaddr);
    request.imr_ifindex = index;
    result = setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request);
  }
  if (result < 0) {
    const int error = errno;
    close(fd);
    const std::string call = six ? "setsockopt(IPV6_JOIN_GROUP, ff02::12" : "setsockopt(IP_ADD_MEMBERSHIP, 224.0.0.18";
    throw SystemError(env, call + ", interface " + std::to_string(index) + ")", error);
  }
  return Napi::Number::New(env, fd);
}

// attachFilter(descriptor, program: Uint32Array of [code, jt, jf, k]…)
void AttachFilter(const Napi::CallbackInfo& info) {
  const auto words = info[1].As<Napi::Uint32Array>();
  std::vector<sock_filter> program(words.ElementLength() / 4);
  for (size_t i = 0; i < program.size(); i++) {
    program[i].code = static_cast<uint16_t>(words[4 * i]);
    program[i].jt = static_cast<uint8_t>(words[4 * i + 1]);
    program[i].jf = static_cast<uint8_t>(words[4 * i + 2]);
    program[i].k = words[4 * i + 3];
  }
  sock_fprog description = {static_cast<unsigned short>(program.size()), program.data()};
  if (setsockopt(IntArgument(info, 0), SOL_SOCKET, SO_ATTACH_FILTER, &description, sizeof description) < 0) {
    throw SystemError(info.Env(), "setsockopt(SO_ATTACH_FILTER, " + std::to_string(program.size()) + " instructions)",
                      errno);
  }
}

// reportVlanTags(descriptor)
void ReportVlanTags(const Napi::CallbackInfo& info) {
  const int on = 1;
  if (setsockopt(IntArgument(info, 0), SOL_PACKET, PACKET_AUXDATA, &on, sizeof on) < 0) {
    throw SystemError(info.Env(), "setsockopt(PACKET_AUXDATA)", errno);
  }
}

// detachFilter(descriptor)
void DetachFilter(const Napi::CallbackInfo& info) {
  const int unused = 0;
  if (setsockopt(IntArgument(info, 0), SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof unused) < 0 && errno != ENOENT) {
    throw SystemError(info.Env(), "setsockopt(SO_DETACH_FILTER)", errno);
  }
}

// closeDescriptor(descriptor)
void CloseDescriptor(const Napi::CallbackInfo& info) { close(IntArgument(info, 0)); }

// monotonicMs(): CLOCK_MONOTONIC in ms
Napi::Value MonotonicMs(const Napi::CallbackInfo& info) {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return Napi::Number::New(info.Env(), now.tv_sec * 1e3 + now.tv_nsec / 1e6);
}

// namespaceCookie(): of this thread's network namespace (SO_NETNS_COOKIE, Linux 5.14), never used again
Napi::Value NamespaceCookie(const Napi::CallbackInfo& info) {
  constexpr int kNetnsCookie = 71; // asm-generic/socket.h, which may be older than the kernel
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw SystemError(info.Env(), "socket(AF_UNIX, SOCK_DGRAM)", errno);
  uint64_t cookie = 0;
  socklen_t length = sizeof cookie;
  const int result = getsockopt(fd, SOL_SOCKET, kNetnsCookie, &cookie, &length);
  const int error = errno;
  close(fd);
  if (result < 0) throw SystemError(info.Env(), "getsockopt(SO_NETNS_COOKIE)", error);
  return Napi::String::New(info.Env(), std::to_string(cookie));
}

// setThreadScheduling(policy: 0 other | 1 fifo, priority, nice): of the calling thread alone
void SetThreadScheduling(const Napi::CallbackInfo& info) {
  const bool fifo = IntArgument(info, 0) == 1;
  sched_param parameters = {};
  parameters.sched_priority = fifo ? IntArgument(info, 1) : 0;
  const int policy = fifo ? SCHED_FIFO : SCHED_OTHER;
  // 0 is the calling thread, not the process (man 2 sched_setscheduler).
  if (sched_setscheduler(0, policy | SCHED_RESET_ON_FORK, &parameters) < 0) {
    throw SystemError(info.Env(), std::string("sched_setscheduler(") + (fifo ? "SCHED_FIFO" : "SCHED_OTHER") + ")", errno);
  }
  if (fifo) return;
  const int nice = IntArgument(info, 2);
  if (setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), nice) < 0) {
    throw SystemError(info.Env(), "setpriority(" + std::to_string(nice) + ")", errno);
  }
}

}  // namespace

void InitSyscalls(Napi::Env env, Napi::Object exports) {
  exports.Set("openPacketSocket", Napi::Function::New(env, OpenPacketSocket));
  exports.Set("bindPacketSocket", Napi::Function::New(env, BindPacketSocket));
  exports.Set("joinMulticast", Napi::Function::New(env, JoinMulticast));
  exports.Set("openMembership", Napi::Function::New(env, OpenMembership));
  exports.Set("attachFilter", Napi::Function::New(env, AttachFilter));
  exports.Set("reportVlanTags", Napi::Function::New(env, ReportVlanTags));
  exports.Set("detachFilter", Napi::Function::New(env, DetachFilter));
  exports.Set("closeDescriptor", Napi::Function::New(env, CloseDescriptor));
  exports.Set("monotonicMs", Napi::Function::New(env, MonotonicMs));
  exports.Set("namespaceCookie", Napi::Function::New(env, NamespaceCookie));
  exports.Set("setThreadScheduling", Napi::Function::New(env, SetThreadScheduling));
}

}  // namespace rvrrpd
