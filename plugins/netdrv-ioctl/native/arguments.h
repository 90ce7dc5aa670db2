// Arguments from JavaScript, as the kernel's structures want them.
#pragma once

#include <napi.h>
#include <netinet/in.h>

#include <string>

namespace ioctls {

std::string TextArgument(const Napi::CallbackInfo& info, size_t index);

// An IPv4 address in dotted notation. Throws an Error with code EINVAL.
sockaddr_in AddressArgument(const Napi::CallbackInfo& info, size_t index);

std::string TextOf(const sockaddr& address);

}  // namespace ioctls
