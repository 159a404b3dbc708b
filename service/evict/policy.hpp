#pragma once

#include "base/clock.hpp"
#include "handoff/peer_life.hpp"

#include <chrono>
#include <optional>

namespace provisiond::evict {

// A session ends this long after its handshake (REJECT_AFTER_TIME, white paper, section 6.1), so
// nobody is idle before.
inline constexpr Duration session_lifetime = std::chrono::seconds{180};

// What the policy needs to know of a peer of ours that is past its greeting.
struct Standing {
  TimePoint active_at{};                  // its last handshake, or when it was found if it had none
  TimePoint watched_since{};              // when its handshakes began to be noticed
  std::optional<WallTime> expires_at{};   // its row
  std::optional<Duration> idle_timeout{}; // its network; nullopt: the gateway's
  bool may_roam = true;
  bool is_at_home = true; // its endpoint is where it may be
};

struct Limits {
  Duration idle_timeout{}; // zero: never
};

// The reason to evict, if there is one. Pure. Idleness counts on the steady clock, so that a wall
// clock that is set evicts nobody; the age of a handshake from before the watch is known by the
// wall clock alone, so a session's lifetime has to pass under it. An expiry is a date.
[[nodiscard]] std::optional<Eviction> judge(const Standing& standing, const Limits& limits,
                                            const Instant& now);

} // namespace provisiond::evict
