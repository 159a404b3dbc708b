#pragma once

#include "base/clock.hpp"
#include "greet/greeting.hpp"
#include "handoff/peer_id.hpp"
#include "handoff/sighting.hpp"

#include <unordered_map>

namespace provisiond::flow {

// How often a peer is greeted, at most. The first greeting is lost when the device was not up yet;
// a repeated one costs nothing else, because a device sends one initiation per peer in 5 s at most
// (REKEY_TIMEOUT). So a reverse handshake that is lost on the way, or that crosses the client's
// own, is made up for by the next try of the device or the client, as between any two that know
// each other. A peer made anew would initiate at once, and might cost a session that nobody has
// seen yet.
inline constexpr unsigned most_greetings = 3;

// A peer that is on the device and has no session yet.
struct GreetedPeer {
  Sighting sighting;
  greet::Manners manners;
  greet::Strategy strategy = greet::Strategy::reverse;
  bool is_on_trial = false; // in the database once it has a session
  bool falls_back = false;  // resubmission turns into a reverse handshake when nothing follows
  unsigned greetings = 0;   // so far
  TimePoint greet_again_at{};
  TimePoint installed_at{};
};

// The peers between install and first handshake. A peer enters when the device has acknowledged it
// and leaves when the device reports a handshake, at the deadline, or with its interface:
//
//   installed -> greeted -> connected            (session seen)
//                       `-> never_connected, trial_failed (deadline: removed from the device)
//                       `-> forgotten            (interface gone, or removed by hand)
//
// Loop thread. Bounded by the interfaces' max-peers; about 450 bytes a peer, for the deadline at
// most.
using GreetedPeers = std::unordered_map<PeerId, GreetedPeer, PeerIdHash>;

} // namespace provisiond::flow
