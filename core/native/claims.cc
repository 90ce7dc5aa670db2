// Abstract sockets as claims, shared by all threads of the process.
#include "claims.h"

#include <errno.h>
#include <net/if.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <map>
#include <mutex>

#include "syscalls.h"

namespace rvrrpd {

namespace {

// Connections that wait to be seen by Callers(); more are refused.
constexpr int kBacklog = 4;

struct Held {
  int fd;
  int users;  // objects that hold it
};

std::mutex mutex;

// By name. Never destroyed: threads may end after main() has returned.
std::map<std::string, Held>& Registry() {
  static auto* registry = new std::map<std::string, Held>;
  return *registry;
}

// Tells which of the sockets have callers: asking each of thousands takes ms. Each carries its name, which stays where it
// is for as long as the registry has it.
int Watcher() {
  static const int watcher = epoll_create1(EPOLL_CLOEXEC);
  return watcher;
}

socklen_t AbstractAddress(Napi::Env env, const std::string& name, sockaddr_un* address) {
  *address = {};
  address->sun_family = AF_UNIX;
  if (name.size() + 1 > sizeof address->sun_path) throw SystemError(env, "bind(AF_UNIX @" + name + ")", ENAMETOOLONG);
  memcpy(address->sun_path + 1, name.data(), name.size());
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
}

// Closes a claim's socket. Another process may have it too, and the kernel goes on watching it as long. The lock is held.
void Close(int fd) {
  epoll_ctl(Watcher(), EPOLL_CTL_DEL, fd, nullptr);
  close(fd);
}

void Drop(const std::string& name) {
  const auto held = Registry().find(name);
  if (held == Registry().end() || --held->second.users > 0) return;
  Close(held->second.fd);
  Registry().erase(held);
}

// The process at the other end; 0 if it is none that we can see.
int PeerOf(int fd) {
  ucred peer = {};
  socklen_t length = sizeof peer;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 ? peer.pid : 0;
}

// claimant(name): process id
Napi::Value Claimant(const Napi::CallbackInfo& info) {
  sockaddr_un address;
  const std::string name = info[0].As<Napi::String>().Utf8Value();
  const socklen_t length = AbstractAddress(info.Env(), name, &address);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) throw SystemError(info.Env(), "socket(AF_UNIX, SOCK_STREAM)", errno);
  const bool connected = connect(fd, reinterpret_cast<sockaddr*>(&address), length) == 0;
  const int pid = connected ? PeerOf(fd) : 0;
  close(fd);
  return Napi::Number::New(info.Env(), pid);
}

// interfaceIndex(name): number
Napi::Value InterfaceIndex(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), if_nametoindex(info[0].As<Napi::String>().Utf8Value().c_str()));
}

// Watches a claim's socket for callers. The lock is held.
bool Watch(const std::string& name, int fd) {
  epoll_event interest = {};
  interest.events = EPOLLIN;
  interest.data.ptr = const_cast<std::string*>(&name);
  return epoll_ctl(Watcher(), EPOLL_CTL_ADD, fd, &interest) == 0;
}

// heldClaims(): { name, descriptor }[]
Napi::Value HeldClaims(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Array result = Napi::Array::New(env);
  const std::lock_guard<std::mutex> lock(mutex);
  for (const auto& [name, held] : Registry()) {
    Napi::Object claim = Napi::Object::New(env);
    claim.Set("name", name);
    claim.Set("descriptor", held.fd);
    result.Set(result.Length(), claim);
  }
  return result;
}

// adoptClaim(name, descriptor)
void AdoptClaim(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string name = info[0].As<Napi::String>().Utf8Value();
  const int fd = info[1].As<Napi::Number>().Int32Value();
  const std::lock_guard<std::mutex> lock(mutex);
  // Whoever asks is told this process from now on (SO_PEERCRED).
  if (listen(fd, kBacklog) != 0) throw SystemError(env, "listen(" + std::to_string(fd) + ")", errno);
  const auto [entry, is_new] = Registry().emplace(name, Held{fd, 0});
  if (!is_new) {
    close(fd);
    return;
  }
  if (!Watch(entry->first, fd)) throw SystemError(env, "epoll_ctl(" + std::to_string(fd) + ")", errno);
}

