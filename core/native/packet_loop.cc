#include "packet_loop.h"

#include <math.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>

#include "syscalls.h"

namespace rvrrpd {

namespace {

// recvmmsg is offered this many places: each is made ready first, and most often only a few packets wait.
constexpr size_t kPacketsPerCall = 32;
// In one wake-up at most this many calls for each socket: a flood on one interface must keep neither the timers nor
// the other interfaces waiting.
constexpr int kCallsPerSocket = 64;
// sendmmsg takes no more at once (UIO_MAXIOV).
constexpr size_t kMessagesPerCall = 1024;
// A packet that has waited longer was kept waiting by us: its age tells nothing of the network.
constexpr double kOldestMs = 50;
constexpr int kMetaFields = 4;
constexpr int kQueueFields = 3;

// What the network answers to what was sent: so many at each wake-up.
constexpr int kErrorsPerSocket = 64;

double Milliseconds(const timespec& time) { return time.tv_sec * 1e3 + time.tv_nsec / 1e6; }

// When the kernel received it, CLOCK_REALTIME in ms (SO_TIMESTAMPNS, man 7 socket); 0: it does not say.
double Arrival(msghdr* message) {
  for (cmsghdr* part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec time;
    memcpy(&time, CMSG_DATA(part), sizeof time);
    return Milliseconds(time);
  }
  return 0;
}

}  // namespace

// What must outlive a PacketLoop until libuv has let go of all of it: a handle for each socket, one for the timer
// and one that runs after all of these. (One epoll descriptor for the sockets would wake twice for each packet.)
struct PacketLoop::Handles {
  struct Watch {
    uv_poll_t poll;
    Handles* handles;
    int fd;
    int tag;
    SocketKind kind;
  };

  PacketLoop* owner = nullptr;
  uv_loop_t* loop = nullptr;
  uv_check_t check;
  uv_idle_t idle;  // while it is active the loop does not sleep
  Watch timer;
  std::map<int, Watch*> sockets;  // by descriptor
  bool woken = false;
  bool closing = false;
  int open = 0;
  napi_async_cleanup_hook_handle hook = nullptr;

  void Close() {
    if (closing) return;
    closing = true;
    owner = nullptr;
    for (auto& [fd, watch] : sockets) CloseWatch(watch);
    sockets.clear();
    uv_close(reinterpret_cast<uv_handle_t*>(&timer.poll), [](uv_handle_t* closed) {
      auto* watch = static_cast<Watch*>(closed->data);
      close(watch->fd);
      watch->handles->Closed();
    });
    const auto closed = [](uv_handle_t* handle) { static_cast<Handles*>(handle->data)->Closed(); };
    uv_close(reinterpret_cast<uv_handle_t*>(&check), closed);
    uv_close(reinterpret_cast<uv_handle_t*>(&idle), closed);
  }

  static void Start(Watch* watch) {
    uv_poll_start(&watch->poll, UV_READABLE, [](uv_poll_t* poll, int status, int) {
      auto* self = static_cast<Watch*>(poll->data);
      self->handles->woken = true;
      PacketLoop* owner = self->handles->owner;
      if (!owner) return;
      if (status < 0 && self->kind.family != 0) owner->DrainErrors(self->fd, self->tag, self->kind);
      // Not if JavaScript has let go of all meanwhile.
      if (self->handles->owner) owner->Drain(self->fd, self->tag, self->kind);
      if (status >= 0 || uv_is_closing(reinterpret_cast<uv_handle_t*>(poll))) return;
      // libuv gives up a socket that has an error; this one is over now, and the socket is as good as before.
      int error = 0;
      socklen_t length = sizeof error;
      getsockopt(self->fd, SOL_SOCKET, SO_ERROR, &error, &length);
      Start(self);
    });
  }

  static void CloseWatch(Watch* watch) {
    // The descriptor may be closed by its owner from here on.
    uv_poll_stop(&watch->poll);
    uv_close(reinterpret_cast<uv_handle_t*>(&watch->poll), [](uv_handle_t* closed) {
      auto* self = static_cast<Watch*>(closed->data);
      self->handles->Closed();
      delete self;
    });
  }

