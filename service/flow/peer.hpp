#pragma once

#include "base/clock.hpp"
#include "base/endpoint.hpp"
#include "handoff/peer_life.hpp"
#include "handoff/peer_record.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace provisiond::flow {

// Whose a peer on a device is. What is found there belongs to nobody until the database has been
// asked.
enum class Owner : std::uint8_t { unasked, ours, foreign };

// A peer on a device, or about to be.
struct Peer {
  PeerStage stage{};
  Owner owner = Owner::unasked;
  bool is_on_trial = false;
  bool is_evicted_last = false;
  bool may_roam = true;
  bool has_rekeyed = false;              // a handshake since the one of `initiation`
  std::uint16_t keepalive_seconds = 0;   // on the device
  std::int64_t row = 0;                  // PeerRecord::id; two keys of one row are one device
  TimePoint active_at{};                 // see evict::Standing
  TimePoint watched_since{};             // likewise
  std::optional<TimePoint> installed_at; // by us
  std::optional<WallTime> expires_at;
  std::optional<Duration> idle_timeout;
  std::vector<IpPrefix> allowed_sources;  // kept where it may not roam
  std::optional<IpAddress> home;          // where it had its first session, likewise
  TimePoint row_asked_at{};               // when the database was asked for what is above
  std::optional<TimePoint> missing_since; // ours: the database has neither its row nor a tombstone
  std::optional<Tai64n> initiation;       // that brought it here; nullopt: not seen, or not proven
  std::optional<Eviction> leaves_for;     // while it is leaving for good
  // As the last pass found it.
  WallTime last_handshake{}; // the epoch: never
  std::optional<Endpoint>
      endpoint; // before the first pass that shows it: where its knock came from
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_bytes = 0;
  std::uint64_t seen_in_pass = 0;
  unsigned passes_missed = 0;        // incomplete ones in a row that did not show it
  std::uint64_t changed_in_pass = 0; // by us: a pass that began before shows it as it was
  std::uint64_t number = 0;          // in the order of arrival

  // When it had its last handshake. A wall clock that was set back makes earlier ones a thing of
  // the future, but we know how long ago we noticed them.
  [[nodiscard]] WallTime handshake_at(const Instant& now) const;

  // What its row says of its life here; it is not asked whose it is.
  void follow(const PeerRecord& record);
};

} // namespace provisiond::flow
