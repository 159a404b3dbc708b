#pragma once

#include "fuzz/input.hpp"
#include "kernel/wall_seconds.hpp"
#include "kernel/wg_device.hpp"

#include <chrono>

namespace provisiond::fuzz {

// No host bits, and no longer than its family's addresses.
inline void require_sound(const IpPrefix& prefix) {
  require(prefix.length <= prefix.address.bits());
  require(IpPrefix::covering(prefix.address, prefix.length) == prefix);
  require(IpPrefix::parse(prefix.to_string()) == prefix);
}

// What every reader of a device's peers promises.
inline void require_sound(const kernel::PeerState& peer) {
  const std::chrono::nanoseconds time = peer.last_handshake.time_since_epoch();
  require(time.count() >= 0);
  require(time < std::chrono::seconds{kernel::maximum_wall_seconds + 1});
  for (const IpPrefix& prefix : peer.allowed_ips)
    require_sound(prefix);
}

inline void require_same(const kernel::PeerState& one, const kernel::PeerState& other) {
  require(one.key == other.key);
  require(one.endpoint == other.endpoint);
  require(one.last_handshake == other.last_handshake);
  require(one.received_bytes == other.received_bytes && one.sent_bytes == other.sent_bytes);
  require(one.keepalive_seconds == other.keepalive_seconds);
  require(one.allowed_ips == other.allowed_ips);
}

} // namespace provisiond::fuzz
