#include "monitor.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/netlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace libnl {
namespace {

constexpr int kReceiveBuffer = 4 * 1024 * 1024;  // a burst of some thousand changes

struct News {
  const char* type;
  int index = 0;
  std::string text = "";  // a link's name, an address
  bool gone = false;
};

// Of routes, lets only those through that somebody configured by hand or that we installed (protocol
// "boot"): a routing daemon's thousands, and the local route of every address, are not for us.
void FilterRoutes(int fd) {
  const uint16_t type = offsetof(nlmsghdr, nlmsg_type);
  const uint16_t protocol = NLMSG_HDRLEN + offsetof(rtmsg, rtm_protocol);
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, type),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWROUTE), 1, 0),  // BPF loads big-endian, netlink is native
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELROUTE), 0, 2),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, protocol),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RTPROT_BOOT, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  sock_fprog filter{sizeof program / sizeof program[0], program};
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) < 0) {
    throw std::runtime_error(std::string("setsockopt(SO_ATTACH_FILTER): ") + ErrnoName(errno));
  }
}

void Join(nl_sock* socket) {
  const int failed = nl_socket_add_memberships(socket, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
                                               RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE,
                                               RTNLGRP_NONE);
  if (failed < 0) throw std::runtime_error(std::string("nl_socket_add_memberships: ") + nl_geterror(failed));
}

void Leave(nl_sock* socket) {
  const int failed = nl_socket_drop_memberships(socket, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
                                                RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE,
                                               RTNLGRP_NONE);
  if (failed < 0) throw std::runtime_error(std::string("nl_socket_drop_memberships: ") + nl_geterror(failed));
}

Socket OpenMonitor() {
  Socket socket = Connect();
  const int fd = nl_socket_get_fd(socket.get());
  nl_socket_disable_seq_check(socket.get());
  nl_socket_set_nonblocking(socket.get());
  // SO_RCVBUFFORCE needs CAP_NET_ADMIN in the initial user namespace; without it, as much as we may have.
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer) < 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof kReceiveBuffer);
  }
  FilterRoutes(fd);
  Join(socket.get());
  return socket;
}

void ParseLink(nlmsghdr* header, std::vector<News>& news) {
  const auto* link = static_cast<const ifinfomsg*>(nlmsg_data(header));
  // AF_BRIDGE speaks of a bridge port, not of the link: its RTM_DELLINK means "left the bridge".
  if (nlmsg_datalen(header) < static_cast<int>(sizeof *link) || link->ifi_family != AF_UNSPEC) return;
  nlattr* name = nlmsg_find_attr(header, sizeof *link, IFLA_IFNAME);
  news.push_back({"link", link->ifi_index, name == nullptr ? "" : nla_get_string(name),
                  header->nlmsg_type == RTM_DELLINK});
}

void ParseAddress(nlmsghdr* header, std::vector<News>& news) {
  const auto* message = static_cast<const ifaddrmsg*>(nlmsg_data(header));
  if (nlmsg_datalen(header) < static_cast<int>(sizeof *message)) return;
  // IFA_LOCAL is the interface's own address, IFA_ADDRESS the peer's where there is one (linux/if_addr.h).
  nlattr* address = nlmsg_find_attr(header, sizeof *message, IFA_LOCAL);
  if (address == nullptr) address = nlmsg_find_attr(header, sizeof *message, IFA_ADDRESS);
  if (address == nullptr || nla_len(address) < (message->ifa_family == AF_INET6 ? 16 : 4)) return;
  char text[INET6_ADDRSTRLEN];
  if (inet_ntop(message->ifa_family, nla_data(address), text, sizeof text) == nullptr) return;
  news.push_back({"address", static_cast<int>(message->ifa_index), text, header->nlmsg_type == RTM_DELADDR});
}

void Parse(char* octets, int size, std::vector<News>& news) {
  int left = size;
  for (auto* header = reinterpret_cast<nlmsghdr*>(octets); nlmsg_ok(header, left); header = nlmsg_next(header, &left)) {
    switch (header->nlmsg_type) {
      case RTM_NEWLINK:
      case RTM_DELLINK:
        ParseLink(header, news);
        break;
      case RTM_NEWADDR:
      case RTM_DELADDR:
        ParseAddress(header, news);
        break;
      case RTM_NEWROUTE:
      case RTM_DELROUTE:
        news.push_back({"route", 0, "", header->nlmsg_type == RTM_DELROUTE});
        break;
      case RTM_NEWRULE:
      case RTM_DELRULE:
        news.push_back({"route", 0, "", header->nlmsg_type == RTM_DELRULE});
        break;
      default:
        break;
    }
  }
}

Napi::Array ToJs(Napi::Env env, const std::vector<News>& news) {
  Napi::Array list = Napi::Array::New(env, news.size());
  for (size_t i = 0; i < news.size(); i++) {
    const std::string type = news[i].type;
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("type", type);
    if (type == "link" || type == "address") {
      entry.Set("index", news[i].index);
      entry.Set(type == "link" ? "name" : "address", news[i].text);
    }
    if (type != "overrun") entry.Set("gone", Napi::Boolean::New(env, news[i].gone));
    list.Set(static_cast<uint32_t>(i), entry);
  }
  return list;
}

}  // namespace

