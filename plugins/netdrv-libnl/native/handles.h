// Owners of libnl objects: each is given back when its holder goes out of scope.
#pragma once

#include <netlink/addr.h>
#include <netlink/cache.h>
#include <netlink/msg.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/route.h>
#include <netlink/socket.h>

#include <memory>

namespace libnl {

template <typename T, void (*Free)(T*)>
struct Freer {
  void operator()(T* object) const { Free(object); }
};

using Socket = std::unique_ptr<nl_sock, Freer<nl_sock, nl_socket_free>>;
using Cache = std::unique_ptr<nl_cache, Freer<nl_cache, nl_cache_free>>;
using Message = std::unique_ptr<nl_msg, Freer<nl_msg, nlmsg_free>>;
using Address = std::unique_ptr<nl_addr, Freer<nl_addr, nl_addr_put>>;
using LinkObject = std::unique_ptr<rtnl_link, Freer<rtnl_link, rtnl_link_put>>;
using AddrObject = std::unique_ptr<rtnl_addr, Freer<rtnl_addr, rtnl_addr_put>>;
using RouteObject = std::unique_ptr<rtnl_route, Freer<rtnl_route, rtnl_route_put>>;

// A NETLINK_ROUTE socket, close-on-exec. Throws std::runtime_error with the call and why it failed.
Socket Connect();

// "EPERM" for EPERM.
const char* ErrnoName(int code);

}  // namespace libnl
