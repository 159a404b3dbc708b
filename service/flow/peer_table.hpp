#pragma once

#include "base/clock.hpp"
#include "base/endpoint.hpp"
#include "base/keyed_hash.hpp"
#include "base/public_key.hpp"
#include "handoff/peer_life.hpp"
#include "handoff/peer_record.hpp"
#include "handoff/peer_walk.hpp"
#include "kernel/wg_device.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>
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
  std::uint16_t keepalive_seconds = 0;   // on the device
  std::int64_t row = 0;                  // PeerRecord::id; two keys of one row are one device
  TimePoint active_at{};                 // see evict::Standing
  std::optional<TimePoint> installed_at; // by us
  std::optional<WallTime> expires_at;
  std::optional<Duration> idle_timeout;
  std::vector<IpPrefix> allowed_sources; // kept where it may not roam
  std::optional<IpAddress> home;         // where it had its first session, likewise
  TimePoint row_asked_at{};              // when the database was asked for what is above
  std::optional<Tai64n> initiation;      // that brought it here; nullopt: not seen, or not proven
  std::optional<Eviction> leaves_for;    // while it is leaving for good
  // As the last pass found it.
  WallTime last_handshake{}; // the epoch: never
  std::optional<Endpoint> endpoint;
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_bytes = 0;
  std::uint64_t seen_in_pass = 0;
  std::uint64_t changed_in_pass = 0; // by us: a pass that began before shows it as it was
  std::uint64_t number = 0;          // in the order of arrival

  // What its row says of its life here; it is not asked whose it is.
  void follow(const PeerRecord& record);
};

// Everybody on one device: one state for each key.
//
//   a sighting -> installing -> greeting -> live <-> idle
//                                            |        |
//   found on the device -> live or idle      `-> leaving -> live (it came back in time)
//
// and from every stage to nothing: when the device refuses, the greeting is in vain, the key is
// revoked, somebody else removes it, or the interface goes. A key whose look-up is under way is not
// here but in admit::KeyGate: strangers cause look-ups, and have a bound of their own.
//
// Loop thread. About 300 bytes a peer; bounded by what is on the device, and for ours by the
// interface's max-peers.
class PeerTable {
 public:
  // The hash is keyed: strangers choose public keys.
  struct Hash {
    std::size_t operator()(const PublicKey& key) const;
  };
  using Entries = std::unordered_map<PublicKey, Peer, Hash>;

  [[nodiscard]] static constexpr bool may_begin(PeerStage stage) {
    return stage == PeerStage::installing || stage == PeerStage::live || stage == PeerStage::idle;
  }
  [[nodiscard]] static constexpr bool may_follow(PeerStage from, PeerStage to) {
    switch (from) {
    case PeerStage::installing:
      return to == PeerStage::greeting;
    case PeerStage::greeting:
      return to == PeerStage::live;
    case PeerStage::live:
      return to == PeerStage::idle || to == PeerStage::leaving;
    case PeerStage::idle:
      return to == PeerStage::live || to == PeerStage::leaving;
    case PeerStage::leaving:
      return to == PeerStage::live;
    }
    return false;
  }

  [[nodiscard]] static constexpr bool is_settled(PeerStage stage) {
    return stage == PeerStage::live || stage == PeerStage::idle || stage == PeerStage::leaving;
  }

  // The key is not there yet. References stay valid until the peer is erased.
  Peer& add(const PublicKey& key, PeerStage first);
  [[nodiscard]] Peer* find(const PublicKey& key);
  [[nodiscard]] const Peer* find(const PublicKey& key) const;
  void advance(Peer& peer, PeerStage to);
  void give_to(Peer& peer, Owner owner);
  void erase(const PublicKey& key);
  void clear();

  // A pass over the device: whom it does not see and who was there when it began is gone.
  void begin_pass() { ++pass_; }
  void note_changed(Peer& peer) const { peer.changed_in_pass = pass_; }
  [[nodiscard]] bool is_changed(const Peer& peer) const { return peer.changed_in_pass == pass_; }
  void note_seen(Peer& peer) const { peer.seen_in_pass = pass_; }
  [[nodiscard]] bool is_seen(const Peer& peer) const { return peer.seen_in_pass == pass_; }

  // Everybody who is there now, to be met in slices; see PeerWalk. `step` looks at so many places
  // at most, some of which may be empty: at least half of all are not. What it gives stays valid
  // until the peer is erased.
  [[nodiscard]] PeerWalk walk() const { return {.next = 0, .end = next_number_}; }
  [[nodiscard]] std::vector<const Entries::value_type*> step(PeerWalk& walk,
                                                             std::size_t most) const;
  // Places that a walk has before it.
  [[nodiscard]] std::size_t left(const PeerWalk& walk) const;

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::size_t count(PeerStage stage) const {
    return counts_[static_cast<std::size_t>(stage)];
  }
  [[nodiscard]] std::size_t count(Owner owner) const {
    return owners_[static_cast<std::size_t>(owner)];
  }
  [[nodiscard]] const Entries& entries() const { return entries_; }

 private:
  struct Place {
    std::uint64_t number = 0;
    const Entries::value_type* entry = nullptr; // none: gone
  };

  void leave_order(const Peer& peer);

  Entries entries_;
  std::vector<Place> order_; // of arrival
  std::size_t empty_places_ = 0;
  std::uint64_t next_number_ = 0; // never used again, so that walks survive `clear`
  std::array<std::size_t, peer_stage_names.size()> counts_{};
  std::array<std::size_t, 3> owners_{}; // by Owner
  std::uint64_t pass_ = 0;
};

} // namespace provisiond::flow
