#pragma once

#include "base/result.hpp"
#include "base/secret.hpp"
#include "handoff/sighting.hpp"

#include <string>
#include <vector>

namespace provisiond::initiator {

// Files of the load generator and the test tools. Private keys stand one per line in base64, as `wg
// genkey` prints them; initiations one after the other, 148 bytes each. Everything read is bounded
// by the file's size.

Result<std::vector<Secret<32>>> read_private_keys(const std::string& path);
// Creates the file, readable by its owner only; replaces what was there.
Status write_private_keys(const std::string& path, const std::vector<Secret<32>>& keys);

Result<std::vector<InitiationBytes>> read_initiations(const std::string& path);
Status write_initiations(const std::string& path, const std::vector<InitiationBytes>& initiations);

} // namespace provisiond::initiator
