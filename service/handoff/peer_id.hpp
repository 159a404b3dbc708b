#pragma once

#include "base/keyed_hash.hpp"
#include "base/public_key.hpp"
#include "handoff/sighting.hpp"

#include <compare>
#include <span>
#include <type_traits>

namespace provisiond {

// A key on an interface: what the daemon keeps one state for.
struct PeerId {
  InterfaceId interface;
  PublicKey key;
  auto operator<=>(const PeerId&) const = default;
};
static_assert(std::has_unique_object_representations_v<PeerId>);

// For standard containers: keyed, because strangers choose public keys.
struct PeerIdHash {
  std::size_t operator()(const PeerId& id) const {
    static const KeyedHash hash;
    return hash({reinterpret_cast<const std::uint8_t*>(&id), sizeof id});
  }
};

} // namespace provisiond
