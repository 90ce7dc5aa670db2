#include "packet_loop.h"

#include <linux/if_packet.h>
#include <math.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>

#include "syscalls.h"

namespace rvrrpd {

namespace {

// In one wake-up at most this many sockets are served, and this many packets of each: a flood on one
// interface must keep neither the timers nor the other interfaces waiting.
constexpr int kSocketsPerWake = 1024;
constexpr int kPacketsPerSocket = 2048;
// sendmmsg takes no more at once (UIO_MAXIOV).
constexpr size_t kMessagesPerCall = 1024;
constexpr uint64_t kTimerTag = ~uint64_t{0};
constexpr int kMetaFields = 4;
constexpr int kQueueFields = 3;

}  // namespace

struct PacketLoop::Handle {
  uv_poll_t poll;
  PacketLoop* owner;
  int epoll_fd = -1;
  int timer_fd = -1;
  napi_async_cleanup_hook_handle hook = nullptr;
  bool closing = false;

  void Close() {
    if (closing) return;
    closing = true;
    owner = nullptr;
    uv_poll_stop(&poll);
    uv_close(reinterpret_cast<uv_handle_t*>(&poll), [](uv_handle_t* closed) {
      auto* self = static_cast<Handle*>(closed->data);
      close(self->epoll_fd);
      close(self->timer_fd);
      // Only now may the environment go on tearing itself down.
      napi_remove_async_cleanup_hook(self->hook);
      delete self;
    });
  }
};

void PacketLoop::Init(Napi::Env env, Napi::Object exports) {
  exports.Set("PacketLoop", DefineClass(env, "PacketLoop",
                                        {
                                            InstanceMethod<&PacketLoop::Add>("add"),
                                            InstanceMethod<&PacketLoop::Remove>("remove"),
                                            InstanceMethod<&PacketLoop::SetTimer>("setTimer"),
                                            InstanceMethod<&PacketLoop::Flush>("flush"),
                                            InstanceMethod<&PacketLoop::Close>("close"),
                                        }));
}

// new PacketLoop(receive: Uint8Array, slotSize, meta: Int32Array, send: Uint8Array, queue: Int32Array, onWake)
PacketLoop::PacketLoop(const Napi::CallbackInfo& info) : Napi::ObjectWrap<PacketLoop>(info) {
  const Napi::Env env = info.Env();
  auto receive = info[0].As<Napi::Uint8Array>();
  const size_t slot_size = info[1].As<Napi::Number>().Uint32Value();
  auto meta = info[2].As<Napi::Int32Array>();
  auto send = info[3].As<Napi::Uint8Array>();
  auto queue = info[4].As<Napi::Int32Array>();
  slots_ = receive.ElementLength() / slot_size;
  if (meta.ElementLength() < slots_ * kMetaFields) throw Napi::RangeError::New(env, "PacketLoop: meta too small");
  receive_reference_ = Napi::Persistent(receive);
  meta_reference_ = Napi::Persistent(meta);
  send_reference_ = Napi::Persistent(send);
  queue_reference_ = Napi::Persistent(queue);
  on_wake_ = Napi::Persistent(info[5].As<Napi::Function>());
  meta_ = meta.Data();
  send_ = send.Data();
  send_length_ = send.ElementLength();
  queue_ = queue.Data();
  queue_length_ = queue.ElementLength() / kQueueFields;

  receive_vectors_.resize(slots_);
  controls_.resize(slots_);
  receive_messages_.resize(slots_);
  for (size_t i = 0; i < slots_; i++) {
    receive_vectors_[i] = {receive.Data() + i * slot_size, slot_size};
    receive_messages_[i] = {};
    receive_messages_[i].msg_hdr.msg_iov = &receive_vectors_[i];
    receive_messages_[i].msg_hdr.msg_iovlen = 1;
  }
  send_vectors_.resize(kMessagesPerCall);
  send_messages_.resize(kMessagesPerCall);
  for (size_t i = 0; i < kMessagesPerCall; i++) {
    send_messages_[i] = {};
    send_messages_[i].msg_hdr.msg_iov = &send_vectors_[i];
    send_messages_[i].msg_hdr.msg_iovlen = 1;
  }

  const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) throw SystemError(env, "epoll_create1()", errno);
  const int timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (timer_fd < 0) {
    const int error = errno;
    close(epoll_fd);
    throw SystemError(env, "timerfd_create(CLOCK_MONOTONIC)", error);
  }
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u64 = kTimerTag;
  uv_loop_t* loop = nullptr;
  auto* handle = new Handle;
  handle->epoll_fd = epoll_fd;
  handle->timer_fd = timer_fd;
  handle->owner = this;
  handle->poll.data = handle;
  int error = 0;
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, timer_fd, &event) < 0) error = errno;
  if (error == 0 && napi_get_uv_event_loop(env, &loop) != napi_ok) error = EINVAL;
  if (error == 0) error = -uv_poll_init(loop, &handle->poll, epoll_fd);
  if (error != 0) {
    close(epoll_fd);
    close(timer_fd);
    delete handle;
    throw SystemError(env, "PacketLoop: event loop", error);
  }
  handle_ = handle;
  napi_add_async_cleanup_hook(
      env, [](napi_async_cleanup_hook_handle, void* data) { static_cast<Handle*>(data)->Close(); }, handle,
      &handle->hook);
  uv_poll_start(&handle->poll, UV_READABLE, [](uv_poll_t* poll, int, int) {
    auto* self = static_cast<Handle*>(poll->data);
    if (self->owner) self->owner->OnReadable();
  });
  Ref();  // it stays while it is open, whether JavaScript holds it or not
}

