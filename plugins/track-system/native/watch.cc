#include "watch.h"

#include <unistd.h>

#include <utility>

namespace track {

Napi::Error SystemError(Napi::Env env, const std::string& call, int error) {
  const std::string code = uv_err_name(-error);
  Napi::Error result = Napi::Error::New(env, call + ": " + code);
  result.Set("code", Napi::String::New(env, code));
  return result;
}

Watch::Watch(int fd, Watch** slot, std::function<void()> readable)
    : fd_(fd), slot_(slot), readable_(std::move(readable)) {
  poll_.data = this;
}

void Watch::Start(Napi::Env env, int fd, Watch** slot, std::function<void()> readable) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) {
    close(fd);
    throw Napi::Error::New(env, "napi_get_uv_event_loop");
  }
  auto* watch = new Watch(fd, slot, std::move(readable));
  const int failed = uv_poll_init(loop, &watch->poll_, fd);
  if (failed < 0) {
    delete watch;
    close(fd);
    throw SystemError(env, "uv_poll_init", -failed);
  }
  // A worker that is torn down takes its loop with it, and aborts if a handle is still on it: the asynchronous kind of
  // hook makes it wait until ours is closed.
  napi_add_async_cleanup_hook(env, OnEnvironmentExit, watch, &watch->hook_);
  *slot = watch;
  uv_poll_start(&watch->poll_, UV_READABLE, OnReadable);
}

void Watch::OnReadable(uv_poll_t* poll, int status, int) {
  auto* watch = static_cast<Watch*>(poll->data);
  // A pending error (ENOBUFS, an ICMP error) stops libuv's watching; reading fetches it, and all goes on.
  if (status < 0) uv_poll_start(poll, UV_READABLE, OnReadable);
  if (watch->slot_ != nullptr) watch->readable_();
}

void Watch::OnEnvironmentExit(napi_async_cleanup_hook_handle, void* watch) { static_cast<Watch*>(watch)->Close(); }

void Watch::Close() {
  if (slot_ == nullptr) return;
  *slot_ = nullptr;
  slot_ = nullptr;
  uv_poll_stop(&poll_);
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_), [](uv_handle_t* handle) {
    auto* closed = static_cast<Watch*>(handle->data);
    close(closed->fd_);
    napi_remove_async_cleanup_hook(closed->hook_);
    delete closed;
  });
}

}  // namespace track
