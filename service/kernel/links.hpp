#pragma once

#include "base/result.hpp"
#include "kernel/netlink_message.hpp"
#include "kernel/netlink_socket.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace provisiond::kernel {

// Something happened to a network interface of this namespace.
struct LinkEvent {
  enum class Kind : std::uint8_t {
    added,
    removed, // deleted, or moved to another namespace
    changed, // up, down, renamed (`name` is the new one), or anything else
    overrun, // events were lost: whoever keeps state about interfaces reads it anew
  };

  Kind kind = Kind::changed;
  std::uint32_t ifindex = 0; // 0 for `overrun`
  std::string name;

  bool operator==(const LinkEvent&) const = default;
};

// None for a message that is not about an interface itself (AF_BRIDGE messages are about a port's
// place in a bridge) or is malformed.
std::optional<LinkEvent> read_link(const NetlinkMessage& message);

// Tells the loop about interfaces that come, go and change (rtnetlink, RTMGRP_LINK). Needs no
// rights. Belongs to the loop's thread. Memory: 32 KiB and the socket's queue, whose overflow is an
// `overrun` event.
class LinkMonitor {
 public:
  static constexpr int maximum_datagrams = 64;

  static Result<LinkMonitor> open();

  // Readable while events wait. Owned by the monitor.
  [[nodiscard]] int fd() const { return socket_.fd(); }
  // Never blocks. Reads at most `maximum_datagrams` (the kernel puts one event into each); `fd`
  // stays readable while more wait.
  std::vector<LinkEvent> read();

 private:
  explicit LinkMonitor(NetlinkSocket socket);

  NetlinkSocket socket_;
  WipedBuffer buffer_;
};

} // namespace provisiond::kernel
