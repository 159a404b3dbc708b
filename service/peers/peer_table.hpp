#pragma once

#include "base/keyed_hash.hpp"
#include "base/public_key.hpp"
#include "handoff/peer_life.hpp"
#include "handoff/peer_walk.hpp"
#include "peers/peer.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

namespace provisiond::peers {

// The peers of one device: one state for each key.
//
//   a handshake -> installing -> greeting -> live <-> idle
//                                             |        |
//   found on the device -> live or idle       `-> leaving -> live (it came back in time)
//
// Every stage may also be followed by `leaving`, and by nothing: when the device refuses the peer,
// when something else removes it, or when the interface goes. docs/peer-states.md has the table of
// states and events. A key whose look-up is under way is not here but in admit::KeyGate: strangers
// cause look-ups, and these have a bound of their own.
//
// It has more methods than other classes, because each count and order that has to agree with the
// states is kept here: stages, owners, endpoints, missing rows, passes, walks.
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
      return to == PeerStage::greeting || to == PeerStage::leaving;
    case PeerStage::greeting:
      return to == PeerStage::live || to == PeerStage::leaving;
    case PeerStage::live:
      return to == PeerStage::idle || to == PeerStage::leaving;
    case PeerStage::idle:
      return to == PeerStage::live || to == PeerStage::idle || to == PeerStage::leaving;
    case PeerStage::leaving:
      return to == PeerStage::live || to == PeerStage::leaving;
    }
    return false;
  }

  // The key is not there yet. References stay valid until the peer is erased.
  Peer& add(const PublicKey& key, State first);
  [[nodiscard]] Peer* find(const PublicKey& key);
  [[nodiscard]] const Peer* find(const PublicKey& key) const;
  void advance(Peer& peer, State to);
  void set_owner(Peer& peer, Owner owner);
  // Where it is; nullopt: not known.
  void set_endpoint(Peer& peer, const std::optional<Endpoint>& endpoint);
  void lose_row(Peer& peer, TimePoint now); // since then, unless it is without one already
  void find_row(Peer& peer);
  void erase(const PublicKey& key);
  void clear();

  // From now on endpoints inside these are remembered, so that `has_endpoint_in` can tell at once;
  // call it while there are no peers. Memory: about 80 bytes for each address inside.
  void remember_endpoints(const std::vector<IpPrefix>& within);
  [[nodiscard]] bool has_endpoint_in(const IpPrefix& prefix) const;

  // An incomplete pass that does not show a peer proves nothing; so many in a row do. A peer that
  // is there all the same is found again by the pass that shows it, so nothing is cut.
  static constexpr unsigned most_passes_missed = 3;

  // A pass over the device: a peer that was there when it began and that it does not see is gone,
  // if the pass is complete.
  void begin_pass() { ++pass_; }
  void note_changed(Peer& peer) const { peer.changed_in_pass = pass_; }
  // What the pass shows of it may be older than our last change.
  [[nodiscard]] bool is_changed(const Peer& peer) const {
    return peer.waiting_changes > 0 || peer.changed_in_pass == pass_;
  }
  void note_seen(Peer& peer) const {
    peer.seen_in_pass = pass_;
    peer.passes_missed = 0;
  }
  [[nodiscard]] bool is_seen(const Peer& peer) const { return peer.seen_in_pass == pass_; }
  // An incomplete pass did not show it. True: it counts as gone.
  [[nodiscard]] static bool note_missed(Peer& peer) {
    return ++peer.passes_missed >= most_passes_missed;
  }

  // Iterates over the current peers in slices; see PeerWalk. `step` looks at so many places at
  // most, some of which may be empty: at least half of all are not. What it gives stays valid until
  // the peer is erased.
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
  // Those whose removal is on the way to the device.
  [[nodiscard]] std::size_t handed_over() const { return handed_over_; }
  [[nodiscard]] std::size_t missing_rows() const { return missing_rows_; }
  [[nodiscard]] const Entries& entries() const { return entries_; }

 private:
  struct Place {
    std::uint64_t number = 0;
    const Entries::value_type* entry = nullptr; // none: gone
  };

  void leave_order(const Peer& peer);
  void count_endpoint(const std::optional<Endpoint>& endpoint, int change);

  Entries entries_;
  std::vector<Place> order_; // of arrival
  std::size_t empty_places_ = 0;
  std::uint64_t next_number_ = 0; // never used again, so that walks survive `clear`
  std::array<std::size_t, peer_stage_names.size()> counts_{};
  std::array<std::size_t, 3> owners_{}; // by Owner
  std::size_t handed_over_ = 0;
  std::size_t missing_rows_ = 0;
  std::uint64_t pass_ = 0;
  std::vector<IpPrefix> remembered_;
  std::map<IpAddress, int> endpoints_; // inside `remembered_`; how many peers
};

} // namespace provisiond::peers