  void Closed() {
    if (--open > 0) return;
    // Only now may the environment go on tearing itself down.
    napi_remove_async_cleanup_hook(hook);
    delete this;
  }
};

void PacketLoop::Init(Napi::Env env, Napi::Object exports) {
  exports.Set("PacketLoop", DefineClass(env, "PacketLoop",
                                        {
                                            InstanceMethod<&PacketLoop::Add>("add"),
                                            InstanceMethod<&PacketLoop::Remove>("remove"),
                                            InstanceMethod<&PacketLoop::SetTimer>("setTimer"),
                                            InstanceMethod<&PacketLoop::Collect>("collect"),
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
  slot_size_ = slot_size;
  receive_ = receive.Data();
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
  senders_.resize(slots_);
  arrivals_.resize(slots_);
  control_.resize(slots_ * kControlLength);
  receive_messages_.resize(slots_);
  for (size_t i = 0; i < slots_; i++) {
    receive_vectors_[i] = {receive.Data() + i * slot_size, slot_size};
    receive_messages_[i] = {};
    receive_messages_[i].msg_hdr.msg_iov = &receive_vectors_[i];
    receive_messages_[i].msg_hdr.msg_iovlen = 1;
    receive_messages_[i].msg_hdr.msg_control = &control_[i * kControlLength];
  }
  send_vectors_.resize(kMessagesPerCall);
  send_messages_.resize(kMessagesPerCall);
  destinations_.resize(kMessagesPerCall);
  for (size_t i = 0; i < kMessagesPerCall; i++) {
    send_messages_[i] = {};
    send_messages_[i].msg_hdr.msg_iov = &send_vectors_[i];
    send_messages_[i].msg_hdr.msg_iovlen = 1;
  }

  const int timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (timer_fd < 0) throw SystemError(env, "timerfd_create(CLOCK_MONOTONIC)", errno);
  auto* handles = new Handles;
  int error = napi_get_uv_event_loop(env, &handles->loop) == napi_ok ? 0 : EINVAL;
  if (error == 0) error = -uv_poll_init(handles->loop, &handles->timer.poll, timer_fd);
  if (error != 0) {
    close(timer_fd);
    delete handles;
    throw SystemError(env, "PacketLoop: event loop", error);
  }
  handles->owner = this;
  handles->timer.handles = handles;
  handles->timer.fd = timer_fd;
  handles->timer.poll.data = &handles->timer;
  uv_check_init(handles->loop, &handles->check);
  handles->check.data = handles;
  uv_idle_init(handles->loop, &handles->idle);
  handles->idle.data = handles;
  handles->open = 3;
  handles_ = handles;
  napi_add_async_cleanup_hook(
      env, [](napi_async_cleanup_hook_handle, void* data) { static_cast<Handles*>(data)->Close(); }, handles,
      &handles->hook);
  // The expiration is not read: setting the timer anew clears it.
  uv_poll_start(&handles->timer.poll, UV_READABLE,
                [](uv_poll_t* poll, int, int) {
                  auto* self = static_cast<Handles::Watch*>(poll->data)->handles;
                  self->woken = true;
                  uv_idle_stop(&self->idle);
                });
  // Every socket before any timer: what has arrived counts before a deadline that has passed meanwhile, so that a
  // router which was kept waiting does not believe its Master dead.
  uv_check_start(&handles->check, [](uv_check_t* check) {
    auto* self = static_cast<Handles*>(check->data);
    if (!self->woken) return;
    self->woken = false;
    if (self->owner) self->owner->Tell(true);
  });
  uv_unref(reinterpret_cast<uv_handle_t*>(&handles->check));
  uv_unref(reinterpret_cast<uv_handle_t*>(&handles->idle));
  Ref();  // it stays while it is open, whether JavaScript holds it or not
}

PacketLoop::~PacketLoop() {
  if (handles_) handles_->Close();
}

void PacketLoop::Close(const Napi::CallbackInfo& info) {
  if (!handles_) return;
  handles_->Close();
  handles_ = nullptr;
  Unref();
}

void PacketLoop::Add(const Napi::CallbackInfo& info) {
  if (!handles_) throw Napi::Error::New(info.Env(), "PacketLoop.add: closed");
  auto* watch = new Handles::Watch;
  watch->handles = handles_;
  watch->fd = info[0].As<Napi::Number>().Int32Value();
  watch->tag = info[1].As<Napi::Number>().Int32Value();
  if (info[2].IsNumber()) watch->kind.family = info[2].As<Napi::Number>().Int32Value();
  if (info[3].IsNumber()) watch->kind.scope = info[3].As<Napi::Number>().Uint32Value();
  const int error = -uv_poll_init(handles_->loop, &watch->poll, watch->fd);
  if (error != 0) {
    const int fd = watch->fd;
    delete watch;
    throw SystemError(info.Env(), "uv_poll_init(descriptor " + std::to_string(fd) + ")", error);
  }
  watch->poll.data = watch;
  handles_->sockets[watch->fd] = watch;
  handles_->open++;
  Handles::Start(watch);
}

void PacketLoop::Remove(const Napi::CallbackInfo& info) {
  if (!handles_) return;
  const auto found = handles_->sockets.find(info[0].As<Napi::Number>().Int32Value());
  if (found == handles_->sockets.end()) return;
  Handles::CloseWatch(found->second);
  handles_->sockets.erase(found);
}

void PacketLoop::SetTimer(const Napi::CallbackInfo& info) {
  if (!handles_) return;
  const double ms = info[0].As<Napi::Number>().DoubleValue();
  itimerspec when = {};
  if (ms > 0) {
    when.it_value.tv_sec = static_cast<time_t>(floor(ms / 1e3));
    when.it_value.tv_nsec = static_cast<long>((ms - when.it_value.tv_sec * 1e3) * 1e6);
    if (when.it_value.tv_sec == 0 && when.it_value.tv_nsec == 0) when.it_value.tv_nsec = 1;  // 0 would disarm
  }
  if (timerfd_settime(handles_->timer.fd, TFD_TIMER_ABSTIME, &when, nullptr) < 0) {
    throw SystemError(info.Env(), "timerfd_settime(" + std::to_string(ms) + " ms)", errno);
  }
  if (info[1].ToBoolean().Value()) {  // may be left out
    uv_idle_start(&handles_->idle, [](uv_idle_t*) {});
  } else {
    uv_idle_stop(&handles_->idle);
  }
}

void PacketLoop::Tell(bool timers) {
  // The C API: a worker that is being terminated fails these calls, which must not become a C++ exception in
  // a libuv callback.
  const napi_env env = Env();
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value receiver, on_wake, arguments[3], result, exception;
  const uint32_t count = static_cast<uint32_t>(filled_);
  filled_ = 0;
  // Both clocks at once: what JavaScript needs to get going is no part of a packet's age.
  timespec woke = {}, now = {};
  clock_gettime(CLOCK_MONOTONIC, &woke);
  if (count > 0) clock_gettime(CLOCK_REALTIME, &now);
  for (size_t slot = 0; slot < count; slot++) {
    const double age = Milliseconds(now) - arrivals_[slot];
    meta_[slot * kMetaFields + 3] = age > 0 && age < kOldestMs ? static_cast<int32_t>(age * 1e3) : 0;
  }
  if (napi_get_global(env, &receiver) == napi_ok && napi_get_reference_value(env, on_wake_, &on_wake) == napi_ok &&
      napi_create_uint32(env, count, &arguments[0]) == napi_ok &&
      napi_get_boolean(env, timers, &arguments[1]) == napi_ok &&
      napi_create_double(env, Milliseconds(woke), &arguments[2]) == napi_ok &&
      napi_make_callback(env, nullptr, receiver, on_wake, 3, arguments, &result) == napi_pending_exception &&
      napi_get_and_clear_last_exception(env, &exception) == napi_ok) {
    napi_fatal_exception(env, exception);
  }
  napi_close_handle_scope(env, scope);
}

bool PacketLoop::Receive(int fd, int tag, const SocketKind& kind) {
  const size_t header = HeaderRoom(kind);
  const size_t room = std::min(slots_ - filled_, kPacketsPerCall);
  for (size_t i = filled_; i < filled_ + room; i++) {
    receive_vectors_[i] = {receive_ + i * slot_size_ + header, slot_size_ - header};
    receive_messages_[i].msg_hdr.msg_name = &senders_[i];
    receive_messages_[i].msg_hdr.msg_namelen = sizeof senders_[i];
    receive_messages_[i].msg_hdr.msg_controllen = kControlLength;
  }
  const int received = recvmmsg(fd, &receive_messages_[filled_], room, MSG_DONTWAIT | MSG_TRUNC, nullptr);
  if (received <= 0) return false;  // EAGAIN, or ENETDOWN: the watcher of links tells
  for (int i = 0; i < received; i++) {
    const size_t slot = filled_ + i;
    msghdr* message = &receive_messages_[slot].msg_hdr;
    size_t length = receive_messages_[slot].msg_len;
    if (kind.family != 0) length = WriteHeader(kind, receive_ + slot * slot_size_, length, message);
    const bool foreign = kind.family == 0 && senders_[slot].link.sll_pkttype == PACKET_OTHERHOST;
    meta_[slot * kMetaFields] = tag;
    meta_[slot * kMetaFields + 1] = static_cast<int32_t>(length);
    meta_[slot * kMetaFields + 2] = foreign ? 1 : 0;
    meta_[slot * kMetaFields + 3] = 0;
    arrivals_[slot] = Arrival(message);
  }
  filled_ += received;
  return static_cast<size_t>(received) == room;
}

void PacketLoop::Drain(int fd, int tag, const SocketKind& kind) {
  for (int calls = kCallsPerSocket; calls > 0 && handles_; calls--) {
    const bool more = Receive(fd, tag, kind);
    if (filled_ == slots_) Tell(false);
    if (!more) return;
  }
}

Napi::Value PacketLoop::Collect(const Napi::CallbackInfo& info) {
  SocketKind kind;
  kind.family = info[2].As<Napi::Number>().Int32Value();
  size_t received = 0;
  // What waits to be told must not be lost.
  if (handles_ && filled_ == 0) {
    const int fd = info[0].As<Napi::Number>().Int32Value();
    const int tag = info[1].As<Napi::Number>().Int32Value();
    while (Receive(fd, tag, kind)) {
    }
    received = filled_;
    filled_ = 0;
  }
  return Napi::Number::New(info.Env(), static_cast<double>(received));
}

void PacketLoop::DrainErrors(int fd, int tag, const SocketKind& kind) {
  for (int budget = kErrorsPerSocket; budget > 0 && handles_; budget--) {
    int error;
    const size_t length = TakeError(kind, fd, receive_ + filled_ * slot_size_, slot_size_, &error);
    if (length == 0) return;
    if (error == 0) continue;
    int32_t* meta = &meta_[filled_ * kMetaFields];
    meta[0] = tag;
    meta[1] = static_cast<int32_t>(length);
    meta[2] = -error;
    arrivals_[filled_] = 0;
    if (++filled_ == slots_) Tell(false);
  }
}

Napi::Value PacketLoop::Flush(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const size_t count = info[0].As<Napi::Number>().Uint32Value();
  if (count > queue_length_) throw Napi::RangeError::New(env, "PacketLoop.flush: count beyond the queue");
  int failed = 0;
  size_t next = 0;
  while (next < count) {
    const int fd = queue_[next * kQueueFields];
    SocketKind kind;
    if (handles_) {
      const auto found = handles_->sockets.find(fd);
      if (found != handles_->sockets.end()) kind = found->second->kind;
    }
    size_t batch = 0;
    while (next + batch < count && batch < kMessagesPerCall && queue_[(next + batch) * kQueueFields] == fd) {
      const uint32_t offset = queue_[(next + batch) * kQueueFields + 1];
      const uint32_t length = queue_[(next + batch) * kQueueFields + 2];
      if (size_t{offset} + length > send_length_) throw Napi::RangeError::New(env, "PacketLoop.flush: frame beyond the buffer");
      msghdr* message = &send_messages_[batch].msg_hdr;
      send_vectors_[batch] = {send_ + offset, length};
      message->msg_name = nullptr;
      message->msg_namelen = 0;
      if (kind.family != 0) {
        if (!ReadHeader(kind, send_ + offset, length, &destinations_[batch], &message->msg_namelen, &send_vectors_[batch])) {
          throw Napi::RangeError::New(env, "PacketLoop.flush: frame without an IP header");
        }
        message->msg_name = &destinations_[batch];
      }
      batch++;
    }
    size_t sent = 0;
    bool again = false;
    while (sent < batch) {
      const int result = sendmmsg(fd, &send_messages_[sent], batch - sent, MSG_DONTWAIT);
      if (result > 0) {
        sent += result;
        again = false;
        continue;
      }
      if (errno == EINTR) continue;
      // Whoever sends next is told what became of a packet before, which the error queue tells too.
      if (kind.family != 0 && !again) {
        again = true;
        continue;
      }
      again = false;
      queue_[(next + sent) * kQueueFields] = -errno;  // this one could not be sent; go on behind it
      failed++;
      sent++;
    }
    next += batch;
  }
  return Napi::Number::New(env, failed);
}

}  // namespace rvrrpd
