#include "handles.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <netlink/netlink.h>
#include <uv.h>

#include <cerrno>
#include <new>
#include <stdexcept>
#include <string>

namespace libnl {

const char* ErrnoName(int code) { return uv_err_name(-code); }

Socket Connect() {
  Socket socket(nl_socket_alloc());
  if (!socket) throw std::bad_alloc();
  errno = 0;
  const int failed = nl_connect(socket.get(), NETLINK_ROUTE);
  if (failed < 0) {
    throw std::runtime_error(std::string("nl_connect(NETLINK_ROUTE): ") +
                             (errno != 0 ? std::string(ErrnoName(errno)) + ", " : "") + nl_geterror(failed));
  }
  // libnl asks for it, but only where its own build knew SOCK_CLOEXEC.
  fcntl(nl_socket_get_fd(socket.get()), F_SETFD, FD_CLOEXEC);
  return socket;
}

}  // namespace libnl
