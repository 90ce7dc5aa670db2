#include "change.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/ipv6_route.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/route/link/macvlan.h>
#include <netlink/route/nexthop.h>

#include <cerrno>
#include <cstdint>
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
  rtnl_addr_set_scope(addr.get(), RT_SCOPE_UNIVERSE);
  if (!change.label.empty()) Check(rtnl_addr_set_label(addr.get(), change.label.c_str()), "rtnl_addr_set_label");
  // Duplicate address detection would keep the address unusable for a second or more, and lose against a
  // Master that has not heard of us yet.
  if (change.family == AF_INET6) {
    rtnl_addr_set_flags(addr.get(), IFA_F_NODAD);
    // Deprecated from the start (RFC 4862 §5.5.4): it answers, but nothing of this host's own is sent from it.
    rtnl_addr_set_valid_lifetime(addr.get(), UINT32_MAX);
    rtnl_addr_set_preferred_lifetime(addr.get(), 0);
  }
  Check(rtnl_addr_build_add_request(addr.get(), NLM_F_CREATE | NLM_F_EXCL, &request), "rtnl_addr_build_add_request");
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
  if (op == "add-address" || op == "remove-address") return BuildAddress(change, index_of);
  if (op == "add-link" || op == "remove-link") return BuildMacvlan(change, index_of);
  if (op == "set-mac" || op == "set-up") return BuildLinkChange(change, index_of);
  if (op == "add-route" || op == "remove-route") return BuildRoute(change);
  throw Unbuildable(EOPNOTSUPP, "no such operation");
}

std::string Describe(const Change& change) {
  const std::string& op = change.op;
  const std::string prefix = change.address + "/" + std::to_string(change.prefix_length);
  if (op == "add-address") {
    return "RTM_NEWADDR " + prefix + " dev " + change.interface +
           (change.label.empty() ? "" : " label " + change.label);
  }
  if (op == "remove-address") return "RTM_DELADDR " + prefix + " dev " + change.interface;
  if (op == "add-link") {
    return "RTM_NEWLINK " + change.interface + " link " + change.parent + " address " + change.mac +
           " type macvlan mode bridge";
  }
  if (op == "remove-link") return "RTM_DELLINK " + change.interface;
  if (op == "set-mac") return "RTM_NEWLINK " + change.interface + " address " + change.mac;
  if (op == "set-up") return "RTM_NEWLINK " + change.interface + (change.up ? " up" : " down");
  std::string route = prefix + " via " + change.gateway;
  if (change.metric) route += " metric " + std::to_string(*change.metric);
  if (change.mtu) route += " mtu " + std::to_string(*change.mtu);
  if (op == "add-route") return "RTM_NEWROUTE " + route;
  if (op == "remove-route") return "RTM_DELROUTE " + route;
  return op;
}

}  // namespace libnl