PacketLoop::~PacketLoop() {
  if (handle_) handle_->Close();
}

void PacketLoop::Shut() {
  if (!handle_) return;
  handle_->Close();
  handle_ = nullptr;
  Unref();
}

void PacketLoop::Close(const Napi::CallbackInfo& info) { Shut(); }

void PacketLoop::Add(const Napi::CallbackInfo& info) {
  if (!handle_) throw Napi::Error::New(info.Env(), "PacketLoop.add: closed");
  const int fd = info[0].As<Napi::Number>().Int32Value();
  const uint32_t tag = info[1].As<Napi::Number>().Uint32Value();
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u64 = (uint64_t{tag} << 32) | static_cast<uint32_t>(fd);
  if (epoll_ctl(handle_->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
    throw SystemError(info.Env(), "epoll_ctl(ADD, descriptor " + std::to_string(fd) + ")", errno);
  }
}

void PacketLoop::Remove(const Napi::CallbackInfo& info) {
  if (!handle_) return;
  const int fd = info[0].As<Napi::Number>().Int32Value();
  if (epoll_ctl(handle_->epoll_fd, EPOLL_CTL_DEL, fd, nullptr) < 0 && errno != ENOENT) {
    throw SystemError(info.Env(), "epoll_ctl(DEL, descriptor " + std::to_string(fd) + ")", errno);
  }
}

void PacketLoop::SetTimer(const Napi::CallbackInfo& info) {
  if (!handle_) return;
  const double ms = info[0].As<Napi::Number>().DoubleValue();
  itimerspec when = {};
  if (ms > 0) {
    when.it_value.tv_sec = static_cast<time_t>(floor(ms / 1e3));
    when.it_value.tv_nsec = static_cast<long>((ms - when.it_value.tv_sec * 1e3) * 1e6);
    if (when.it_value.tv_sec == 0 && when.it_value.tv_nsec == 0) when.it_value.tv_nsec = 1;  // 0 would disarm
  }
  if (timerfd_settime(handle_->timer_fd, TFD_TIMER_ABSTIME, &when, nullptr) < 0) {
    throw SystemError(info.Env(), "timerfd_settime(" + std::to_string(ms) + " ms)", errno);
  }
}

void PacketLoop::Tell(bool timers) {
  // The C API: a worker that is being terminated fails these calls, which must not become a C++ exception in
  // a libuv callback.
  const napi_env env = Env();
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value receiver, on_wake, arguments[2], result, exception;
  const uint32_t count = static_cast<uint32_t>(filled_);
  filled_ = 0;
  if (napi_get_global(env, &receiver) == napi_ok && napi_get_reference_value(env, on_wake_, &on_wake) == napi_ok &&
      napi_create_uint32(env, count, &arguments[0]) == napi_ok &&
      napi_get_boolean(env, timers, &arguments[1]) == napi_ok &&
      napi_make_callback(env, nullptr, receiver, on_wake, 2, arguments, &result) == napi_pending_exception &&
      napi_get_and_clear_last_exception(env, &exception) == napi_ok) {
    napi_fatal_exception(env, exception);
  }
  napi_close_handle_scope(env, scope);
}

void PacketLoop::Drain(int fd, int tag, int budget) {
  while (budget > 0 && handle_) {
    const size_t room = slots_ - filled_;
    for (size_t i = filled_; i < slots_; i++) {
      receive_messages_[i].msg_hdr.msg_control = controls_[i].bytes;
      receive_messages_[i].msg_hdr.msg_controllen = sizeof(Control);
    }
    const int received = recvmmsg(fd, &receive_messages_[filled_], room, MSG_DONTWAIT | MSG_TRUNC, nullptr);
    if (received <= 0) return;  // EAGAIN, or ENETDOWN: the watcher of links tells
    for (int i = 0; i < received; i++) {
      const size_t slot = filled_ + i;
      msghdr& header = receive_messages_[slot].msg_hdr;
      int32_t tagged = 0;
      for (cmsghdr* c = CMSG_FIRSTHDR(&header); c; c = CMSG_NXTHDR(&header, c)) {
        if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA) continue;
        tpacket_auxdata auxiliary;
        memcpy(&auxiliary, CMSG_DATA(c), sizeof auxiliary);
        tagged = (auxiliary.tp_status & TP_STATUS_VLAN_VALID) ? 1 : 0;
      }
      meta_[slot * kMetaFields] = tag;
      meta_[slot * kMetaFields + 1] = static_cast<int32_t>(receive_messages_[slot].msg_len);
      meta_[slot * kMetaFields + 2] = tagged;
    }
    filled_ += received;
    budget -= received;
    if (filled_ == slots_) Tell(false);
    if (static_cast<size_t>(received) < room) return;  // that was all
  }
}

