#pragma once

#include "base/public_key.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

#include <string>

namespace provisiond::cli {

struct KeyPair {
  Secret<32> private_key;
  PublicKey public_key;
};

// As `wg genkey` and `wg pubkey` make them.
Result<KeyPair> make_key_pair();

// As `wg genpsk` makes it.
Result<Secret<32>> make_preshared_key();

// The key in the first line of a file. Error code EINVAL when there is none.
Result<Secret<32>> read_key_file(const std::string& name);

} // namespace provisiond::cli
