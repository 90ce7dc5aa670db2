#pragma once

#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

namespace rvrrpd {

// Packets of raw IP sockets in the shape of Ethernet frames, so that whoever reads and writes them needs to know one
// shape alone. MAC addresses are zeros, and of an IPv6 header what the kernel does not tell.

// What a socket of the packet loop is.
struct SocketKind {
  int family = 0;      // 4 or 6: a raw IP socket; 0: a packet socket
  uint32_t scope = 0;  // index of the interface that its link-local addresses are on
};

// Who a packet is from, or what an error is about.
union Peer {
  sockaddr_ll link;
  sockaddr_in ip4;
  sockaddr_in6 ip6;
};

// Octets of control data that a packet or an error comes with at most.
constexpr size_t kControlLength = 160;

// Octets of a frame before what the kernel hands over: the IPv4 header comes from it, the IPv6 header does not.
size_t HeaderRoom(const SocketKind& kind);

// Writes the header before a packet that has been received at `frame + HeaderRoom(kind)`, of `length` octets.
// Returns the octets of the frame.
size_t WriteHeader(const SocketKind& kind, uint8_t* frame, size_t length, msghdr* message);

// Finds out where a frame is to be sent to, and what of it the kernel does not write itself. False: it is too short.
bool ReadHeader(const SocketKind& kind, uint8_t* frame, size_t length, Peer* destination, socklen_t* name_length,
                iovec* payload);

// Takes one error out of the error queue of a socket (man 7 ip, IP_RECVERR) and writes a frame of `size` octets at most:
// the start of the message that could not be delivered, from anybody, to the peer that it was for.
// Returns the octets of the frame; 0: there is no more. `error` is the errno, 0 if there is nothing to be told of this one.
size_t TakeError(const SocketKind& kind, int fd, uint8_t* frame, size_t size, int* error);

}  // namespace rvrrpd
