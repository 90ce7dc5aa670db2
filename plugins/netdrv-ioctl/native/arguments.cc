#include "arguments.h"

#include <arpa/inet.h>

#include <cerrno>
#include <cstring>

#include "socket.h"

namespace ioctls {

std::string TextArgument(const Napi::CallbackInfo& info, size_t index) {
  if (!info[index].IsString()) throw Napi::TypeError::New(info.Env(), "argument " + std::to_string(index) + ": a string");
  return info[index].As<Napi::String>().Utf8Value();
}

sockaddr_in AddressArgument(const Napi::CallbackInfo& info, size_t index) {
  const std::string text = TextArgument(info, index);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (inet_pton(AF_INET, text.c_str(), &address.sin_addr) != 1) {
    throw SystemError(info.Env(), "not an IPv4 address: '" + text + "'", EINVAL);
  }
  return address;
}

std::string TextOf(const sockaddr& address) {
  sockaddr_in internet;
  std::memcpy(&internet, &address, sizeof internet);
  char text[INET_ADDRSTRLEN] = "";
  inet_ntop(AF_INET, &internet.sin_addr, text, sizeof text);
  return text;
}

}  // namespace ioctls
