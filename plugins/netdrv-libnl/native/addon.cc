// The addon: `Netlink` reads and changes the kernel's state, `Monitor` tells of changes.
#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <napi.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netlink/netlink.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "exchange.h"
#include "monitor.h"
#include "request_socket.h"

namespace libnl {
namespace {

std::string MacOf(rtnl_link* link) {
  nl_addr* address = rtnl_link_get_addr(link);
  if (address == nullptr || nl_addr_get_len(address) == 0) return "";
  const auto* octets = static_cast<const unsigned char*>(nl_addr_get_binary_addr(address));
  std::string text;
  for (unsigned i = 0; i < nl_addr_get_len(address); i++) {
    char octet[4];
    std::snprintf(octet, sizeof octet, i == 0 ? "%02x" : ":%02x", octets[i]);
    text += octet;
  }
  return text;
}

std::string TextOf(nl_addr* address) {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(nl_addr_get_family(address), nl_addr_get_binary_addr(address), text, sizeof text);
  return text;
}

Napi::Object LinkToJs(Napi::Env env, rtnl_link* link) {
  const unsigned flags = rtnl_link_get_flags(link);
  const char* type = rtnl_link_get_type(link);
  int32_t other_namespace = 0;
  // The link that it sits on, unless that index counts in another network namespace.
  const int parent = rtnl_link_get_link_netnsid(link, &other_namespace) == 0 ? 0 : rtnl_link_get_link(link);
  Napi::Object entry = Napi::Object::New(env);
  entry.Set("index", rtnl_link_get_ifindex(link));
  entry.Set("name", rtnl_link_get_name(link));
  entry.Set("mac", MacOf(link));
  entry.Set("up", Napi::Boolean::New(env, (flags & IFF_UP) != 0));
  entry.Set("running", Napi::Boolean::New(env, (flags & IFF_RUNNING) != 0));
  entry.Set("ethernet", Napi::Boolean::New(env, rtnl_link_get_arptype(link) == ARPHRD_ETHER));
  entry.Set("mtu", rtnl_link_get_mtu(link));
  entry.Set("type", type == nullptr ? "" : type);
  entry.Set("parent", parent);
  return entry;
}

Napi::Object AddressToJs(Napi::Env env, rtnl_addr* addr) {
  Napi::Object entry = Napi::Object::New(env);
  const bool ipv6 = rtnl_addr_get_family(addr) == AF_INET6;
  const char* label = rtnl_addr_get_label(addr);
  entry.Set("index", rtnl_addr_get_ifindex(addr));
  entry.Set("family", ipv6 ? 6 : 4);
  entry.Set("address", TextOf(rtnl_addr_get_local(addr)));
  entry.Set("prefixLength", rtnl_addr_get_prefixlen(addr));
  entry.Set("label", ipv6 || label == nullptr ? "" : label);
  const unsigned flags = rtnl_addr_get_flags(addr);
  entry.Set("secondary", Napi::Boolean::New(env, !ipv6 && (flags & IFA_F_SECONDARY) != 0));
  // What does not hold is left out. An optimistic address is used before the detection is over (RFC 4429).
  if ((flags & IFA_F_TENTATIVE) != 0 && (flags & IFA_F_OPTIMISTIC) == 0) entry.Set("tentative", true);
  if ((flags & IFA_F_DADFAILED) != 0) entry.Set("dadFailed", true);
  const unsigned ours = IFA_F_DEPRECATED | IFA_F_NODAD;
  const bool expires = (flags & IFA_F_PERMANENT) == 0;
  if (ipv6 && (flags & ours) == ours) entry.Set(expires ? "leased" : "deprecated", true);
  if (expires) entry.Set("expires", true);
  return entry;
}

std::string Text(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  return value.IsString() ? value.As<Napi::String>().Utf8Value() : "";
}

std::optional<uint32_t> Number(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsNumber()) return std::nullopt;
  return value.As<Napi::Number>().Uint32Value();
}

int Family(const Napi::Object& object) { return Number(object, "family").value_or(4) == 6 ? AF_INET6 : AF_INET; }

void ReadTableRoute(const Napi::Object& object, Change& change) {
  change.family = Family(object);
  change.address = Text(object, "destination");
  change.prefix_length = static_cast<int>(Number(object, "prefixLength").value_or(0));
  change.metric = Number(object, "metric");
  change.mtu = Number(object, "mtu");
  change.type = Text(object, "type");
  change.scope = Text(object, "scope");
  change.source = Text(object, "source");
  change.table = Number(object, "table");
  const Napi::Value via = object.Get("via");
  if (!via.IsArray()) return;
  const auto hops = via.As<Napi::Array>();
  for (uint32_t i = 0; i < hops.Length(); i++) {
    const Napi::Value hop = hops.Get(i);
    if (!hop.IsObject()) continue;
    change.via.push_back({Text(hop.As<Napi::Object>(), "gateway"), Text(hop.As<Napi::Object>(), "interface")});
  }
}

void ReadRule(const Napi::Object& object, Change& change) {
  change.family = Family(object);
  change.priority = Number(object, "priority").value_or(0);
  change.from = Text(object, "from");
  change.to = Text(object, "to");
  change.iif = Text(object, "iif");
  change.oif = Text(object, "oif");
  change.fwmark = Number(object, "fwmark");
  change.type = Text(object, "type");
  change.table = Number(object, "table");
  change.beside = object.Get("beside").ToBoolean();
}

Change ChangeFromJs(const Napi::Object& object) {
  Change change;
  change.op = Text(object, "op");
  change.interface = Text(object, "interface");
  change.index = Number(object, "index");
  if (change.op == "set-mac") {
    change.mac = Text(object, "mac");
  } else if (change.op == "set-up") {
    change.up = object.Get("up").ToBoolean();
  } else if (change.op == "add-link" || change.op == "remove-link") {
    change.parent = Text(object, "parent");
    change.mac = Text(object, "mac");
  } else if (change.op == "add-rule" || change.op == "remove-rule") {
    ReadRule(object.Get("rule").ToObject(), change);
  } else if (change.op == "add-table-route" || change.op == "remove-table-route") {
    ReadTableRoute(object.Get("route").ToObject(), change);
  } else {
    const bool route = change.op == "add-route" || change.op == "remove-route";
    change.family = Family(object);
    change.address = Text(object, route ? "destination" : "address");
    change.prefix_length = static_cast<int>(Number(object, "prefixLength").value_or(0));
    if (route) {
      change.gateway = Text(object, "gateway");
      change.metric = Number(object, "metric");
      change.mtu = Number(object, "mtu");
    } else {
      change.label = Text(object, "label");
      change.scope = Text(object, "scope");
      change.valid_for = Number(object, "validFor");
    }
  }
  return change;
}

}  // namespace

