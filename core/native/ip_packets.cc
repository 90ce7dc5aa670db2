#include "ip_packets.h"

#include <time.h>  // linux/errqueue.h does not include what it needs, and musl nothing of it by itself

#include <linux/errqueue.h>
#include <string.h>

#include <algorithm>

namespace rvrrpd {

namespace {

constexpr size_t kEthernet = 14;
constexpr size_t kIpv4 = 20;
constexpr size_t kIpv6 = 40;
constexpr uint8_t kVrrp = 112;

// Where the destination is in an IP header.
constexpr size_t kIpv4Destination = 16;
constexpr size_t kIpv6Source = 8;
constexpr size_t kIpv6Destination = 24;

void WriteEthernet(uint8_t* frame, int family) {
  memset(frame, 0, 12);
  frame[12] = family == 6 ? 0x86 : 0x08;
  frame[13] = family == 6 ? 0xdd : 0x00;
}

void WriteIpv6(uint8_t* ip, size_t length) {
  memset(ip, 0, kIpv6);
  ip[0] = 0x60;
  ip[4] = static_cast<uint8_t>(length >> 8);
  ip[5] = static_cast<uint8_t>(length);
  ip[6] = kVrrp;
}

// Octets of an IP header of the family in front of a quoted message; 0: there is none.
size_t QuotedHeader(int family, const uint8_t* quoted, size_t length) {
  if (family == 6) return length >= kIpv6 && quoted[0] >> 4 == 6 && quoted[6] == kVrrp ? kIpv6 : 0;
  return length >= kIpv4 && quoted[0] >> 4 == 4 && quoted[9] == kVrrp ? (quoted[0] & 0x0f) * size_t{4} : 0;
}

}  // namespace

size_t HeaderRoom(const SocketKind& kind) {
  if (kind.family == 0) return 0;
  return kind.family == 6 ? kEthernet + kIpv6 : kEthernet;
}

size_t WriteHeader(const SocketKind& kind, uint8_t* frame, size_t length, msghdr* message) {
  WriteEthernet(frame, kind.family);
  if (kind.family == 6) {
    uint8_t* ip = frame + kEthernet;
    WriteIpv6(ip, length);
    memcpy(ip + kIpv6Source, &static_cast<Peer*>(message->msg_name)->ip6.sin6_addr, sizeof(in6_addr));
    for (cmsghdr* part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
      if (part->cmsg_level != IPPROTO_IPV6) continue;
      if (part->cmsg_type == IPV6_HOPLIMIT) {
        int limit;
        memcpy(&limit, CMSG_DATA(part), sizeof limit);
        ip[7] = static_cast<uint8_t>(limit);
      } else if (part->cmsg_type == IPV6_PKTINFO) {
        in6_pktinfo info;
        memcpy(&info, CMSG_DATA(part), sizeof info);
        memcpy(ip + kIpv6Destination, &info.ipi6_addr, sizeof info.ipi6_addr);
      }
    }
  }
  return HeaderRoom(kind) + length;
}

bool ReadHeader(const SocketKind& kind, uint8_t* frame, size_t length, Peer* destination, socklen_t* name_length,
                iovec* payload) {
  const size_t header = kEthernet + (kind.family == 6 ? kIpv6 : kIpv4);
  if (length < header) return false;
  const uint8_t* ip = frame + kEthernet;
  *destination = {};
  if (kind.family == 6) {
    destination->ip6.sin6_family = AF_INET6;
    destination->ip6.sin6_scope_id = kind.scope;
    memcpy(&destination->ip6.sin6_addr, ip + kIpv6Destination, sizeof(in6_addr));
    *name_length = sizeof destination->ip6;
  } else {
    destination->ip4.sin_family = AF_INET;
    memcpy(&destination->ip4.sin_addr, ip + kIpv4Destination, sizeof(in_addr));
    *name_length = sizeof destination->ip4;
  }
  *payload = {frame + header, length - header};
  return true;
}

size_t TakeError(const SocketKind& kind, int fd, uint8_t* frame, size_t size, int* error) {
  *error = 0;
  const size_t header = kEthernet + (kind.family == 6 ? kIpv6 : kIpv4);
  alignas(cmsghdr) char control[kControlLength];
  Peer destination = {};
  iovec quoted = {frame + header, size - header};
  msghdr message = {};
  message.msg_name = &destination;
  message.msg_namelen = sizeof destination;
  message.msg_iov = &quoted;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t received = recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT);
  if (received < 0) return 0;
  const int level = kind.family == 6 ? IPPROTO_IPV6 : IPPROTO_IP;
  const int type = kind.family == 6 ? IPV6_RECVERR : IP_RECVERR;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != level || part->cmsg_type != type) continue;
    sock_extended_err extended;
    memcpy(&extended, CMSG_DATA(part), sizeof extended);
    // What comes from our own kernel while it sends is what sending has returned.
    if (extended.ee_origin != SO_EE_ORIGIN_LOCAL) *error = static_cast<int>(extended.ee_errno);
  }
  size_t length = std::min(static_cast<size_t>(received), quoted.iov_len);
  uint8_t* text = frame + header;
  const size_t skip = std::min(QuotedHeader(kind.family, text, length), length);
  length -= skip;
  memmove(text, text + skip, length);
  WriteEthernet(frame, kind.family);
  uint8_t* ip = frame + kEthernet;
  if (kind.family == 6) {
    WriteIpv6(ip, length);
    memcpy(ip + kIpv6Destination, &destination.ip6.sin6_addr, sizeof(in6_addr));
  } else {
    memset(ip, 0, kIpv4);
    ip[0] = 0x45;
    ip[9] = kVrrp;
    memcpy(ip + kIpv4Destination, &destination.ip4.sin_addr, sizeof(in_addr));
  }
  return header + length;
}

}  // namespace rvrrpd
