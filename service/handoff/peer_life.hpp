#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace provisiond {

// Where a peer is in its life on one interface. The text is the metric label and the word that
// operators see.
enum class PeerStage : std::uint8_t {
  installing, // decided; not on the device before the end of the loop's turn
  greeting,   // on the device, without a session so far
  live,       // a handshake less than three minutes ago (REJECT_AFTER_TIME): it has a session
  idle,       // the last one is longer ago
  leaving,    // to be taken off
};
inline constexpr std::array<std::string_view, 5> peer_stage_names{"installing", "greeting", "live",
                                                                  "idle", "leaving"};
constexpr std::string_view to_string(PeerStage stage) {
  return peer_stage_names[static_cast<std::size_t>(stage)];
}

// Why a peer that had its place on a device is taken off it, apart from what the database says of
// its key (see Refusal).
enum class Eviction : std::uint8_t {
  expired,    // its row was valid until now
  idle,       // no handshake for the idle timeout
  over_limit, // others need its place
  roamed,     // it may not, and its endpoint is elsewhere
  moved,      // it has a newer session on another gateway
  foreign,    // the database does not know it, and the interface is exclusive
  stale,      // the database has been silent for max-stale
};
inline constexpr std::array<std::string_view, 7> eviction_names{
    "expired", "idle", "over_limit", "roamed", "moved", "foreign", "stale"};
constexpr std::string_view to_string(Eviction eviction) {
  return eviction_names[static_cast<std::size_t>(eviction)];
}

} // namespace provisiond
