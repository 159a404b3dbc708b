#include "flow/sessions.hpp"

#include "base/fault_point.hpp"
#include "evict/policy.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <variant>

namespace provisiond::flow {

namespace {

// A handshake keeps a peer that is to leave for want of use or room, before its removal is sent.
bool may_stay(const peers::Peer& peer) {
  const peers::Evicting* const evicting = std::get_if<peers::Evicting>(&peer.state);
  return evicting == nullptr || (!evicting->is_handed_over && evicting->departure.is_reversible());
}

} // namespace

void Sessions::note_handshake(Interface& interface, peers::Peer& peer,
                              const kernel::PeerState& state, const Instant& now) {
  if (peer.stage() == PeerStage::installing) return; // to be noticed once it is acknowledged
  const bool is_new =
      state.last_handshake != WallTime{} && state.last_handshake != peer.last_handshake;
  if (is_new) {
    peer.last_handshake = state.last_handshake;
    peer.active_at = now.steady;
    peer.would_leave_as = {};
  }
  switch (peer.stage()) {
  case PeerStage::installing:
    break;
  case PeerStage::greeting:
    if (is_new) begin(interface, peer, state, now);
    break;
  case PeerStage::live:
    peer.session.has_rekeyed = peer.session.has_rekeyed || is_new;
    if (now.steady - peer.active_at >= evict::session_lifetime)
      interface.peers.table().advance(peer, peers::Idle{});
    break;
  case PeerStage::idle:
  case PeerStage::leaving:
    if (is_new && may_stay(peer)) come_back(interface, state.key, peer);
    break;
  }
}

// It has its first session.
void Sessions::begin(Interface& interface, peers::Peer& peer, const kernel::PeerState& state,
                     const Instant& now) {
  interface.peers.table().advance(peer, peers::Live{});
  if (state.endpoint) peer.first_address = state.endpoint->address;
  const std::optional<greet::GreetedPeer> greeted =
      context_.greetings.end({.interface = interface.id, .key = state.key});
  if (!greeted) return;
  const Duration latency = std::chrono::duration_cast<Duration>(
      std::max(state.last_handshake, greeted->sighting.seen_at_wall) -
      greeted->sighting.seen_at_wall);
  context_.report.connected(interface, greeted->sighting, state.key, latency);
  context_.last_words.note({.interface = interface.id, .key = state.key}, "connected", "",
                           now.steady);
  std::vector<kernel::PeerChange> changes = context_.greetings.on_session(*greeted);
  if (changes.empty() && state.keepalive_seconds != greeted->policy.keepalive_seconds) {
    kernel::PeerChange& change = changes.emplace_back(); // its row has changed meanwhile
    change.action = kernel::PeerChange::Action::update;
    change.key = state.key;
    change.keepalive_seconds = greeted->policy.keepalive_seconds;
  }
  if (!changes.empty()) interface.peers.change(peer, std::move(changes));
  fault_point("after-session");
  if (greeted->is_on_trial)
    enrol(interface, state.key, now);
  else
    own(interface, state.key, peer);
}

// It has a session again. The device has answered it by itself, so no initiation is known; it may
// have been on another gateway meanwhile.
void Sessions::come_back(Interface& interface, const PublicKey& key, peers::Peer& peer) {
  interface.peers.table().advance(peer, peers::Live{});
  if (peer.owner != peers::Owner::ours || peer.is_on_trial) return;
  peer.session.initiation.reset();
  own(interface, key, peer);
}

// It has a session, so it holds the enrolment key.
void Sessions::enrol(Interface& interface, const PublicKey& key, const Instant& now) {
  if (!context_.ask(LookupPurpose::enrol, {.interface = interface.id, .key = key}, now))
    departures_.remove(interface, key, {.reason = to_string(Refusal::lookup_queue_full)});
}

void Sessions::own(const Interface& interface, const PublicKey& key, const peers::Peer& peer) {
  if (interface.is_dry_run) return; // other gateways would drop it
  context_.wiring.reports.push(SessionOwnership{.interface = interface.id,
                                                .name = interface.name,
                                                .key = key,
                                                .initiation = peer.session.initiation,
                                                .at = peer.handshake_at(context_.wiring.clock())});
}

} // namespace provisiond::flow
