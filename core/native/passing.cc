// Descriptors that pass from one process to another (SCM_RIGHTS, man 7 unix), and Unix sockets that can.
#include "passing.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "syscalls.h"

namespace rvrrpd {

namespace {

// Connections that may wait to be accepted.
constexpr int kBacklog = 128;
// The kernel takes 253 descriptors in one message (SCM_MAX_FD).
constexpr size_t kMost = 250;

int IntArgument(const Napi::CallbackInfo& info, size_t index) { return info[index].As<Napi::Number>().Int32Value(); }

// socketPair(): [descriptor, descriptor]
Napi::Value SocketPair(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) {
    throw SystemError(env, "socketpair(AF_UNIX, SOCK_STREAM)", errno);
  }
  Napi::Array result = Napi::Array::New(env, 2);
  result.Set(0u, Napi::Number::New(env, pair[0]));
  result.Set(1u, Napi::Number::New(env, pair[1]));
  return result;
}

// sendDescriptors(socket, descriptors)
void SendDescriptors(const Napi::CallbackInfo& info) {
  const int socket = IntArgument(info, 0);
  const Napi::Array list = info[1].As<Napi::Array>();
  std::vector<int> descriptors(list.Length());
  for (size_t i = 0; i < descriptors.size(); i++) {
    descriptors[i] = Napi::Value(list[static_cast<uint32_t>(i)]).As<Napi::Number>().Int32Value();
  }
  for (size_t at = 0; at < descriptors.size(); at += kMost) {
    const size_t count = std::min(kMost, descriptors.size() - at);
    char octet = 'd';
    iovec vector = {&octet, 1};
    std::vector<char> control(CMSG_SPACE(count * sizeof(int)));
    msghdr message = {};
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(header), &descriptors[at], count * sizeof(int));
    if (sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) != 1) {
      throw SystemError(info.Env(), "sendmsg(" + std::to_string(socket) + ", SCM_RIGHTS)", errno);
    }
  }
}

// receiveDescriptors(socket, count): descriptors
Napi::Value ReceiveDescriptors(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const int socket = IntArgument(info, 0);
  const size_t wanted = info[1].As<Napi::Number>().Uint32Value();
  std::vector<int> descriptors;
  const auto fail = [&](int error) {
    for (const int fd : descriptors) close(fd);
    throw SystemError(env, "recvmsg(" + std::to_string(socket) + ", SCM_RIGHTS)", error);
  };
  while (descriptors.size() < wanted) {
    char octet;
    iovec vector = {&octet, 1};
    std::vector<char> control(CMSG_SPACE(kMost * sizeof(int)));
    msghdr message = {};
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t received = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (received <= 0) fail(received == 0 ? ECONNRESET : errno);
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
      if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
      const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      const size_t before = descriptors.size();
      descriptors.resize(before + count);
      memcpy(&descriptors[before], CMSG_DATA(part), count * sizeof(int));
    }
    // This process may have no more: the kernel has closed those beyond.
    if (message.msg_flags & MSG_CTRUNC) fail(EMFILE);
  }
  Napi::Array result = Napi::Array::New(env, descriptors.size());
  for (size_t i = 0; i < descriptors.size(); i++) {
    result.Set(static_cast<uint32_t>(i), Napi::Number::New(env, descriptors[i]));
  }
  return result;
}

// A Unix stream socket's address: a path, or `@` and an abstract name, whose length counts and which is not terminated
// by a zero octet (man 7 unix).
socklen_t UnixAddress(Napi::Env env, const std::string& call, const std::string& path, sockaddr_un* address) {
  *address = {};
  address->sun_family = AF_UNIX;
  if (path.empty() || path.size() > sizeof address->sun_path) throw SystemError(env, call, ENAMETOOLONG);
  memcpy(address->sun_path, path.data(), path.size());
  if (path[0] == '@') address->sun_path[0] = '\0';
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
}

// listenUnix(address): descriptor
Napi::Value ListenUnix(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string path = info[0].As<Napi::String>().Utf8Value();
  const std::string call = "bind(AF_UNIX " + path + ")";
  sockaddr_un address;
  const socklen_t length = UnixAddress(env, call, path, &address);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) throw SystemError(env, "socket(AF_UNIX, SOCK_STREAM)", errno);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), length) != 0 || listen(fd, kBacklog) != 0) {
    const int error = errno;
    close(fd);
    throw SystemError(env, call, error);
  }
  return Napi::Number::New(env, fd);
}

// connectUnix(address): descriptor
Napi::Value ConnectUnix(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string path = info[0].As<Napi::String>().Utf8Value();
  const std::string call = "connect(AF_UNIX " + path + ")";
  sockaddr_un address;
  const socklen_t length = UnixAddress(env, call, path, &address);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) throw SystemError(env, "socket(AF_UNIX, SOCK_STREAM)", errno);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), length) != 0) {
    const int error = errno;
    close(fd);
    throw SystemError(env, call, error);
  }
  return Napi::Number::New(env, fd);
}

}  // namespace

void InitPassing(Napi::Env env, Napi::Object exports) {
  exports.Set("socketPair", Napi::Function::New(env, SocketPair));
  exports.Set("sendDescriptors", Napi::Function::New(env, SendDescriptors));
  exports.Set("receiveDescriptors", Napi::Function::New(env, ReceiveDescriptors));
  exports.Set("listenUnix", Napi::Function::New(env, ListenUnix));
  exports.Set("connectUnix", Napi::Function::New(env, ConnectUnix));
}

}  // namespace rvrrpd
