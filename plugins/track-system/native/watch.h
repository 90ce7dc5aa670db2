// A descriptor on the event loop of the thread that made it.
#pragma once

#include <napi.h>
#include <uv.h>

#include <functional>
#include <string>

namespace track {

// A JavaScript Error whose `code` is the errno name: "bind(eth0): ENODEV".
Napi::Error SystemError(Napi::Env env, const std::string& call, int error);

// Owns a descriptor, and calls `readable` while there is something to read or an error to fetch. It outlives the object
// that uses it until libuv has let go of it, and then frees itself.
class Watch {
 public:
  // Takes the descriptor over, even if it throws. `*slot` points to the watch until it is closed, and then to nothing.
  static void Start(Napi::Env env, int fd, Watch** slot, std::function<void()> readable);

  int Descriptor() const { return fd_; }
  // May be called at any time, and from within `readable`.
  void Close();

 private:
  Watch(int fd, Watch** slot, std::function<void()> readable);
  static void OnReadable(uv_poll_t* poll, int status, int events);
  static void OnEnvironmentExit(napi_async_cleanup_hook_handle hook, void* watch);

  uv_poll_t poll_{};
  int fd_;
  Watch** slot_;
  std::function<void()> readable_;
  napi_async_cleanup_hook_handle hook_ = nullptr;
};

}  // namespace track
