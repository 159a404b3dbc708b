#pragma once

#include "kernel/wg_device.hpp"

#include <cstddef>
#include <span>

namespace provisiond::kernel {

// The slice of a PeerChange that goes into one message. Most changes have one part; a peer with
// more allowed IPs than a message can carry (a netlink attribute holds less than 64 KiB) has
// several. The first part makes the peer and empties its allowed IPs, every part adds some, and the
// last sets the keepalive, so that a device which initiates at once already has the whole peer.
// Parts after the first never create: when the first is refused, no half of a peer comes to be.
struct ChangePart {
  static constexpr std::size_t maximum_allowed_ips = 1024;

  // Refers into the change, which must outlive it.
  const PeerChange* change = nullptr;
  std::span<const IpPrefix> allowed_ips;
  std::size_t index = 0;
  std::size_t count = 1;

  [[nodiscard]] bool is_first() const { return index == 0; }
  [[nodiscard]] bool is_last() const { return index + 1 == count; }
  [[nodiscard]] bool removes() const { return change->action == PeerChange::Action::remove; }
  [[nodiscard]] bool only_updates() const {
    return change->action == PeerChange::Action::update || !is_first();
  }
  [[nodiscard]] bool replaces_allowed_ips() const {
    return is_first() && change->allowed_ips.has_value();
  }
  [[nodiscard]] bool sets_keepalive() const {
    return is_last() && !removes() && change->keepalive_seconds.has_value();
  }
};

// At least 1.
std::size_t count_parts(const PeerChange& change);
// `index` is less than `count_parts(change)`.
ChangePart part_of(const PeerChange& change, std::size_t index);

} // namespace provisiond::kernel
