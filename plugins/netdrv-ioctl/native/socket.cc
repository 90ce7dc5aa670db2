#include "socket.h"

#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <cerrno>

namespace ioctls {

Napi::Error SystemError(Napi::Env env, const std::string& call, int error) {
  const std::string code = uv_err_name(-error);
  Napi::Error result = Napi::Error::New(env, call + ": " + code);
  result.Set("code", Napi::String::New(env, code));
  return result;
}

Socket Socket::Open(Napi::Env env) {
  const int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) throw SystemError(env, "socket(AF_INET, SOCK_DGRAM)", errno);
  return Socket(descriptor);
}

void Socket::Close() {
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = -1;
}

}  // namespace ioctls