class Netlink : public Napi::ObjectWrap<Netlink> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Netlink",
                       {InstanceMethod<&Netlink::Dump>("dump"), InstanceMethod<&Netlink::Apply>("apply"),
                        InstanceMethod<&Netlink::Close>("close")});
  }

  explicit Netlink(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Netlink>(info) {
    try {
      dumps_ = Connect();
      requests_ = std::make_unique<RequestSocket>();
    } catch (const std::exception& why) {
      throw Napi::Error::New(info.Env(), why.what());
    }
  }

 private:
  Napi::Value Dump(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    RequireOpen(env);
    nl_cache* cache = nullptr;
    int failed = rtnl_link_alloc_cache(dumps_.get(), AF_UNSPEC, &cache);
    if (failed < 0) throw Napi::Error::New(env, std::string("rtnl_link_alloc_cache: ") + nl_geterror(failed));
    const Cache links(cache);
    failed = rtnl_addr_alloc_cache(dumps_.get(), &cache);
    if (failed < 0) throw Napi::Error::New(env, std::string("rtnl_addr_alloc_cache: ") + nl_geterror(failed));
    const Cache addresses(cache);

    Napi::Array link_list = Napi::Array::New(env);
    uint32_t count = 0;
    for (nl_object* at = nl_cache_get_first(links.get()); at != nullptr; at = nl_cache_get_next(at)) {
      Napi::HandleScope scope(env);
      link_list.Set(count++, LinkToJs(env, reinterpret_cast<rtnl_link*>(at)));
    }
    Napi::Array address_list = Napi::Array::New(env);
    count = 0;
    for (nl_object* at = nl_cache_get_first(addresses.get()); at != nullptr; at = nl_cache_get_next(at)) {
      auto* addr = reinterpret_cast<rtnl_addr*>(at);
      const int family = rtnl_addr_get_family(addr);
      if ((family != AF_INET && family != AF_INET6) || rtnl_addr_get_local(addr) == nullptr) continue;
      Napi::HandleScope scope(env);
      address_list.Set(count++, AddressToJs(env, addr));
    }
    Napi::Object result = Napi::Object::New(env);
    result.Set("links", link_list);
    result.Set("addresses", address_list);
    return result;
  }

  Napi::Value Apply(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    RequireOpen(env);
    if (info.Length() < 1 || !info[0].IsArray()) throw Napi::TypeError::New(env, "apply(changes: array)");
    const Napi::Array list = info[0].As<Napi::Array>();
    std::vector<Change> changes;
    changes.reserve(list.Length());
    for (uint32_t i = 0; i < list.Length(); i++) {
      Napi::HandleScope scope(env);
      changes.push_back(ChangeFromJs(list.Get(i).As<Napi::Object>()));
    }
    std::vector<Outcome> outcomes;
    try {
      outcomes = requests_->Apply(changes);
    } catch (const std::exception& why) {
      throw Napi::Error::New(env, why.what());
    }
    Napi::Array result = Napi::Array::New(env, outcomes.size());
    for (uint32_t i = 0; i < outcomes.size(); i++) {
      Napi::HandleScope scope(env);
      if (outcomes[i].code == 0) {
        result.Set(i, env.Null());
        continue;
      }
      Napi::Object refusal = Napi::Object::New(env);
      refusal.Set("errno", ErrnoName(outcomes[i].code));
      refusal.Set("message", outcomes[i].message);
      result.Set(i, refusal);
    }
    return result;
  }

  void Close(const Napi::CallbackInfo&) {
    dumps_.reset();
    requests_.reset();
  }

  void RequireOpen(Napi::Env env) const {
    if (!requests_) throw Napi::Error::New(env, "the network driver is closed");
  }

  Socket dumps_;
  std::unique_ptr<RequestSocket> requests_;
};

}  // namespace libnl

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("Netlink", libnl::Netlink::Define(env));
  exports.Set("Monitor", libnl::Monitor::Define(env));
  exports.Set("NetlinkSocket", libnl::DefineNetlinkSocket(env));
  return exports;
}

NODE_API_MODULE(libnl, Init)
