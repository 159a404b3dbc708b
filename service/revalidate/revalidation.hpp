#pragma once

#include "handoff/peer_walk.hpp"
#include "handoff/sighting.hpp"
#include "revalidate/queue.hpp"
#include "revalidate/round.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace provisiond::revalidate {

// Which peers the database is to be asked about again, and up to which of its changes the devices
// follow. A change names a key, or means all peers of an interface; then a round goes over them as
// fast as there is room.
//
// Loop thread; pure but for its memory (see Queue).
class Revalidation {
 public:
  // Questions at a time, so that devices that knock do not wait behind them.
  static constexpr std::size_t most = 256;

  explicit Revalidation(std::size_t interfaces) : rounds_(interfaces) {}

  void add(const PeerId& id) { queue_.add(id); }
  void add_named(const PeerId& id) { queue_.add_named(id); }
  void begin_round(InterfaceId interface, const PeerWalk& all) {
    rounds_[interface.value].begin(all);
  }

  // The next peers of the rounds that are under way, from one interface after the other, as many as
  // there is room for. `step` goes on with a walk over that interface's peers, by so many places at
  // most, and gives those that are to be asked about.
  using Step = std::function<std::vector<PublicKey>(InterfaceId interface, PeerWalk& walk,
                                                    std::size_t most)>;
  void gather(const Step& step);
  [[nodiscard]] bool has_more_to_gather() const;

  // Null when there is none; valid until the next call.
  [[nodiscard]] const PeerId* next() { return queue_.next(); }
  // What `next` gave has been asked about.
  void take(const PeerId& id) { queue_.take(id); }

  // Peers that wait; `places_left` counts the places of a walk.
  [[nodiscard]] std::size_t
  left(const std::function<std::size_t(InterfaceId, const PeerWalk&)>& places_left) const;

  // Changes up to here are known.
  void heard(const std::string& position) {
    if (!position.empty()) known_position_ = position;
  }
  // No peer is left to be asked about: the devices are where the database was.
  void caught_up() { applied_position_ = known_position_; }
  [[nodiscard]] const std::string& applied_position() const { return applied_position_; }

  // The interface is gone, and its peers with it.
  void forget(InterfaceId interface) { rounds_[interface.value] = {}; }

 private:
  Queue queue_;
  std::vector<Round> rounds_;      // by interface
  std::size_t next_to_gather_ = 0; // of the interfaces
  std::string known_position_;
  std::string applied_position_;
};

} // namespace provisiond::revalidate
