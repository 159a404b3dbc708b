#pragma once

#include "handoff/peer_id.hpp"

#include <unordered_set>

namespace provisiond::peers {

// The keys that are on the devices now. Their handshakes are the device's own business; a capture
// source sees them all the same, and is told of them here. May lag behind changes made by hand by
// one pass of the watch.
//
// Shared by the loop (which writes) and the authenticate threads inside Guarded<>. Memory: about 80
// bytes a peer, bounded by the interfaces' max-peers; nothing that a stranger sends gets in.
class InstalledKeys {
 public:
  [[nodiscard]] bool contains(const PeerId& id) const { return peers_.contains(id); }
  void add(const PeerId& id) { peers_.insert(id); }
  void remove(const PeerId& id) { peers_.erase(id); }

  // Linear in all peers.
  void forget(InterfaceId interface) {
    std::erase_if(peers_, [&](const PeerId& id) { return id.interface == interface; });
  }

  [[nodiscard]] std::size_t size() const { return peers_.size(); }

 private:
  std::unordered_set<PeerId, PeerIdHash> peers_;
};

} // namespace provisiond::peers
