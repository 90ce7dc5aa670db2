// The addon: `Ioctl`, a socket and the requests of man 7 netdevice that go through it.
#include <napi.h>

#include "interface_requests.h"
#include "route_requests.h"
#include "socket.h"

namespace ioctls {

class Ioctl : public Napi::ObjectWrap<Ioctl> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Ioctl",
                       {InstanceMethod<&Ioctl::On<Addresses>>("addresses"), InstanceMethod<&Ioctl::On<Name>>("name"),
                        InstanceMethod<&Ioctl::On<Index>>("index"), InstanceMethod<&Ioctl::On<Flags>>("flags"),
                        InstanceMethod<&Ioctl::On<HardwareAddress>>("hardwareAddress"),
                        InstanceMethod<&Ioctl::On<Mtu>>("mtu"), InstanceMethod<&Ioctl::On<DriverName>>("driverName"),
                        InstanceMethod<&Ioctl::On<Address>>("address"), InstanceMethod<&Ioctl::On<Netmask>>("netmask"),
                        InstanceMethod<&Ioctl::On<AddAlias>>("addAlias"),
                        InstanceMethod<&Ioctl::On<SetFlags>>("setFlags"),
                        InstanceMethod<&Ioctl::On<SetHardwareAddress>>("setHardwareAddress"),
                        InstanceMethod<&Ioctl::On<AddRoute>>("addRoute"),
                        InstanceMethod<&Ioctl::On<DeleteRoute>>("deleteRoute"), InstanceMethod<&Ioctl::Close>("close")});
  }

  explicit Ioctl(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Ioctl>(info), socket_(Socket::Open(info.Env())) {}

 private:
  template <Napi::Value (*Request)(int, const Napi::CallbackInfo&)>
  Napi::Value On(const Napi::CallbackInfo& info) {
    if (!socket_.IsOpen()) throw Napi::Error::New(info.Env(), "the network driver is closed");
    return Request(socket_.Descriptor(), info);
  }

  void Close(const Napi::CallbackInfo&) { socket_.Close(); }

  Socket socket_;  // closed with the object, at the latest when its environment goes
};

}  // namespace ioctls

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("Ioctl", ioctls::Ioctl::Define(env));
  return exports;
}

NODE_API_MODULE(ioctl, Init)
