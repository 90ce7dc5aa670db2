#include "change.h"

#include <arpa/inet.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/ipv6_route.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/link/macvlan.h>
#include <netlink/route/nexthop.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace libnl {
namespace {

// libnl's error numbers do not map back to errno: what it refuses to build is an invalid argument.
void Check(int result, const char* call) {
  if (result < 0) throw Unbuildable(EINVAL, std::string(call) + ": " + nl_geterror(result));
}

template <typename Object>
Object Made(Object object) {
  if (!object) throw std::bad_alloc();
  return object;
}

Address ParseAddress(int family, const std::string& text, int prefix_length) {
  unsigned char octets[sizeof(in6_addr)];
  const int size = family == AF_INET6 ? 16 : 4;
  if (inet_pton(family, text.c_str(), octets) != 1) throw Unbuildable(EINVAL, "not an address: '" + text + "'");
  if (prefix_length < 0 || prefix_length > size * 8) {
    throw Unbuildable(EINVAL, "not a prefix length: " + std::to_string(prefix_length));
  }
  Address address = Made(Address(nl_addr_build(family, octets, size)));
  nl_addr_set_prefixlen(address.get(), prefix_length);
  return address;
}

Address ParseMac(const std::string& text) {
  nl_addr* parsed = nullptr;
  Check(nl_addr_parse(text.c_str(), AF_LLC, &parsed), "nl_addr_parse");
  Address mac(parsed);
  if (nl_addr_get_len(mac.get()) != 6) throw Unbuildable(EINVAL, "not a MAC address: '" + text + "'");
  return mac;
}

// ip(8)'s names; IPv6 addresses have the scope that they are of.
uint8_t AddressScope(const Change& change) {
  if (change.family == AF_INET6 || change.scope.empty() || change.scope == "global") return RT_SCOPE_UNIVERSE;
  if (change.scope == "link") return RT_SCOPE_LINK;
  if (change.scope == "host") return RT_SCOPE_HOST;
  throw Unbuildable(EINVAL, "not a scope: '" + change.scope + "'");
}

Message BuildAddress(const Change& change, const IndexOf& index_of) {
  AddrObject addr = Made(AddrObject(rtnl_addr_alloc()));
  rtnl_addr_set_ifindex(addr.get(), index_of(change.interface));
  Address local = ParseAddress(change.family, change.address, change.prefix_length);
  Check(rtnl_addr_set_local(addr.get(), local.get()), "rtnl_addr_set_local");
  nl_msg* request = nullptr;
  if (change.op == "remove-address") {
    // Without the label: the address is what is taken back, however it is called by now.
    Check(rtnl_addr_build_delete_request(addr.get(), 0, &request), "rtnl_addr_build_delete_request");
    return Message(request);
  }
  rtnl_addr_set_scope(addr.get(), AddressScope(change));
  const uint32_t valid_for = change.valid_for.value_or(UINT32_MAX);
  if (!change.label.empty()) Check(rtnl_addr_set_label(addr.get(), change.label.c_str()), "rtnl_addr_set_label");
  // Duplicate address detection would keep the address unusable for a second or more, and lose against a
  // Master that has not heard of us yet.
  if (change.family == AF_INET6) {
    rtnl_addr_set_flags(addr.get(), IFA_F_NODAD);
    // Deprecated from the start (RFC 4862 §5.5.4): it answers, but nothing of this host's own is sent from it.
    rtnl_addr_set_valid_lifetime(addr.get(), valid_for);
    rtnl_addr_set_preferred_lifetime(addr.get(), 0);
  } else if (change.valid_for || change.op == "renew-address") {
    rtnl_addr_set_valid_lifetime(addr.get(), valid_for);
    rtnl_addr_set_preferred_lifetime(addr.get(), valid_for);
  }
  const int how = change.op == "renew-address" ? NLM_F_REPLACE : NLM_F_CREATE | NLM_F_EXCL;
  Check(rtnl_addr_build_add_request(addr.get(), how, &request), "rtnl_addr_build_add_request");
  return Message(request);
}

Message BuildMacvlan(const Change& change, const IndexOf& index_of) {
  nl_msg* request = nullptr;
  if (change.op == "remove-link") {
    LinkObject link = Made(LinkObject(rtnl_link_alloc()));
    rtnl_link_set_ifindex(link.get(), index_of(change.interface));
    Check(rtnl_link_build_delete_request(link.get(), &request), "rtnl_link_build_delete_request");
    return Message(request);
  }
  LinkObject link = Made(LinkObject(rtnl_link_macvlan_alloc()));
  if (change.interface.empty() || change.interface.size() >= IFNAMSIZ) {
    throw Unbuildable(EINVAL, "not an interface name: '" + change.interface + "'");
  }
  rtnl_link_set_name(link.get(), change.interface.c_str());
  rtnl_link_set_link(link.get(), index_of(change.parent));
  rtnl_link_set_addr(link.get(), ParseMac(change.mac).get());
  Check(rtnl_link_macvlan_set_mode(link.get(), rtnl_link_macvlan_str2mode("bridge")), "rtnl_link_macvlan_set_mode");
  Check(rtnl_link_build_add_request(link.get(), NLM_F_CREATE | NLM_F_EXCL, &request), "rtnl_link_build_add_request");
  return Message(request);
}

Message BuildLinkChange(const Change& change, const IndexOf& index_of) {
  LinkObject link = Made(LinkObject(rtnl_link_alloc()));
  LinkObject wanted = Made(LinkObject(rtnl_link_alloc()));
  rtnl_link_set_ifindex(link.get(), index_of(change.interface));
  if (change.op == "set-mac") {
    rtnl_link_set_addr(wanted.get(), ParseMac(change.mac).get());
  } else if (change.up) {
    rtnl_link_set_flags(wanted.get(), IFF_UP);
  } else {
    rtnl_link_unset_flags(wanted.get(), IFF_UP);
  }
  nl_msg* request = nullptr;
  Check(rtnl_link_build_change_request(link.get(), wanted.get(), 0, &request), "rtnl_link_build_change_request");
  return Message(request);
}

Message BuildRoute(const Change& change) {
  RouteObject route = Made(RouteObject(rtnl_route_alloc()));
  Check(rtnl_route_set_family(route.get(), change.family), "rtnl_route_set_family");
  rtnl_route_set_table(route.get(), RT_TABLE_MAIN);
  rtnl_route_set_protocol(route.get(), RTPROT_BOOT);
  rtnl_route_set_scope(route.get(), RT_SCOPE_UNIVERSE);
  Check(rtnl_route_set_type(route.get(), RTN_UNICAST), "rtnl_route_set_type");
  Address destination = ParseAddress(change.family, change.address, change.prefix_length);
  Check(rtnl_route_set_dst(route.get(), destination.get()), "rtnl_route_set_dst");
  Address gateway = ParseAddress(change.family, change.gateway, change.family == AF_INET6 ? 128 : 32);
  rtnl_nexthop* hop = rtnl_route_nh_alloc();
  if (hop == nullptr) throw std::bad_alloc();
  rtnl_route_nh_set_gateway(hop, gateway.get());
  rtnl_route_add_nexthop(route.get(), hop);  // the route owns it from here on
  // IPv6 has no metric 0: it stands for the default when a route is added, and for any metric when one is removed.
  const uint32_t by_default = change.family == AF_INET6 ? IP6_RT_PRIO_USER : 0;
  const uint32_t metric = change.metric.value_or(0);
  if (change.metric || by_default != 0) rtnl_route_set_priority(route.get(), metric != 0 ? metric : by_default);
  nl_msg* request = nullptr;
  if (change.op == "remove-route") {
    Check(rtnl_route_build_del_request(route.get(), 0, &request), "rtnl_route_build_del_request");
    return Message(request);
  }
  if (change.mtu) Check(rtnl_route_set_metric(route.get(), RTAX_MTU, *change.mtu), "rtnl_route_set_metric");
  Check(rtnl_route_build_add_request(route.get(), NLM_F_CREATE | NLM_F_EXCL, &request), "rtnl_route_build_add_request");
  return Message(request);
}

// linux/rtnetlink.h and linux/fib_rules.h have one list each of what may become of a packet.
uint8_t RouteType(const std::string& type) {
  if (type == "unicast") return RTN_UNICAST;
  if (type == "blackhole") return RTN_BLACKHOLE;
  if (type == "unreachable") return RTN_UNREACHABLE;
  if (type == "prohibit") return RTN_PROHIBIT;
  if (type == "throw") return RTN_THROW;
  throw Unbuildable(EINVAL, "not a type of route: '" + type + "'");
}

uint8_t RuleAction(const std::string& type) {
  if (type == "lookup") return FR_ACT_TO_TBL;
  if (type == "blackhole") return FR_ACT_BLACKHOLE;
  if (type == "unreachable") return FR_ACT_UNREACHABLE;
  if (type == "prohibit") return FR_ACT_PROHIBIT;
  throw Unbuildable(EINVAL, "not a type of rule: '" + type + "'");
}

// As ip(8) does: without a gateway the destination is on the link itself.
uint8_t RouteScope(const Change& change) {
  if (change.scope == "global") return RT_SCOPE_UNIVERSE;
  if (change.scope == "link") return RT_SCOPE_LINK;
  if (change.scope == "host") return RT_SCOPE_HOST;
  if (!change.scope.empty()) throw Unbuildable(EINVAL, "not a scope: '" + change.scope + "'");
  if (change.op == "remove-table-route") return RT_SCOPE_NOWHERE;
  for (const Hop& hop : change.via) {
    if (!hop.gateway.empty()) return RT_SCOPE_UNIVERSE;
  }
  return change.type == "unicast" ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

void PutAddress(nl_msg* request, int attribute, const Address& address) {
  Check(nla_put_addr(request, attribute, address.get()), "nla_put_addr");
}

// "10.0.0.0/8", with its prefix length told apart.
Address ParsePrefix(int family, const std::string& text, int* prefix_length) {
  const size_t slash = text.find('/');
  if (slash == std::string::npos) throw Unbuildable(EINVAL, "not a prefix: '" + text + "'");
  *prefix_length = atoi(text.c_str() + slash + 1);
  return ParseAddress(family, text.substr(0, slash), *prefix_length);
}

void PutHop(nl_msg* request, const Change& change, const Hop& hop) {
  if (hop.gateway.empty()) return;
  PutAddress(request, RTA_GATEWAY, ParseAddress(change.family, hop.gateway, change.family == AF_INET6 ? 128 : 32));
}

void PutHops(nl_msg* request, const Change& change, const IndexOf& index_of) {
  if (change.via.empty()) return;
  if (change.via.size() == 1) {
    const Hop& hop = change.via.front();
    PutHop(request, change, hop);
    if (!hop.interface.empty()) Check(nla_put_u32(request, RTA_OIF, index_of(hop.interface)), "nla_put_u32");
    return;
  }
  nlattr* all = nla_nest_start(request, RTA_MULTIPATH);
  if (all == nullptr) throw std::bad_alloc();
  for (const Hop& hop : change.via) {
    // An array of headers with attributes behind each, as only multipath routes have it.
    auto* header = static_cast<rtnexthop*>(nlmsg_reserve(request, sizeof(rtnexthop), NLMSG_ALIGNTO));
    if (header == nullptr) throw std::bad_alloc();
    *header = {};
    if (!hop.interface.empty()) header->rtnh_ifindex = index_of(hop.interface);
    PutHop(request, change, hop);
    header->rtnh_len = static_cast<char*>(nlmsg_tail(nlmsg_hdr(request))) - reinterpret_cast<char*>(header);
  }
  nla_nest_end(request, all);
}

Message BuildTableRoute(const Change& change, const IndexOf& index_of) {
  const bool adds = change.op == "add-table-route";
  Message request = Made(Message(nlmsg_alloc_simple(adds ? RTM_NEWROUTE : RTM_DELROUTE,
                                                    adds ? NLM_F_CREATE | NLM_F_EXCL : 0)));
  const uint32_t table = change.table.value_or(RT_TABLE_MAIN);
  rtmsg header{};
  header.rtm_family = change.family;
  header.rtm_dst_len = change.prefix_length;
  header.rtm_table = table < 256 ? table : RT_TABLE_UNSPEC;
  header.rtm_protocol = RTPROT_BOOT;
  header.rtm_scope = RouteScope(change);
  header.rtm_type = RouteType(change.type);
  Check(nlmsg_append(request.get(), &header, sizeof header, NLMSG_ALIGNTO), "nlmsg_append");
  PutAddress(request.get(), RTA_DST, ParseAddress(change.family, change.address, change.prefix_length));
  Check(nla_put_u32(request.get(), RTA_TABLE, table), "nla_put_u32");
  if (!change.source.empty()) {
    const int whole = change.family == AF_INET6 ? 128 : 32;
    PutAddress(request.get(), RTA_PREFSRC, ParseAddress(change.family, change.source, whole));
  }
  // See BuildRoute: IPv6 has no metric 0.
  const uint32_t by_default = change.family == AF_INET6 ? IP6_RT_PRIO_USER : 0;
  const uint32_t metric = change.metric.value_or(0) != 0 ? *change.metric : by_default;
  if (metric != 0) Check(nla_put_u32(request.get(), RTA_PRIORITY, metric), "nla_put_u32");
  PutHops(request.get(), change, index_of);
  if (adds && change.mtu) {
    nlattr* metrics = nla_nest_start(request.get(), RTA_METRICS);
    if (metrics == nullptr) throw std::bad_alloc();
    Check(nla_put_u32(request.get(), RTAX_MTU, *change.mtu), "nla_put_u32");
    nla_nest_end(request.get(), metrics);
  }
  return request;
}

Message BuildRule(const Change& change) {
  const bool adds = change.op == "add-rule";
  const int how = change.beside ? NLM_F_CREATE : NLM_F_CREATE | NLM_F_EXCL;
  Message request = Made(Message(nlmsg_alloc_simple(adds ? RTM_NEWRULE : RTM_DELRULE, adds ? how : 0)));
  const uint32_t table = change.table.value_or(RT_TABLE_UNSPEC);
  int from_length = 0;
  int to_length = 0;
  Address from;
  Address to;
  if (!change.from.empty()) from = ParsePrefix(change.family, change.from, &from_length);
  if (!change.to.empty()) to = ParsePrefix(change.family, change.to, &to_length);
  fib_rule_hdr header{};
  header.family = change.family;
  header.src_len = from_length;
  header.dst_len = to_length;
  header.table = table < 256 ? table : RT_TABLE_UNSPEC;
  header.action = RuleAction(change.type);
  Check(nlmsg_append(request.get(), &header, sizeof header, NLMSG_ALIGNTO), "nlmsg_append");
  Check(nla_put_u32(request.get(), FRA_PRIORITY, change.priority), "nla_put_u32");
  if (from) PutAddress(request.get(), FRA_SRC, from);
  if (to) PutAddress(request.get(), FRA_DST, to);
  if (!change.iif.empty()) Check(nla_put_string(request.get(), FRA_IIFNAME, change.iif.c_str()), "nla_put_string");
  if (!change.oif.empty()) Check(nla_put_string(request.get(), FRA_OIFNAME, change.oif.c_str()), "nla_put_string");
  if (change.fwmark) Check(nla_put_u32(request.get(), FRA_FWMARK, *change.fwmark), "nla_put_u32");
  if (table != RT_TABLE_UNSPEC) Check(nla_put_u32(request.get(), FRA_TABLE, table), "nla_put_u32");
  return request;
}

}  // namespace

Message BuildGroupMove(const std::string& interface, uint32_t group, const IndexOf& index_of) {
  LinkObject link = Made(LinkObject(rtnl_link_alloc()));
  LinkObject wanted = Made(LinkObject(rtnl_link_alloc()));
  rtnl_link_set_ifindex(link.get(), index_of(interface));
  rtnl_link_set_group(wanted.get(), group);
  nl_msg* request = nullptr;
  Check(rtnl_link_build_change_request(link.get(), wanted.get(), 0, &request), "rtnl_link_build_change_request");
  return Message(request);
}

Message BuildGroupRemoval(uint32_t group) {
  Message request = Made(Message(nlmsg_alloc_simple(RTM_DELLINK, 0)));
  ifinfomsg any{};
  Check(nlmsg_append(request.get(), &any, sizeof any, NLMSG_ALIGNTO), "nlmsg_append");
  Check(nla_put_u32(request.get(), IFLA_GROUP, group), "nla_put_u32");
  return request;
}

bool ChangesNames(const Change& change) { return change.op == "add-link" || change.op == "remove-link"; }

Message BuildRequest(const Change& change, const IndexOf& index_of) {
  const std::string& op = change.op;
  if (op == "add-address" || op == "renew-address" || op == "remove-address") return BuildAddress(change, index_of);
  if (op == "add-link" || op == "remove-link") return BuildMacvlan(change, index_of);
  if (op == "set-mac" || op == "set-up") return BuildLinkChange(change, index_of);
  if (op == "add-route" || op == "remove-route") return BuildRoute(change);
  if (op == "add-table-route" || op == "remove-table-route") return BuildTableRoute(change, index_of);
  if (op == "add-rule" || op == "remove-rule") return BuildRule(change);
  throw Unbuildable(EOPNOTSUPP, "no such operation");
}

std::string Describe(const Change& change) {
  const std::string& op = change.op;
  const std::string prefix = change.address + "/" + std::to_string(change.prefix_length);
  if (op == "add-address" || op == "renew-address") {
    return "RTM_NEWADDR " + prefix + " dev " + change.interface +
           (change.label.empty() ? "" : " label " + change.label) +
           (change.scope.empty() ? "" : " scope " + change.scope) +
           (change.valid_for ? " valid_lft " + std::to_string(*change.valid_for) : "");
  }
  if (op == "remove-address") return "RTM_DELADDR " + prefix + " dev " + change.interface;
  if (op == "add-link") {
    return "RTM_NEWLINK " + change.interface + " link " + change.parent + " address " + change.mac +
           " type macvlan mode bridge";
  }
  if (op == "remove-link") return "RTM_DELLINK " + change.interface;
  if (op == "set-mac") return "RTM_NEWLINK " + change.interface + " address " + change.mac;
  if (op == "set-up") return "RTM_NEWLINK " + change.interface + (change.up ? " up" : " down");
  if (op == "add-rule" || op == "remove-rule") {
    std::string rule = op == "add-rule" ? "RTM_NEWRULE " : "RTM_DELRULE ";
    rule += "priority " + std::to_string(change.priority) + " from " + (change.from.empty() ? "all" : change.from);
    if (!change.to.empty()) rule += " to " + change.to;
    if (!change.iif.empty()) rule += " iif " + change.iif;
    if (!change.oif.empty()) rule += " oif " + change.oif;
    if (change.fwmark) rule += " fwmark " + std::to_string(*change.fwmark);
    return rule + " " + change.type + (change.table ? " " + std::to_string(*change.table) : "");
  }
  if (op == "add-table-route" || op == "remove-table-route") {
    std::string route = op == "add-table-route" ? "RTM_NEWROUTE " : "RTM_DELROUTE ";
    route += change.type + " " + prefix;
    for (const Hop& hop : change.via) {
      if (!hop.gateway.empty()) route += " via " + hop.gateway;
      if (!hop.interface.empty()) route += " dev " + hop.interface;
    }
    if (!change.source.empty()) route += " src " + change.source;
    if (change.metric) route += " metric " + std::to_string(*change.metric);
    if (change.mtu) route += " mtu " + std::to_string(*change.mtu);
    return route + " table " + std::to_string(change.table.value_or(RT_TABLE_MAIN));
  }
  std::string route = prefix + " via " + change.gateway;
  if (change.metric) route += " metric " + std::to_string(*change.metric);
  if (change.mtu) route += " mtu " + std::to_string(*change.mtu);
  if (op == "add-route") return "RTM_NEWROUTE " + route;
  if (op == "remove-route") return "RTM_DELROUTE " + route;
  return op;
}

}  // namespace libnl
