// File locks, descriptors put in place of others, and messages to a service manager.
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stddef.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>

#include "syscalls.h"

namespace rvrrpd {

namespace {

// lockFile(descriptor): boolean
Napi::Value LockFile(const Napi::CallbackInfo& info) {
  const int fd = info[0].As<Napi::Number>().Int32Value();
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return Napi::Boolean::New(info.Env(), true);
  if (errno == EWOULDBLOCK) return Napi::Boolean::New(info.Env(), false);
  throw SystemError(info.Env(), "flock(" + std::to_string(fd) + ", LOCK_EX)", errno);
}

// replaceDescriptor(from, to)
void ReplaceDescriptor(const Napi::CallbackInfo& info) {
  const int from = info[0].As<Napi::Number>().Int32Value();
  const int to = info[1].As<Napi::Number>().Int32Value();
  // Standard streams are meant to be inherited, all others are not.
  if (dup3(from, to, to > STDERR_FILENO ? O_CLOEXEC : 0) < 0) {
    throw SystemError(info.Env(), "dup3(" + std::to_string(from) + ", " + std::to_string(to) + ")", errno);
  }
}

// sendDatagram(address, message)
void SendDatagram(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string path = info[0].As<Napi::String>().Utf8Value();
  const std::string message = info[1].As<Napi::String>().Utf8Value();
  const std::string call = "sendto(AF_UNIX " + path + ")";
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) throw SystemError(env, call, ENAMETOOLONG);
  memcpy(address.sun_path, path.data(), path.size());
  // Length counts for abstract names, which are not terminated by a zero octet (man 7 unix).
  if (path[0] == '@') address.sun_path[0] = '\0';
  const socklen_t length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());

  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw SystemError(env, "socket(AF_UNIX, SOCK_DGRAM)", errno);
  // A receiver whose queue is full may keep us waiting, but not for ever.
  const timeval timeout = {0, 500000};
  ssize_t sent = setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  if (sent == 0) {
    sent = sendto(fd, message.data(), message.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&address), length);
  }
  const int error = errno;
  close(fd);
  if (sent < 0) throw SystemError(env, call, error);
}

// exitWithin(ms, code)
void ExitWithin(const Napi::CallbackInfo& info) {
  const std::chrono::milliseconds patience(info[0].As<Napi::Number>().Int32Value());
  const int code = info[1].As<Napi::Number>().Int32Value();
  std::thread([patience, code] {
    std::this_thread::sleep_for(patience);
    _exit(code);
  }).detach();
}

// returnMemory()
void ReturnMemory(const Napi::CallbackInfo& info) {
#ifdef __GLIBC__
  // glibc's own first value. To set it keeps it from growing with the largest block that was ever freed.
  constexpr int kOctets = 128 * 1024;
  if (mallopt(M_TRIM_THRESHOLD, kOctets) == 0) throw SystemError(info.Env(), "mallopt(M_TRIM_THRESHOLD)", EINVAL);
#else
  (void)info;
#endif
}

}  // namespace

void InitProcess(Napi::Env env, Napi::Object exports) {
  exports.Set("lockFile", Napi::Function::New(env, LockFile));
  exports.Set("replaceDescriptor", Napi::Function::New(env, ReplaceDescriptor));
  exports.Set("exitWithin", Napi::Function::New(env, ExitWithin));
  exports.Set("returnMemory", Napi::Function::New(env, ReturnMemory));
  exports.Set("sendDatagram", Napi::Function::New(env, SendDatagram));
}

}  // namespace rvrrpd
