#pragma once

#include "base/clock.hpp"
#include "greet/greeting.hpp"
#include "handoff/peer_id.hpp"
#include "handoff/sighting.hpp"

#include <cstdint>
#include <unordered_map>

namespace provisiond::flow {

// A peer that is on the device and has no session yet.
struct GreetedPeer {
  Sighting sighting;
  greet::Manners manners;
  greet::Strategy strategy = greet::Strategy::reverse;
  bool falls_back =
      false; // a resubmission that turns into a reverse handshake when nothing follows
  TimePoint installed_at{};
};

// The peers between install and first handshake. A peer enters when the device has acknowledged it
// and leaves when the device reports a handshake, at the deadline, or with its interface:
//
//   installed -> greeted -> connected            (session seen)
//                       `-> never_connected      (deadline: removed from the device)
//                       `-> forgotten            (interface gone, or removed by hand)
//
// Loop thread. Bounded by the interfaces' max-peers; about 450 bytes a peer, for the deadline at
// most.
using GreetedPeers = std::unordered_map<PeerId, GreetedPeer, PeerIdHash>;

} // namespace provisiond::flow
