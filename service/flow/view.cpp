#include "flow/view.hpp"

namespace provisiond::flow {

std::optional<PeerView> view(const Interface& interface, const PublicKey& key) {
  const peers::Peer* const peer = interface.peers.table().find(key);
  if (peer == nullptr) return std::nullopt;
  return PeerView{.interface = interface.id,
                  .key = key,
                  .stage = peer->stage(),
                  .is_ours = peer->owner == peers::Owner::ours,
                  .endpoint = peer->endpoint,
                  .last_handshake = peer->last_handshake,
                  .received_bytes = peer->received_bytes,
                  .sent_bytes = peer->sent_bytes,
                  .installed_at = peer->installed_at};
}

PeerSlice views(const Interface& interface, std::optional<PeerWalk> walk, std::size_t most) {
  const peers::PeerTable& table = interface.peers.table();
  PeerWalk rest = walk.value_or(table.walk());
  PeerSlice slice;
  for (const peers::PeerTable::Entries::value_type* entry : table.step(rest, most))
    slice.peers.push_back(*view(interface, entry->first));
  if (!rest.is_over()) slice.rest = rest;
  return slice;
}

} // namespace provisiond::flow