// dropIdleClaims()
void DropIdleClaims(const Napi::CallbackInfo&) {
  const std::lock_guard<std::mutex> lock(mutex);
  for (auto entry = Registry().begin(); entry != Registry().end();) {
    if (entry->second.users > 0) {
      ++entry;
      continue;
    }
    Close(entry->second.fd);
    entry = Registry().erase(entry);
  }
}

}  // namespace

void Claims::Init(Napi::Env env, Napi::Object exports) {
  exports.Set("Claims", DefineClass(env, "Claims",
                                    {InstanceMethod("take", &Claims::Take), InstanceMethod("release", &Claims::Release),
                                     InstanceMethod("callers", &Claims::Callers)}));
  exports.Set("heldClaims", Napi::Function::New(env, HeldClaims));
  exports.Set("adoptClaim", Napi::Function::New(env, AdoptClaim));
  exports.Set("dropIdleClaims", Napi::Function::New(env, DropIdleClaims));
  exports.Set("claimant", Napi::Function::New(env, Claimant));
  exports.Set("interfaceIndex", Napi::Function::New(env, InterfaceIndex));
}

Claims::Claims(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Claims>(info) {}

// Also at the end of the thread.
Claims::~Claims() {
  const std::lock_guard<std::mutex> lock(mutex);
  for (const std::string& name : names_) Drop(name);
}

// take(name, highest): boolean
Napi::Value Claims::Take(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string name = info[0].As<Napi::String>().Utf8Value();
  const int highest = info[1].As<Napi::Number>().Int32Value();
  sockaddr_un address;
  const socklen_t length = AbstractAddress(env, name, &address);
  const std::lock_guard<std::mutex> lock(mutex);
  if (names_.count(name) > 0) return Napi::Boolean::New(env, true);
  const auto held = Registry().find(name);
  if (held != Registry().end()) {
    held->second.users++;
    names_.insert(name);
    return Napi::Boolean::New(env, true);
  }
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) throw SystemError(env, "socket(AF_UNIX, SOCK_STREAM)", errno);
  const char* call = "bind(AF_UNIX @";
  int error = fd > highest ? EMFILE : 0;
  if (error == 0 && bind(fd, reinterpret_cast<sockaddr*>(&address), length) != 0) error = errno;
  if (error == 0 && listen(fd, kBacklog) != 0) error = errno;
  if (error == 0) {
    const auto entry = Registry().emplace(name, Held{fd, 1}).first;
    if (Watch(entry->first, fd)) {
      names_.insert(name);
      return Napi::Boolean::New(env, true);
    }
    call = "epoll_ctl(EPOLL_CTL_ADD, @";
    error = errno;
    Registry().erase(entry);
  }
  close(fd);
  if (error == EADDRINUSE) return Napi::Boolean::New(env, false);
  throw SystemError(env, call + name + ")", error);
}

// release(name)
void Claims::Release(const Napi::CallbackInfo& info) {
  const std::string name = info[0].As<Napi::String>().Utf8Value();
  const std::lock_guard<std::mutex> lock(mutex);
  if (names_.erase(name) > 0) Drop(name);
}

// callers(): { name, pid }[]; if there are many, some of them the next time
Napi::Value Claims::Callers(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Array callers = Napi::Array::New(env);
  const std::lock_guard<std::mutex> lock(mutex);
  epoll_event called[16];
  const int count = epoll_wait(Watcher(), called, 16, 0);
  for (int i = 0; i < count; i++) {
    const auto& name = *static_cast<const std::string*>(called[i].data.ptr);
    if (names_.count(name) == 0) continue;
    const int listener = Registry()[name].fd;
    for (int each = 0; each <= kBacklog; each++) {
      const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) break;
      Napi::Object caller = Napi::Object::New(env);
      caller.Set("name", name);
      caller.Set("pid", PeerOf(fd));
      close(fd);
      callers.Set(callers.Length(), caller);
    }
  }
  return callers;
}

}  // namespace rvrrpd
