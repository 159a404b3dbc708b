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

// The interface that a peer had its latest session on, of all gateways. The names are for people:
// what tells one daemon from another is its run.
struct SessionHolder {
  std::string gateway{};
  std::string interface {};
  std::string run{};               // of the daemon that claimed it; empty: not known
  std::optional<WallTime> since{}; // its handshake, by that gateway's clock; nullopt: not known
  bool operator==(const SessionHolder&) const = default;
};

// A peer as the database has it, validated: fit to be handed to a device. Move-only, because of the
// preshared key. Or a device that it does not know and that may become a peer: it is to be
// installed as it stands here, without addresses, and enrolled once it has a session.
struct PeerRecord {
  // More than any real peer has; one netlink message of this many prefixes stays under 64 KiB.
  static constexpr std::size_t maximum_allowed_ips = 1024;

  std::int64_t id = 0; // wg_provision.peers.id
  PublicKey key;
  std::optional<PresharedKey> preshared_key;
  std::uint16_t keepalive_seconds = 0; // 0: none
  std::vector<IpPrefix> allowed_ips;
  std::optional<WallTime> expires_at;
  bool is_on_trial = false; // id is 0 then

  // How long the peer lives on a gateway, and where it may be.
  std::optional<SessionHolder> held_by;    // where it had its latest session; nullopt: none yet
  std::optional<Tai64n> newest_initiation; // of those that led to a session, on any gateway
  std::optional<Duration> idle_timeout;    // nullopt: as the gateway is set up
  std::vector<IpPrefix> allowed_sources;   // for its first packet; empty: from anywhere
  bool may_roam = true;                    // false: it stays where it was let in
  bool may_be_on_several_gateways = false; // at a time
  bool is_evicted_last = false;            // when the interface is full
};

// On whose behalf the database is asked.
enum class LookupPurpose : std::uint8_t {
  proven,     // a device that proved to hold the key
  claimed,    // a device that only claims it
  revalidate, // a peer that is on a device
  enrol,      // a device that has passed its trial: it is to be made a peer
};
inline constexpr std::size_t lookup_purposes = 4;

// Asks for one key in the network of one interface.
struct LookupRequest {
  InterfaceId interface;
  PublicKey key;
  LookupPurpose purpose = LookupPurpose::proven;
  std::uint64_t number = 0; // chosen by the asker, returned with the answer
  TimePoint asked_at;
};

// What the database said: a record, or the reason why there is none. `database_unavailable` means
// that nothing was said; it must never be remembered as a refusal of the key.
struct LookupAnswer {
  InterfaceId interface;
  PublicKey key;
  LookupPurpose purpose = LookupPurpose::proven;
  std::uint64_t number = 0;
  std::variant<PeerRecord, Refusal> verdict;
  TimePoint asked_at;
};

} // namespace provisiond
