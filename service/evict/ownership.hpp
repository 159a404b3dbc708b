#pragma once

#include "base/clock.hpp"
#include "handoff/peer_record.hpp"
#include "handoff/sighting.hpp"

#include <chrono>
#include <optional>

namespace provisiond::evict {

// The clocks of two gateways may differ by so much. A session that is older by less counts as the
// same, and stays: a live one is never cut for it, and one that is over leaves as idle.
inline constexpr Duration clock_tolerance = std::chrono::seconds{1};

// What our device has of a peer.
struct SessionHere {
  std::optional<Tai64n> initiation{}; // that brought it here; nullopt: not seen
  bool has_rekeyed = false;           // it has had a handshake since
  WallTime last_handshake{};          // by our clock; the epoch: never
};

// Whether the session here is not older than the latest one that the database tells of. By the
// initiations, which the device's own clock orders, where both are known; where the one here is
// older and the device has had a handshake here since, or one of them is not known, by the times of
// the handshakes. The names of the gateways say nothing: a gateway may get another name, and two
// may have one. Pure.
[[nodiscard]] bool is_latest_here(const SessionHere& here, const SessionHolder& told,
                                  const std::optional<Tai64n>& newest_initiation);

} // namespace provisiond::evict
