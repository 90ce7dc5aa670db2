#include "request_socket.h"

#include <linux/netlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/netlink.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <random>
#include <stdexcept>
#include <utility>

namespace libnl {
namespace {

// Bounded so that even a batch of which every message is refused fits the receive buffer (each refusal is
// a socket buffer of its own, of about 1 KiB of a default 208 KiB).
constexpr size_t kMaxMessages = 64;
constexpr size_t kMaxOctets = 32 * 1024;

std::string Explain(const char* call, int code) { return std::string(call) + ": " + ErrnoName(code); }

// The kernel's own words for a refusal (NETLINK_EXT_ACK), or nothing.
std::string ExtendedAck(const nlmsghdr* header, const nlmsgerr* error) {
  if ((header->nlmsg_flags & NLM_F_ACK_TLVS) == 0) return "";
  // NETLINK_CAP_ACK: of the request, only its header is quoted.
  const size_t fixed = NLMSG_ALIGN(sizeof(*header)) + sizeof(*error);
  if (header->nlmsg_len <= fixed) return "";
  const auto* first = reinterpret_cast<const nlattr*>(reinterpret_cast<const char*>(header) + fixed);
  nlattr* text = nla_find(const_cast<nlattr*>(first), static_cast<int>(header->nlmsg_len - fixed), NLMSGERR_ATTR_MSG);
  return text == nullptr ? "" : std::string(nla_get_string(text));
}

Outcome Refusal(const Change& change, int code, const std::string& words) {
  return {code, Describe(change) + ": " + ErrnoName(code) + (words.empty() ? "" : " (" + words + ")")};
}

}  // namespace

RequestSocket::RequestSocket() : socket_(Connect()) {
  const int fd = nl_socket_get_fd(socket_.get());
  const int on = 1;
  setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);  // short acknowledgements
  setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);  // with the reason in words
  batch_.reserve(kMaxOctets);
}

int RequestSocket::IndexOf(const std::string& interface) const {
  ifreq request{};
  if (interface.size() >= sizeof request.ifr_name) throw Unbuildable(ENODEV, "interface name too long");
  // The kernel would take an alias (eth0:7) for its interface.
  if (interface.find(':') != std::string::npos) throw Unbuildable(ENODEV, "not an interface name: '" + interface + "'");
  std::memcpy(request.ifr_name, interface.data(), interface.size());
  // Any socket answers interface ioctls (man 7 netdevice).
  if (ioctl(nl_socket_get_fd(socket_.get()), SIOCGIFINDEX, &request) < 0) {
    throw Unbuildable(errno, "no interface '" + interface + "'");
  }
  return request.ifr_ifindex;
}

std::vector<Outcome> RequestSocket::Apply(const std::vector<Change>& changes) {
  std::vector<Outcome> outcomes(changes.size());
  for (size_t i = 0; i < changes.size();) {
    size_t end = i;
    while (end < changes.size() && changes[end].op == "remove-link") end++;
    if (end - i > 1) {
      RemoveLinks(changes, i, end, outcomes);
      i = end;
    } else {
      ApplyOne(changes, i++, outcomes);
    }
  }
  Flush(changes, outcomes);
  return outcomes;
}

void RequestSocket::ApplyOne(const std::vector<Change>& changes, size_t at, std::vector<Outcome>& outcomes) {
  const Change& change = changes[at];
  try {
    Message request = BuildRequest(change, [&](const std::string& interface) {
      // An interface that the batch itself makes or removes: only the kernel knows its index.
      if (renamed_.count(interface) > 0) Flush(changes, outcomes);
      const int index = IndexOf(interface);
      // Names change hands: what was meant for one interface is not done to another.
      if (change.index && interface == change.interface && static_cast<uint32_t>(index) != *change.index) {
        throw Unbuildable(ENODEV, "interface '" + interface + "' is not number " + std::to_string(*change.index));
      }
      return index;
    });
    Queue(std::move(request), at, changes, outcomes);
    if (ChangesNames(change)) renamed_.insert(change.interface);
  } catch (const Unbuildable& why) {
    outcomes[at] = Refusal(change, why.code, why.what());
  }
}

