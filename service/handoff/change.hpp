#pragma once

#include "base/public_key.hpp"
#include "handoff/sighting.hpp"

#include <optional>
#include <string>

namespace provisiond {

// The database has something else to say than before: of one key in the network of an interface,
// or, without a key, of any of them.
struct Change {
  InterfaceId interface;
  std::optional<PublicKey> key;
  std::string position{}; // with this one, all changes up to here are known; empty: not yet
};

} // namespace provisiond
