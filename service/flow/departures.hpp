#pragma once

#include "flow/context.hpp"
#include "peers/peer.hpp"

#include <cstddef>
#include <string_view>

namespace provisiond::flow {

// How peers leave a device. Loop thread.
class Departures {
 public:
  explicit Departures(Context& context) : context_{context} {}

  // The peer leaves with one of the next batches, unless it is back before.
  void evict(Interface& interface, const PublicKey& key, peers::Peer& peer, Eviction reason);
  // The peer leaves now: the device forgets its sessions with it. If it was being greeted, its
  // sighting ends in `unconnected`.
  void remove(Interface& interface, const PublicKey& key, const peers::Departure& departure,
              Refusal unconnected = Refusal::revoked);
  // A pass did not show the peer: something else took it off the device.
  void note_gone(Interface& interface, const PublicKey& key);
  // The device has forgotten the peer.
  void removed(Interface& interface, const PublicKey& key, const peers::Departure& departure,
               const Instant& now);

  // Makes room for one more peer by evicting one without a session; false when there is none.
  [[nodiscard]] bool evict_for_room(Interface& interface);
  // Evicts what is above max-peers, which something else may have put there.
  void keep_to_limit(Interface& interface);

  // Takes all peers of ours off their devices, in the turns that follow; how many there are.
  std::size_t remove_ours();
  // Those that are still there stay.
  void stop_removal();
  // The next ones, where all are to leave.
  void go_on(Interface& interface);
  [[nodiscard]] bool has_work() const;

 private:
  void foretell(Interface& interface, const PublicKey& key, std::string_view reason);
  void end_greeting(const Interface& interface, const PublicKey& key, Refusal unconnected);

  Context& context_;
};

} // namespace provisiond::flow
