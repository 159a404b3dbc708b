#pragma once

#include "cli/subcommand.hpp"

namespace provisiond::cli {

// Each names a peer by its key.
Action configure_peer_revoke(CLI::App& parser);
Action configure_peer_pardon(CLI::App& parser);
Action configure_peer_set(CLI::App& parser);
Action configure_peer_forget_initiations(CLI::App& parser);
Action configure_peer_enable(CLI::App& parser);
Action configure_peer_disable(CLI::App& parser);
Action configure_peer_rotate(CLI::App& parser);
Action configure_peer_move(CLI::App& parser);
Action configure_peer_expire(CLI::App& parser);

} // namespace provisiond::cli
