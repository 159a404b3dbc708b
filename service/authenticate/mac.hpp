#pragma once

#include "authenticate/interface_identity.hpp"
#include "handoff/sighting.hpp"

namespace provisiond::authenticate {

// Does the sender know the interface's public key? White paper, section 5.4.4: mac1 is keyed with
// it and covers bytes 0 to 115, the type included. Compares in constant time. The cheapest check
// there is (0.5 us), so it comes before everything else; false is Refusal::bad_mac1.
[[nodiscard]] bool has_valid_mac1(const InterfaceIdentity& identity,
                                  const InitiationBytes& initiation);

} // namespace provisiond::authenticate
