#pragma once

#include "authenticate/interface_identity.hpp"
#include "base/public_key.hpp"
#include "handoff/refusal.hpp"
#include "handoff/sighting.hpp"

#include <memory>
#include <optional>
#include <variant>

namespace provisiond::flow {

// loop -> authenticate: a sighting and the identity it is to be held against. The identity travels
// along, so that a change of the interface's key never mixes old and new.
struct PendingHandshake {
  Sighting sighting;
  std::shared_ptr<const authenticate::InterfaceIdentity> identity;
};

// authenticate -> loop: which key was proven, or why none was. `claimed` is for the log: the key as
// far as it was readable.
struct Authenticated {
  Sighting sighting;
  std::variant<ProvenKey, Refusal> verdict;
  std::optional<PublicKey> claimed;
};

} // namespace provisiond::flow
