// Sends changes to the kernel, many in one system call, and collects what it refuses.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "change.h"

namespace libnl {

// What became of one change. `code` is 0 or an errno.
struct Outcome {
  int code = 0;
  std::string message;
};

class RequestSocket {
 public:
  RequestSocket();
  // One outcome for each change, in order. Throws std::runtime_error if the socket itself fails.
  std::vector<Outcome> Apply(const std::vector<Change>& changes);

 private:
  void ApplyOne(const std::vector<Change>& changes, size_t at, std::vector<Outcome>& outcomes);
  void RemoveLinks(const std::vector<Change>& changes, size_t begin, size_t end, std::vector<Outcome>& outcomes);
  void Queue(Message request, size_t at, const std::vector<Change>& changes, std::vector<Outcome>& outcomes);
  void Flush(const std::vector<Change>& changes, std::vector<Outcome>& outcomes);
  void Append(nl_msg* request, size_t change);
  int IndexOf(const std::string& interface) const;

  Socket socket_;
  std::vector<char> batch_;
  std::vector<size_t> pending_;             // the change that each message of the batch is for
  std::unordered_set<std::string> renamed_;  // interfaces that the batch makes or removes
  size_t last_header_ = 0;
  uint32_t first_sequence_ = 0;
  uint32_t next_sequence_ = 1;
};

}  // namespace libnl
