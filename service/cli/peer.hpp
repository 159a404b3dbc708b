#pragma once

#include "cli/subcommand.hpp"

namespace provisiond::cli {

Action configure_peer_list(CLI::App& parser);
Action configure_peer_show(CLI::App& parser);

} // namespace provisiond::cli
