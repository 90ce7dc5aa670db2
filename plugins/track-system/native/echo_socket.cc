#include "echo_socket.h"

#include <linux/errqueue.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace track {
namespace {

constexpr int kBatch = 64;  // packets in one turn of the loop: others have their turn too

struct Address {
  sockaddr_storage storage = {};
  socklen_t length = 0;
};

// An IP address in text, an IPv6 one with or without a zone. False: it is none of this family, or there is no such zone.
bool Parse(bool six, const std::string& text, Address* address) {
  addrinfo hints = {};
  hints.ai_family = six ? AF_INET6 : AF_INET;
  hints.ai_socktype = SOCK_DGRAM;
  hints.ai_flags = AI_NUMERICHOST;
  addrinfo* list = nullptr;
  if (getaddrinfo(text.c_str(), nullptr, &hints, &list) != 0) return false;
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(list, freeaddrinfo);
  memcpy(&address->storage, list->ai_addr, list->ai_addrlen);
  address->length = list->ai_addrlen;
  return true;
}

// A link-local address means one on the device, if nothing else is said.
void Scope(Address* address, unsigned index) {
  if (address->storage.ss_family != AF_INET6) return;
  auto* six = reinterpret_cast<sockaddr_in6*>(&address->storage);
  if (six->sin6_scope_id == 0 && IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr)) six->sin6_scope_id = index;
}

// Lets echo replies through alone.
int FilterReplies(int fd, bool six) {
  if (six) {
    icmp6_filter filter;
    ICMP6_FILTER_SETBLOCKALL(&filter);
    ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
    return setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter);
  }
  constexpr int kIcmpFilter = 1;  // ICMP_FILTER, linux/icmp.h
  const uint32_t blocked = ~(1u << ICMP_ECHOREPLY);
  return setsockopt(fd, SOL_RAW, kIcmpFilter, &blocked, sizeof blocked);
}

}  // namespace

Napi::Function EchoSocket::Define(Napi::Env env) {
  return DefineClass(env, "EchoSocket",
                     {InstanceMethod<&EchoSocket::Send>("send"), InstanceMethod<&EchoSocket::CloseFromJs>("close"),
                      InstanceAccessor<&EchoSocket::Raw>("raw")});
}

EchoSocket::EchoSocket(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<EchoSocket>(info), context_(info.Env(), "rvrrpd:echo-socket") {
  const Napi::Env env = info.Env();
  if (info.Length() < 4 || !info[0].IsNumber() || !info[1].IsString() || !info[2].IsString() || !info[3].IsFunction()) {
    throw Napi::TypeError::New(env, "EchoSocket(family: 4 | 6, source: string, device: string, listener: function)");
  }
  six_ = info[0].As<Napi::Number>().Int32Value() == 6;
  const std::string source = info[1].As<Napi::String>();
  const std::string device = info[2].As<Napi::String>();
  listener_ = Napi::Persistent(info[3].As<Napi::Function>());
  const int domain = six_ ? AF_INET6 : AF_INET;
  const int protocol = six_ ? static_cast<int>(IPPROTO_ICMPV6) : static_cast<int>(IPPROTO_ICMP);
  const int flags = SOCK_CLOEXEC | SOCK_NONBLOCK;
  // EACCES: this group may not have ping sockets (net.ipv4.ping_group_range), root's neither.
  int fd = socket(domain, SOCK_DGRAM | flags, protocol);
  if (fd < 0) {
    raw_ = true;
    fd = socket(domain, SOCK_RAW | flags, protocol);
  }
  if (fd < 0) throw SystemError(env, "socket(SOCK_RAW, ICMP)", errno);
  const auto fail = [&](const std::string& call, int error) {
    close(fd);
    throw SystemError(env, call, error);
  };
  if (raw_ && FilterReplies(fd, six_) < 0) fail("setsockopt(ICMP_FILTER)", errno);
  if (!device.empty()) {
    device_index_ = if_nametoindex(device.c_str());
    if (device_index_ == 0) fail("if_nametoindex(" + device + ")", errno);
    if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device.c_str(), static_cast<socklen_t>(device.size())) < 0) {
      fail("setsockopt(SO_BINDTODEVICE, " + device + ")", errno);
    }
  }
  const int on = 1;  // what the network answers to a request that it cannot deliver
  setsockopt(fd, six_ ? SOL_IPV6 : SOL_IP, six_ ? IPV6_RECVERR : IP_RECVERR, &on, sizeof on);
  if (!source.empty()) {
    Address address;
    if (!Parse(six_, source, &address)) fail("bind(" + source + ")", EADDRNOTAVAIL);
    Scope(&address, device_index_);
    if (bind(fd, reinterpret_cast<sockaddr*>(&address.storage), address.length) < 0) fail("bind(" + source + ")", errno);
  }
  Watch::Start(env, fd, &watch_, [this] { Read(); });
  Ref();  // not collected while it listens
}

