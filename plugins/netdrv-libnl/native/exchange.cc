#include "exchange.h"

#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "handles.h"

namespace libnl {
namespace {

// The kernel answers at once, but for a machine that stands still.
constexpr int kPatienceMs = 2000;

[[noreturn]] void Fail(Napi::Env env, const std::string& call, int code) {
  Napi::Error error = Napi::Error::New(env, call + ": " + ErrnoName(code));
  error.Set("code", Napi::String::New(env, ErrnoName(code)));
  throw error;
}

class NetlinkSocket : public Napi::ObjectWrap<NetlinkSocket> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "NetlinkSocket",
                       {InstanceMethod<&NetlinkSocket::Exchange>("exchange"),
                        InstanceMethod<&NetlinkSocket::Close>("close")});
  }

  explicit NetlinkSocket(const Napi::CallbackInfo& info) : Napi::ObjectWrap<NetlinkSocket>(info) {
    const int protocol = info[0].As<Napi::Number>().Int32Value();
    name_ = "(netlink " + std::to_string(protocol) + ")";
    fd_ = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    if (fd_ < 0) Fail(info.Env(), "socket" + name_, errno);
    const int on = 1;
    setsockopt(fd_, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);  // short acknowledgements
  }

  ~NetlinkSocket() override { CloseDescriptor(); }

 private:
  // Sends `messages` at once and collects the kernel's messages until there are so many, or with 0 until the end of a list.
  Napi::Value Exchange(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const auto messages = info[0].As<Napi::Uint8Array>();
    const uint32_t wanted = info[1].As<Napi::Number>().Uint32Value();
    Forget();
    if (send(fd_, messages.Data(), messages.ByteLength(), 0) < 0) Fail(env, "send" + name_, errno);
    std::vector<uint8_t> answers;
    uint32_t count = 0;
    bool listed = false;
    while (wanted == 0 ? !listed : count < wanted) {
      pollfd ready = {fd_, POLLIN, 0};
      const int woken = poll(&ready, 1, kPatienceMs);
      if (woken < 0 && errno == EINTR) continue;
      if (woken < 0) Fail(env, "poll" + name_, errno);
      if (woken == 0) Fail(env, "recv" + name_, ETIMEDOUT);
      alignas(nlmsghdr) uint8_t buffer[16384];
      const ssize_t length = recv(fd_, buffer, sizeof buffer, 0);
      if (length < 0 && errno == EINTR) continue;
      if (length < 0) Fail(env, "recv" + name_, errno);
      int left = static_cast<int>(length);
      for (auto* at = reinterpret_cast<nlmsghdr*>(buffer); NLMSG_OK(at, left); at = NLMSG_NEXT(at, left)) {
        count++;
        listed = listed || at->nlmsg_type == NLMSG_DONE || at->nlmsg_type == NLMSG_ERROR;
      }
      answers.insert(answers.end(), buffer, buffer + length);
    }
    Napi::Uint8Array result = Napi::Uint8Array::New(env, answers.size());
    std::copy(answers.begin(), answers.end(), result.Data());
    return result;
  }

  void Close(const Napi::CallbackInfo&) { CloseDescriptor(); }

  // What was answered too late to an exchange before.
  void Forget() {
    uint8_t buffer[16384];
    while (recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT) > 0) {
    }
  }

  void CloseDescriptor() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

  int fd_ = -1;
  std::string name_;
};

}  // namespace

Napi::Function DefineNetlinkSocket(Napi::Env env) { return NetlinkSocket::Define(env); }

}  // namespace libnl