// Removing a link waits for all CPUs to let go of it (RCU): some 20 ms each. The kernel waits once for a
// whole link group (250 links: 50 ms instead of 5 s), so links go by moving them to a group of their own.
void RequestSocket::RemoveLinks(const std::vector<Change>& changes, size_t begin, size_t end,
                                std::vector<Outcome>& outcomes) {
  Flush(changes, outcomes);
  uint32_t group = 0;
  // A group that nobody else uses: drawn anew each time, out of 2^32 less the default group.
  while (group == 0) group = std::random_device()();
  for (size_t i = begin; i < end; i++) {
    try {
      Queue(BuildGroupMove(changes[i].interface, group, [&](const std::string& name) { return IndexOf(name); }), i,
            changes, outcomes);
    } catch (const Unbuildable& why) {
      outcomes[i] = Refusal(changes[i], why.code, why.what());
    }
  }
  Flush(changes, outcomes);
  size_t moved = begin;
  while (moved < end && outcomes[moved].code != 0) moved++;
  if (moved == end) return;  // there is none of them
  Queue(BuildGroupRemoval(group), moved, changes, outcomes);
  Flush(changes, outcomes);
  if (outcomes[moved].code == 0) return;
  // One that cannot be removed spares the whole group: one by one, so that only it stays.
  outcomes[moved] = {};
  for (size_t i = begin; i < end; i++) {
    if (outcomes[i].code == 0) ApplyOne(changes, i, outcomes);
  }
}

void RequestSocket::Queue(Message request, size_t at, const std::vector<Change>& changes,
                          std::vector<Outcome>& outcomes) {
  if (pending_.size() == kMaxMessages || batch_.size() + nlmsg_hdr(request.get())->nlmsg_len > kMaxOctets) {
    Flush(changes, outcomes);
  }
  Append(request.get(), at);
}

void RequestSocket::Append(nl_msg* request, size_t change) {
  nlmsghdr* header = nlmsg_hdr(request);
  if (pending_.empty()) first_sequence_ = next_sequence_;
  header->nlmsg_seq = next_sequence_++;
  header->nlmsg_pid = 0;
  header->nlmsg_flags |= NLM_F_REQUEST;
  last_header_ = batch_.size();
  const char* octets = reinterpret_cast<const char*>(header);
  batch_.insert(batch_.end(), octets, octets + header->nlmsg_len);
  batch_.resize(NLMSG_ALIGN(batch_.size()));
  pending_.push_back(change);
}

// The kernel works through a batch in order, within sendmsg: it answers a message that it refuses, and one
// that asks for an acknowledgement. Only the last one asks: once it is answered, silence meant success.
void RequestSocket::Flush(const std::vector<Change>& changes, std::vector<Outcome>& outcomes) {
  if (pending_.empty()) return;
  const std::vector<size_t> sent = std::move(pending_);
  pending_.clear();
  renamed_.clear();
  reinterpret_cast<nlmsghdr*>(batch_.data() + last_header_)->nlmsg_flags |= NLM_F_ACK;
  const int fd = nl_socket_get_fd(socket_.get());
  ssize_t done;
  do {
    done = send(fd, batch_.data(), batch_.size(), 0);
  } while (done < 0 && errno == EINTR);
  const int send_error = errno;
  batch_.clear();
  if (done < 0) throw std::runtime_error(Explain("send(NETLINK_ROUTE)", send_error));

  alignas(nlmsghdr) char buffer[16 * 1024];
  const uint32_t last_sequence = first_sequence_ + static_cast<uint32_t>(sent.size()) - 1;
  for (;;) {
    const ssize_t got = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw std::runtime_error(Explain("recv(NETLINK_ROUTE)", errno));
    int left = static_cast<int>(got);
    for (auto* header = reinterpret_cast<nlmsghdr*>(buffer); nlmsg_ok(header, left); header = nlmsg_next(header, &left)) {
      if (header->nlmsg_type != NLMSG_ERROR) continue;
      const auto* error = static_cast<const nlmsgerr*>(nlmsg_data(header));
      const uint32_t at = header->nlmsg_seq - first_sequence_;
      if (at >= sent.size()) continue;  // of an earlier batch that failed half-way
      if (error->error != 0) {
        outcomes[sent[at]] = Refusal(changes[sent[at]], -error->error, ExtendedAck(header, error));
      }
      if (header->nlmsg_seq == last_sequence) return;
    }
  }
}

}  // namespace libnl
