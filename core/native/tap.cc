// A packet socket as a tap: everything that passes an interface, with what the kernel knows about each packet.
#include "tap.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <memory>
#include <string>

#include "syscalls.h"

namespace rvrrpd {

namespace {

int IntArgument(const Napi::CallbackInfo& info, size_t index) {
  return info[index].As<Napi::Number>().Int32Value();
}

// interfaces(): { index, name }[]
Napi::Value Interfaces(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::unique_ptr<struct if_nameindex, decltype(&if_freenameindex)> list(if_nameindex(), if_freenameindex);
  if (!list) throw SystemError(env, "if_nameindex()", errno);
  Napi::Array result = Napi::Array::New(env);
  uint32_t count = 0;
  for (const struct if_nameindex* entry = list.get(); entry->if_index != 0; entry++) {
    Napi::Object each = Napi::Object::New(env);
    each.Set("index", Napi::Number::New(env, entry->if_index));
    each.Set("name", Napi::String::New(env, entry->if_name));
    result.Set(count++, each);
  }
  return result;
}

// hardwareType(descriptor): ARPHRD_*
Napi::Value HardwareType(const Napi::CallbackInfo& info) {
  sockaddr_ll address = {};
  socklen_t length = sizeof address;
  if (getsockname(IntArgument(info, 0), reinterpret_cast<sockaddr*>(&address), &length) < 0) {
    throw SystemError(info.Env(), "getsockname(AF_PACKET)", errno);
  }
  return Napi::Number::New(info.Env(), address.sll_hatype);
}

// joinPromiscuous(descriptor, interfaceIndex)
void JoinPromiscuous(const Napi::CallbackInfo& info) {
  packet_mreq request = {};
  request.mr_ifindex = IntArgument(info, 1);
  request.mr_type = PACKET_MR_PROMISC;
  if (setsockopt(IntArgument(info, 0), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof request) < 0) {
    throw SystemError(info.Env(), "setsockopt(PACKET_MR_PROMISC, interface " + std::to_string(request.mr_ifindex) + ")",
                      errno);
  }
}

// reportTimes(descriptor)
void ReportTimes(const Napi::CallbackInfo& info) {
  const int on = 1;
  if (setsockopt(IntArgument(info, 0), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) < 0) {
    throw SystemError(info.Env(), "setsockopt(SO_TIMESTAMPNS)", errno);
  }
}

// receivePacket(descriptor, buffer: Uint8Array, facts: Float64Array of 4): boolean
Napi::Value ReceivePacket(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  auto buffer = info[1].As<Napi::Uint8Array>();
  auto facts = info[2].As<Napi::Float64Array>();
  if (facts.ElementLength() < 4) throw Napi::RangeError::New(env, "receivePacket: facts too small");
  iovec vector = {buffer.Data(), buffer.ElementLength()};
  sockaddr_ll sender = {};
  alignas(cmsghdr) char control[256];
  msghdr header = {};
  header.msg_name = &sender;
  header.msg_namelen = sizeof sender;
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  const ssize_t length = recvmsg(IntArgument(info, 0), &header, MSG_DONTWAIT | MSG_TRUNC);
  if (length < 0) {
    if (errno == EAGAIN || errno == EINTR) return Napi::Boolean::New(env, false);
    throw SystemError(env, "recvmsg(AF_PACKET)", errno);
  }
  timespec time = {};
  int tag = -1;
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
      memcpy(&time, CMSG_DATA(c), sizeof time);
    } else if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA) {
      tpacket_auxdata auxiliary;
      memcpy(&auxiliary, CMSG_DATA(c), sizeof auxiliary);
      if (auxiliary.tp_status & TP_STATUS_VLAN_VALID) tag = auxiliary.tp_vlan_tci;
    }
  }
  facts[0] = static_cast<double>(length);
  facts[1] = time.tv_sec * 1e3 + time.tv_nsec / 1e6;
  facts[2] = sender.sll_pkttype;
  facts[3] = tag;
  return Napi::Boolean::New(env, true);
}

// packetDrops(descriptor): number
Napi::Value PacketDrops(const Napi::CallbackInfo& info) {
  tpacket_stats statistics = {};
  socklen_t length = sizeof statistics;
  if (getsockopt(IntArgument(info, 0), SOL_PACKET, PACKET_STATISTICS, &statistics, &length) < 0) {
    throw SystemError(info.Env(), "getsockopt(PACKET_STATISTICS)", errno);
  }
  return Napi::Number::New(info.Env(), statistics.tp_drops);
}

// Waits in a thread of the pool, so that JavaScript goes on meanwhile.
class Wait : public Napi::AsyncWorker {
 public:
  Wait(Napi::Env env, int fd, int timeout)
      : Napi::AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)), fd_(fd), timeout_(timeout) {}
  Napi::Promise Promise() const { return deferred_.Promise(); }

  void Execute() override {
    pollfd request = {fd_, POLLIN, 0};
    const int ready = poll(&request, 1, timeout_);
    if (ready < 0 && errno != EINTR) error_ = errno;
    readable_ = ready > 0;
  }
  void OnOK() override {
    if (error_ != 0) deferred_.Reject(SystemError(Env(), "poll(descriptor " + std::to_string(fd_) + ")", error_).Value());
    else deferred_.Resolve(Napi::Boolean::New(Env(), readable_));
  }

 private:
  Napi::Promise::Deferred deferred_;
  const int fd_;
  const int timeout_;
  int error_ = 0;
  bool readable_ = false;
};

// waitReadable(descriptor, timeoutMs): Promise<boolean>
Napi::Value WaitReadable(const Napi::CallbackInfo& info) {
  auto* wait = new Wait(info.Env(), IntArgument(info, 0), IntArgument(info, 1));
  const Napi::Promise promise = wait->Promise();
  wait->Queue();  // it deletes itself
  return promise;
}

}  // namespace

void InitTap(Napi::Env env, Napi::Object exports) {
  exports.Set("interfaces", Napi::Function::New(env, Interfaces));
  exports.Set("hardwareType", Napi::Function::New(env, HardwareType));
  exports.Set("joinPromiscuous", Napi::Function::New(env, JoinPromiscuous));
  exports.Set("reportTimes", Napi::Function::New(env, ReportTimes));
  exports.Set("receivePacket", Napi::Function::New(env, ReceivePacket));
  exports.Set("packetDrops", Napi::Function::New(env, PacketDrops));
  exports.Set("waitReadable", Napi::Function::New(env, WaitReadable));
}

}  // namespace rvrrpd
