#include "authenticate/mac.hpp"

#include "authenticate/hash.hpp"
#include "wire/messages.hpp"

#include <sodium.h>

namespace provisiond::authenticate {

bool has_valid_mac1(const InterfaceIdentity& identity, const InitiationBytes& initiation) {
  const wire::InitiationView view{initiation};
  const Mac expected = mac(identity.mac1_key(), view.mac1_input());
  return sodium_memcmp(expected.data(), view.mac1().data(), expected.size()) == 0;
}

} // namespace provisiond::authenticate