Napi::Function Monitor::Define(Napi::Env env) {
  return DefineClass(env, "Monitor",
                     {InstanceMethod<&Monitor::CloseFromJs>("close"), InstanceMethod<&Monitor::Listen>("listen"),
                      InstanceAccessor<&Monitor::Room>("room")});
}

Monitor::Monitor(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<Monitor>(info), context_(info.Env(), "rvrrpd:libnl-monitor") {
  if (info.Length() < 1 || !info[0].IsFunction()) throw Napi::TypeError::New(info.Env(), "Monitor(listener: function)");
  listener_ = Napi::Persistent(info[0].As<Napi::Function>());
  auto watch = std::make_unique<Watch>();
  try {
    watch->socket = OpenMonitor();
  } catch (const std::exception& why) {
    throw Napi::Error::New(info.Env(), why.what());
  }
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(info.Env(), &loop) != napi_ok) throw Napi::Error::New(info.Env(), "napi_get_uv_event_loop");
  const int failed = uv_poll_init(loop, &watch->poll, nl_socket_get_fd(watch->socket.get()));
  if (failed < 0) throw Napi::Error::New(info.Env(), std::string("uv_poll_init: ") + uv_err_name(failed));
  watch->owner = this;
  watch->poll.data = watch.get();
  watch_ = watch.release();
  // A worker that is torn down takes its loop with it, and aborts if a handle is still on it: the
  // asynchronous kind of hook makes it wait until ours is closed.
  napi_add_async_cleanup_hook(info.Env(), OnEnvironmentExit, watch_, &watch_->hook);
  Ref();  // not collected while it listens
  uv_poll_start(&watch_->poll, UV_READABLE, OnReadable);
}

Monitor::~Monitor() { Close(); }

void Monitor::OnEnvironmentExit(napi_async_cleanup_hook_handle, void* watch) { CloseWatch(static_cast<Watch*>(watch)); }

void Monitor::CloseFromJs(const Napi::CallbackInfo&) {
  if (watch_ == nullptr) return;
  Close();
  Unref();
}

void Monitor::Listen(const Napi::CallbackInfo& info) {
  if (watch_ == nullptr) return;
  try {
    if (info[0].ToBoolean()) {
      Join(watch_->socket.get());
    } else {
      Leave(watch_->socket.get());
    }
  } catch (const std::exception& why) {
    throw Napi::Error::New(info.Env(), why.what());
  }
}

Napi::Value Monitor::Room(const Napi::CallbackInfo& info) {
  int octets = 0;
  socklen_t length = sizeof octets;
  if (watch_ != nullptr) getsockopt(nl_socket_get_fd(watch_->socket.get()), SOL_SOCKET, SO_RCVBUF, &octets, &length);
  return Napi::Number::New(info.Env(), octets);
}

void Monitor::Close() {
  if (watch_ != nullptr) CloseWatch(watch_);
}

void Monitor::CloseWatch(Watch* watch) {
  if (watch->closing) return;
  watch->closing = true;
  if (watch->owner != nullptr) watch->owner->watch_ = nullptr;
  watch->owner = nullptr;
  uv_poll_stop(&watch->poll);
  uv_close(reinterpret_cast<uv_handle_t*>(&watch->poll), [](uv_handle_t* handle) {
    auto* closed = static_cast<Watch*>(handle->data);
    napi_remove_async_cleanup_hook(closed->hook);
    delete closed;
  });
}

void Monitor::OnReadable(uv_poll_t* poll, int status, int) {
  // A pending error, which an overrun is, stops libuv's watching; reading fetches it, and all goes on.
  if (status < 0) uv_poll_start(poll, UV_READABLE, OnReadable);
  Monitor* owner = static_cast<Watch*>(poll->data)->owner;
  if (owner != nullptr) owner->Read();
}

void Monitor::Read() {
  std::vector<News> news;
  alignas(nlmsghdr) char buffer[64 * 1024];
  const int fd = nl_socket_get_fd(watch_->socket.get());
  for (;;) {
    const ssize_t got = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT | MSG_TRUNC);
    if (got < 0) {
      if (errno == EINTR) continue;
      if (errno == ENOBUFS) {
        news.push_back({"overrun"});
        continue;
      }
      break;  // EAGAIN: that was all
    }
    if (got > static_cast<ssize_t>(sizeof buffer)) {
      news.push_back({"overrun"});  // cut off: what it said is lost
    } else {
      Parse(buffer, static_cast<int>(got), news);
    }
  }
  if (news.empty()) return;
  Napi::HandleScope scope(Env());
  try {
    listener_.MakeCallback(Value(), {ToJs(Env(), news)}, context_);
  } catch (const Napi::Error& error) {
    napi_fatal_exception(Env(), error.Value());
  }
}

}  // namespace libnl
