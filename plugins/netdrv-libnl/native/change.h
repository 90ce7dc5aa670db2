// One change to the kernel's state, and the rtnetlink request that asks for it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "handles.h"

namespace libnl {

// Where a route leads: a gateway, an interface, or both.
struct Hop {
  std::string gateway;
  std::string interface;
};

// The plugin API's KernelChange, flat. Only the members that `op` speaks of are set.
struct Change {
  std::string op;
  std::string interface;
  std::optional<uint32_t> index;  // which interface is meant by that name
  int family = 0;  // AF_INET or AF_INET6
  std::string address;  // also a route's destination
  int prefix_length = 0;
  std::string label;
  std::optional<uint32_t> valid_for;  // lifetime in seconds; absent: for ever
  std::string parent;
  std::string mac;
  bool up = false;
  std::string gateway;
  std::optional<uint32_t> metric;
  std::optional<uint32_t> mtu;
  // add-table-route, add-rule and their like
  std::string type;  // "unicast", "blackhole"; of a rule "lookup"
  std::string scope;  // "global", "link", "host", of an address too; empty: what fits
  std::string source;
  std::optional<uint32_t> table;
  std::vector<Hop> via;
  uint32_t priority = 0;
  std::string from;  // with prefix length, as to
  std::string to;
  std::string iif;
  std::string oif;
  std::optional<uint32_t> fwmark;
  bool beside = false;  // the kernel need not look for another rule that it takes for the same
};

// Why a request could not even be built, as the errno that the kernel would have given.
struct Unbuildable : std::runtime_error {
  Unbuildable(int code, const std::string& why) : std::runtime_error(why), code(code) {}
  int code;
};

// Index of an interface by its name. Throws Unbuildable(ENODEV).
using IndexOf = std::function<int(const std::string& interface)>;

// The request for a change, without sequence number. Throws Unbuildable.
Message BuildRequest(const Change& change, const IndexOf& index_of);

// The request that moves an interface to a link group, and the one that removes a whole group.
Message BuildGroupMove(const std::string& interface, uint32_t group, const IndexOf& index_of);
Message BuildGroupRemoval(uint32_t group);

// The change in words, as ip(8) would say it: "RTM_NEWADDR 10.0.0.1/32 dev eth0".
std::string Describe(const Change& change);

// True if names of interfaces mean something else after the change.
bool ChangesNames(const Change& change);

}  // namespace libnl