EchoSocket::~EchoSocket() {
  if (watch_ != nullptr) watch_->Close();
}

Napi::Value EchoSocket::Raw(const Napi::CallbackInfo& info) { return Napi::Boolean::New(info.Env(), raw_); }

void EchoSocket::Send(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (watch_ == nullptr) throw SystemError(env, "sendto(ICMP)", EBADF);
  if (!info[0].IsString() || !info[1].IsTypedArray()) {
    throw Napi::TypeError::New(env, "send(address: string, message: Uint8Array)");
  }
  const std::string text = info[0].As<Napi::String>();
  const auto message = info[1].As<Napi::Uint8Array>();
  Address address;
  if (!Parse(six_, text, &address)) throw SystemError(env, "sendto(" + text + ")", ENODEV);
  Scope(&address, device_index_);
  const ssize_t sent = sendto(watch_->Descriptor(), message.Data(), message.ByteLength(), MSG_DONTWAIT,
                              reinterpret_cast<sockaddr*>(&address.storage), address.length);
  if (sent < 0) throw SystemError(env, "sendto(" + text + ")", errno);
}

void EchoSocket::CloseFromJs(const Napi::CallbackInfo&) {
  if (watch_ == nullptr) return;
  watch_->Close();
  Unref();
}

void EchoSocket::Read() {
  ReadErrors();
  char buffer[4096];
  for (int i = 0; i < kBatch && watch_ != nullptr; i++) {
    const ssize_t got = recv(watch_->Descriptor(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (got < 0) {
      if (errno == EAGAIN) return;
      continue;  // EINTR, or an error that was in the queue too
    }
    // A raw IPv4 socket has the IP header in front.
    const size_t skip = raw_ && !six_ && got > 0 ? static_cast<size_t>(buffer[0] & 0xf) * 4 : 0;
    if (static_cast<size_t>(got) > skip) Tell(buffer + skip, static_cast<size_t>(got) - skip, 0);
  }
}

void EchoSocket::ReadErrors() {
  for (int i = 0; i < kBatch && watch_ != nullptr; i++) {
    char octets[512];
    alignas(cmsghdr) char control[512];
    iovec vector = {octets, sizeof octets};
    msghdr header = {};
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    if (recvmsg(watch_->Descriptor(), &header, MSG_DONTWAIT | MSG_ERRQUEUE) < 0) return;
    for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
      const bool is_error = (part->cmsg_level == SOL_IP && part->cmsg_type == IP_RECVERR) ||
                            (part->cmsg_level == SOL_IPV6 && part->cmsg_type == IPV6_RECVERR);
      if (!is_error) continue;
      sock_extended_err error;
      memcpy(&error, CMSG_DATA(part), sizeof error);
      Tell(nullptr, 0, static_cast<int>(error.ee_errno));
    }
  }
}

void EchoSocket::Tell(const char* octets, size_t size, int error) {
  if (watch_ == nullptr) return;
  Napi::HandleScope scope(Env());
  try {
    const Napi::Value what = octets == nullptr
                                 ? Napi::String::New(Env(), uv_err_name(-error)).As<Napi::Value>()
                                 : Napi::Buffer<char>::Copy(Env(), octets, size).As<Napi::Value>();
    listener_.MakeCallback(Value(), {what}, context_);
  } catch (const Napi::Error& thrown) {
    napi_fatal_exception(Env(), thrown.Value());
  }
}

}  // namespace track
