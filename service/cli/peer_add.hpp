#pragma once

#include "cli/subcommand.hpp"

namespace provisiond::cli {

// peer add: with --public-key it adds a device that made its own keys. Without, it makes the keys
// and hands out the client's configuration, once the peer is in the database; the private key is
// in nothing else.
Action configure_peer_add(CLI::App& parser);

} // namespace provisiond::cli
