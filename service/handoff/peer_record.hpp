#pragma once

#include "base/clock.hpp"
#include "base/endpoint.hpp"
#include "base/public_key.hpp"
#include "base/secret.hpp"
#include "handoff/refusal.hpp"
#include "handoff/sighting.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace provisiond {

using PresharedKey = Secret<32>;

// A peer as the database has it, validated: fit to be handed to a device. Move-only, because of the
// preshared key.
struct PeerRecord {
  // More than any real peer has; one netlink message of this many prefixes stays under 64 KiB.
  static constexpr std::size_t maximum_allowed_ips = 1024;

  std::int64_t id = 0; // wg_provision.peers.id
  PublicKey key;
  std::optional<PresharedKey> preshared_key;
  std::uint16_t keepalive_seconds = 0; // 0: none
  std::vector<IpPrefix> allowed_ips;
  std::optional<WallTime> expires_at;
};

// Asks for one key in the network of one interface.
struct LookupRequest {
  InterfaceId interface;
  PublicKey key;
  std::uint64_t ticket = 0; // chosen by the asker, returned with the answer
  TimePoint asked_at;
};

// What the database said: a record, or the reason why there is none. `database_unavailable` means
// that nothing was said; it must never be remembered as a refusal of the key.
struct LookupAnswer {
  InterfaceId interface;
  PublicKey key;
  std::uint64_t ticket = 0;
  std::variant<PeerRecord, Refusal> verdict;
  TimePoint asked_at;
};

} // namespace provisiond
