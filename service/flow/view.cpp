#include "base/log.hpp"
#include "flow/flow.hpp"

// What operators see of the flow, and the one thing that they tell it.

namespace provisiond::flow {

void Flow::drain() {
  if (is_draining_) return;
  is_draining_ = true;
  wiring_.metrics.draining.set(1);
  log::info("draining, nobody new is let in until resumed or restarted");
}

void Flow::resume() {
  if (!is_draining_) return;
  is_draining_ = false;
  wiring_.metrics.draining.set(0);
  log::info("resumed, new peers are let in");
}

std::optional<PeerView> Flow::view(const Interface& interface, const PublicKey& key) const {
  const Peer* const peer = interface.peers.find(key);
  if (peer == nullptr) return std::nullopt;
  PeerView view{.interface = interface.id,
                .key = key,
                .stage = peer->stage,
                .is_ours = peer->owner == Owner::ours,
                .endpoint = peer->endpoint,
                .last_handshake = peer->last_handshake,
                .received_bytes = peer->received_bytes,
                .sent_bytes = peer->sent_bytes,
                .installed_at = peer->installed_at};
  const GreetedPeers::const_iterator greeted =
      greeted_.find({.interface = interface.id, .key = key});
  if (greeted != greeted_.end() && !view.endpoint) view.endpoint = greeted->second.sighting.source;
  return view;
}

PeerSlice Flow::views(const Interface& interface, std::optional<PeerWalk> walk,
                      std::size_t most) const {
  PeerWalk rest = walk.value_or(interface.peers.walk());
  PeerSlice slice;
  for (const PeerTable::Entries::value_type* entry : interface.peers.step(rest, most))
    slice.peers.push_back(*view(interface, entry->first));
  if (!rest.is_over()) slice.rest = rest;
  return slice;
}

} // namespace provisiond::flow
