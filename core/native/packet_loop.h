#pragma once

#include <napi.h>
#include <sys/socket.h>
#include <uv.h>

#include <map>
#include <vector>

#include "ip_packets.h"

namespace rvrrpd {

// The engine's I/O: packet sockets, raw IP sockets and one timer in the worker's event loop, so that one wake-up serves everything
// that is due. Contract in index.ts.
class PacketLoop : public Napi::ObjectWrap<PacketLoop> {
 public:
  static void Init(Napi::Env env, Napi::Object exports);
  explicit PacketLoop(const Napi::CallbackInfo& info);
  ~PacketLoop() override;

 private:
  // What must outlive this object until libuv has let go of it.
  struct Handles;

  void Add(const Napi::CallbackInfo& info);
  void Remove(const Napi::CallbackInfo& info);
  void SetTimer(const Napi::CallbackInfo& info);
  Napi::Value Collect(const Napi::CallbackInfo& info);
  Napi::Value Flush(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  // Receives some of what is queued on one socket, as far as there are free slots. Returns whether more may be.
  bool Receive(int fd, int tag, const SocketKind& kind);
  // Receives all that is queued on one socket; tells JavaScript whenever the slots are full.
  void Drain(int fd, int tag, const SocketKind& kind);
  // Takes what the network has answered to packets sent on a raw IP socket.
  void DrainErrors(int fd, int tag, const SocketKind& kind);
  void Tell(bool timers);

  Handles* handles_ = nullptr;
  Napi::FunctionReference on_wake_;
  Napi::Reference<Napi::Uint8Array> receive_reference_;
  Napi::Reference<Napi::Int32Array> meta_reference_;
  Napi::Reference<Napi::Uint8Array> send_reference_;
  Napi::Reference<Napi::Int32Array> queue_reference_;
  uint8_t* receive_ = nullptr;
  size_t slot_size_ = 0;
  uint8_t* send_ = nullptr;
  size_t send_length_ = 0;
  int32_t* meta_ = nullptr;
  int32_t* queue_ = nullptr;
  size_t queue_length_ = 0;
  size_t slots_ = 0;
  size_t filled_ = 0;

  std::vector<iovec> receive_vectors_;
  std::vector<Peer> senders_;
  std::vector<double> arrivals_;  // CLOCK_REALTIME in ms of the packet in each slot; 0: not known
  std::vector<char> control_;     // control data of each slot
  std::vector<mmsghdr> receive_messages_;
  std::vector<iovec> send_vectors_;
  std::vector<mmsghdr> send_messages_;
  std::vector<Peer> destinations_;  // of a batch for a raw IP socket
};

}  // namespace rvrrpd
