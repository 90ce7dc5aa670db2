// The socket that requests go through, and how a refused one is told.
#pragma once

#include <napi.h>

#include <string>

namespace ioctls {

// A JavaScript Error whose `code` is the errno name: "ioctl(SIOCSIFADDR, eth0:7, 10.0.0.1): EPERM".
Napi::Error SystemError(Napi::Env env, const std::string& call, int error);

// An AF_INET datagram socket, close-on-exec: the kernel answers the requests on it, nothing is ever sent.
class Socket {
 public:
  static Socket Open(Napi::Env env);
  Socket(Socket&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  Socket(const Socket&) = delete;
  ~Socket() { Close(); }

  bool IsOpen() const { return descriptor_ >= 0; }
  int Descriptor() const { return descriptor_; }
  void Close();

 private:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace ioctls
