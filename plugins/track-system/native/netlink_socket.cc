#include "netlink_socket.h"

#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

namespace track {
namespace {

constexpr int kReceiveBuffer = 1024 * 1024;  // a burst of some hundred changes
constexpr int kBatch = 64;                   // datagrams in one turn of the loop: others have their turn too
constexpr size_t kLargest = 64 * 1024;       // of a dump's datagrams: 32 KiB (netlink_dump in the kernel)
constexpr int kStrictCheck = 12;             // NETLINK_GET_STRICT_CHK, Linux 4.20

int Open(Napi::Env env, int protocol, const std::vector<int>& groups) {
  const std::string name = "socket(AF_NETLINK, protocol " + std::to_string(protocol) + ")";
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
  if (fd < 0) throw SystemError(env, name, errno);
  const auto fail = [&](const std::string& call) {
    const int error = errno;
    close(fd);
    throw SystemError(env, call, error);
  };
  // SO_RCVBUFFORCE needs CAP_NET_ADMIN in the initial user namespace; without it, as much as we may have.
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer) < 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof kReceiveBuffer);
  }
  // Has the kernel filter dumps. Where it cannot, dumps are whole, and those who read them choose.
  const int on = 1;
  setsockopt(fd, SOL_NETLINK, kStrictCheck, &on, sizeof on);
  sockaddr_nl address = {};
  address.nl_family = AF_NETLINK;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) fail("bind(AF_NETLINK)");
  for (const int group : groups) {
    if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0) {
      fail("setsockopt(NETLINK_ADD_MEMBERSHIP, " + std::to_string(group) + ")");
    }
  }
  return fd;
}

}  // namespace

Napi::Function NetlinkSocket::Define(Napi::Env env) {
  return DefineClass(
      env, "NetlinkSocket",
      {InstanceMethod<&NetlinkSocket::Send>("send"), InstanceMethod<&NetlinkSocket::CloseFromJs>("close")});
}

NetlinkSocket::NetlinkSocket(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<NetlinkSocket>(info), context_(info.Env(), "rvrrpd:netlink-socket") {
  const Napi::Env env = info.Env();
  if (info.Length() < 3 || !info[0].IsNumber() || !info[1].IsArray() || !info[2].IsFunction()) {
    throw Napi::TypeError::New(env, "NetlinkSocket(protocol: number, groups: number[], listener: function)");
  }
  const auto list = info[1].As<Napi::Array>();
  std::vector<int> groups;
  for (uint32_t i = 0; i < list.Length(); i++) groups.push_back(list.Get(i).As<Napi::Number>().Int32Value());
  listener_ = Napi::Persistent(info[2].As<Napi::Function>());
  const int fd = Open(env, info[0].As<Napi::Number>().Int32Value(), groups);
  Watch::Start(env, fd, &watch_, [this] { Read(); });
  Ref();  // not collected while it listens
}

NetlinkSocket::~NetlinkSocket() {
  if (watch_ != nullptr) watch_->Close();
}

void NetlinkSocket::Send(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (watch_ == nullptr) throw SystemError(env, "send(AF_NETLINK)", EBADF);
  if (!info[0].IsTypedArray()) throw Napi::TypeError::New(env, "send(message: Uint8Array)");
  const auto message = info[0].As<Napi::Uint8Array>();
  sockaddr_nl kernel = {};
  kernel.nl_family = AF_NETLINK;
  const ssize_t sent = sendto(watch_->Descriptor(), message.Data(), message.ByteLength(), MSG_DONTWAIT,
                              reinterpret_cast<sockaddr*>(&kernel), sizeof kernel);
  if (sent < 0) throw SystemError(env, "send(AF_NETLINK)", errno);
}

void NetlinkSocket::CloseFromJs(const Napi::CallbackInfo&) {
  if (watch_ == nullptr) return;
  watch_->Close();
  Unref();
}

void NetlinkSocket::Read() {
  std::vector<char> buffer(kLargest);
  for (int i = 0; i < kBatch && watch_ != nullptr; i++) {
    sockaddr_nl sender = {};
    iovec vector = {buffer.data(), buffer.size()};
    msghdr header = {};
    header.msg_name = &sender;
    header.msg_namelen = sizeof sender;
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    const ssize_t got = recvmsg(watch_->Descriptor(), &header, MSG_DONTWAIT);
    if (got < 0) {
      if (errno == EINTR) continue;
      if (errno != ENOBUFS) return;  // EAGAIN: that was all
      Tell(nullptr, 0);
    } else if (sender.nl_pid == 0) {  // of the kernel: any process may write to this socket
      const bool whole = (header.msg_flags & MSG_TRUNC) == 0;
      Tell(whole ? buffer.data() : nullptr, static_cast<size_t>(got));
    }
  }
}

void NetlinkSocket::Tell(const char* octets, size_t size) {
  Napi::HandleScope scope(Env());
  try {
    const Napi::Value message =
        octets == nullptr ? Env().Null() : Napi::Buffer<char>::Copy(Env(), octets, size).As<Napi::Value>();
    listener_.MakeCallback(Value(), {message}, context_);
  } catch (const Napi::Error& error) {
    napi_fatal_exception(Env(), error.Value());
  }
}

}  // namespace track
