#pragma once

#include "flow/context.hpp"
#include "flow/departures.hpp"
#include "peers/peer.hpp"

namespace provisiond::flow {

// What follows from a session of a peer: its first one, a later one, and which gateway owns it.
// Loop thread.
class Sessions {
 public:
  Sessions(Context& context, Departures& departures) : context_{context}, departures_{departures} {}

  // What a pass shows of the peer's handshakes.
  void note_handshake(Interface& interface, peers::Peer& peer, const kernel::PeerState& state,
                      const Instant& now);
  // The session is here now: another gateway that has one with this device is to drop it.
  void own(const Interface& interface, const PublicKey& key, const peers::Peer& peer);

 private:
  void begin(Interface& interface, peers::Peer& peer, const kernel::PeerState& state,
             const Instant& now);
  void come_back(Interface& interface, const PublicKey& key, peers::Peer& peer);
  void enrol(Interface& interface, const PublicKey& key, const Instant& now);

  Context& context_;
  Departures& departures_;
};

} // namespace provisiond::flow
