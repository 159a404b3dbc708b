#pragma once

#include "authenticate/interface_identity.hpp"
#include "support/initiator.hpp"

#include <gtest/gtest.h>

namespace provisiond::authenticate {

// One interface and one client with fixed keys, and a valid initiation from the one to the other.
class HandshakeTest : public ::testing::Test {
 protected:
  static constexpr Tai64n timestamp{0x40, 0, 0, 0, 0x65, 1, 2, 3, 0, 4, 5, 6};

  const test::KeyPair gateway_ = test::make_key_pair(1);
  const test::KeyPair client_ = test::make_key_pair(2);
  const std::shared_ptr<const InterfaceIdentity> identity_ =
      InterfaceIdentity::make(gateway_.private_key).value();
  const InitiationBytes initiation_ = test::make_initiation(
      client_.private_key, gateway_.public_key,
      {.timestamp = timestamp, .sender = 77, .cookie = {}, .ephemeral_seed = 3});
};

} // namespace provisiond::authenticate
