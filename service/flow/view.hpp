#pragma once

#include "flow/interface.hpp"
#include "handoff/peer_view.hpp"

#include <cstddef>
#include <optional>

namespace provisiond::flow {

// What people see of the peers. nullopt: it is not there (any more). Loop thread.
[[nodiscard]] std::optional<PeerView> view(const Interface& interface, const PublicKey& key);
// All of them, so many places of the table at a time; without a walk from the beginning. A peer
// that stays is told exactly once (PeerWalk). An interface that goes ends the walk.
[[nodiscard]] PeerSlice views(const Interface& interface, std::optional<PeerWalk> walk,
                              std::size_t most);

} // namespace provisiond::flow