void PacketLoop::OnReadable() {
  std::array<epoll_event, kSocketsPerWake> events;
  const int ready = epoll_wait(handle_->epoll_fd, events.data(), kSocketsPerWake, 0);
  // Every socket before any timer: what has arrived counts before a deadline that has passed meanwhile, so
  // that a router which was kept waiting does not believe its Master dead.
  for (int i = 0; i < ready && handle_; i++) {
    const uint64_t data = events[i].data.u64;
    if (data == kTimerTag) {
      uint64_t expirations;
      if (read(handle_->timer_fd, &expirations, sizeof expirations) < 0) continue;
    } else {
      Drain(static_cast<int>(data & 0xffffffff), static_cast<int>(data >> 32), kPacketsPerSocket);
    }
  }
  if (handle_) Tell(true);
}

Napi::Value PacketLoop::Flush(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const size_t count = info[0].As<Napi::Number>().Uint32Value();
  if (count > queue_length_) throw Napi::RangeError::New(env, "PacketLoop.flush: count beyond the queue");
  int failed = 0;
  size_t next = 0;
  while (next < count) {
    const int fd = queue_[next * kQueueFields];
    size_t batch = 0;
    while (next + batch < count && batch < kMessagesPerCall && queue_[(next + batch) * kQueueFields] == fd) {
      const uint32_t offset = queue_[(next + batch) * kQueueFields + 1];
      const uint32_t length = queue_[(next + batch) * kQueueFields + 2];
      if (size_t{offset} + length > send_length_) throw Napi::RangeError::New(env, "PacketLoop.flush: frame beyond the buffer");
      send_vectors_[batch] = {send_ + offset, length};
      batch++;
    }
    size_t sent = 0;
    while (sent < batch) {
      const int result = sendmmsg(fd, &send_messages_[sent], batch - sent, MSG_DONTWAIT);
      if (result > 0) {
        sent += result;
        continue;
      }
      if (errno == EINTR) continue;
      queue_[(next + sent) * kQueueFields] = -errno;  // this one could not be sent; go on behind it
      failed++;
      sent++;
    }
    next += batch;
  }
  return Napi::Number::New(env, failed);
}

}  // namespace rvrrpd
