#pragma once

#include "base/clock.hpp"
#include "base/endpoint.hpp"
#include "handoff/peer_life.hpp"
#include "handoff/peer_record.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

namespace provisiond::peers {

// Why a peer leaves its device. `reason` is the word of the log, with static storage.
struct Departure {
  enum class Log : std::uint8_t {
    line,  // one line when the device has acknowledged it
    count, // counted alone: how its handshake ended has been logged already
    none,  // it never was a peer
  };

  std::string_view reason;
  std::optional<Eviction> eviction{}; // as which it counts; none: not an eviction
  Log log = Log::line;

  static Departure of(Eviction eviction) {
    return {.reason = to_string(eviction), .eviction = eviction};
  }
  // A handshake in time keeps a peer that leaves for want of use or room, and no other.
  [[nodiscard]] bool is_reversible() const {
    return eviction == Eviction::idle || eviction == Eviction::over_limit;
  }
};

// The states of a peer, in the order of PeerStage. What only one of them needs is in it.
struct Installing {}; // the device has not acknowledged it
struct Greeting {};   // on the device, without a session so far; see greet::Greetings
struct Live {};
struct Idle {
  bool is_suspect = false; // a pass found it idle for too long; the next one that agrees evicts it
};
struct Evicting {
  Departure departure;
  bool is_handed_over = false; // its removal is on the way to the device, and nothing stops it
};
using State = std::variant<Installing, Greeting, Live, Idle, Evicting>;

// Whose a peer on a device is. `unknown` until the database has been asked.
enum class Owner : std::uint8_t { unknown, ours, foreign };

// The session that a peer has, or had last.
struct Session {
  std::optional<Tai64n> initiation{}; // that brought it here; nullopt: not seen, or not proven
  bool has_rekeyed = false;           // a handshake since the one of `initiation`
};

// A peer on a device, or about to be.
struct Peer {
  State state{};
  Owner owner = Owner::unknown;
  bool is_on_trial = false;
  bool is_evicted_last = false;
  bool may_roam = true;
  bool follows_row = true;               // false: the device has refused what the row says
  std::uint16_t keepalive_seconds = 0;   // on the device
  std::int64_t peer_id = 0;              // PeerRecord::id; two keys of one row are one device
  TimePoint active_at{};                 // see evict::Standing
  TimePoint watched_since{};             // likewise
  std::optional<TimePoint> installed_at; // by us
  std::optional<WallTime> expires_at;
  std::optional<Duration> idle_timeout;
  std::vector<IpPrefix> allowed_sources;  // kept where it may not roam
  std::optional<IpAddress> first_address; // of its first session, likewise
  TimePoint looked_up_at{};               // when the database was asked for what is above
  std::optional<TimePoint> missing_since; // ours: the database has neither its row nor a tombstone
  std::string_view would_leave_as{};      // in a dry run, as it was told; static storage
  bool would_be_changed = false;          // likewise
  Session session;
  // As the last pass found it.
  WallTime last_handshake{};        // the epoch: never
  std::optional<Endpoint> endpoint; // before the first pass: the source of its initiation
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_bytes = 0;
  std::uint64_t seen_in_pass = 0;
  unsigned passes_missed = 0;        // incomplete ones in a row that did not show it
  unsigned waiting_changes = 0;      // of ours, which the device has not acknowledged
  std::uint64_t changed_in_pass = 0; // by us: a pass that began before shows it as it was
  std::uint64_t number = 0;          // in the order of arrival

  [[nodiscard]] PeerStage stage() const { return static_cast<PeerStage>(state.index()); }
  // Past its greeting: live, idle, or leaving after it was.
  [[nodiscard]] bool is_established() const { return stage() >= PeerStage::live; }
  [[nodiscard]] bool is_handed_over() const {
    const Evicting* const evicting = std::get_if<Evicting>(&state);
    return evicting != nullptr && evicting->is_handed_over;
  }

  // When it had its last handshake. A wall clock that was set back puts earlier handshakes in the
  // future; how long ago we noticed them is known all the same.
  [[nodiscard]] WallTime handshake_at(const Instant& now) const;

  // Takes over what its row says of its life here; the owner stays.
  void follow(const PeerRecord& record);
};

} // namespace provisiond::peers
