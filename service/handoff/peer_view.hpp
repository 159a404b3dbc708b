#pragma once

#include "base/clock.hpp"
#include "base/endpoint.hpp"
#include "base/public_key.hpp"
#include "handoff/peer_life.hpp"
#include "handoff/peer_walk.hpp"
#include "handoff/sighting.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace provisiond {

// A peer on a device, for people to look at. What nobody has found out yet is empty.
struct PeerView {
  InterfaceId interface;
  PublicKey key;
  PeerStage stage{};
  bool is_ours = false; // the database has been asked for it, and knows it
  std::optional<Endpoint> endpoint{};
  WallTime last_handshake{}; // the epoch: never, or not known
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_bytes = 0;
  std::optional<TimePoint> installed_at{}; // by us; none for those that were there before
};

// Some of the peers on an interface, each as it is at this moment, and where to go on.
struct PeerSlice {
  std::vector<PeerView> peers;
  std::optional<PeerWalk> rest; // none: these were the last
};

} // namespace provisiond
