#pragma once

#include "cli/subcommand.hpp"

namespace provisiond::cli {

Action configure_network_add(CLI::App& parser);
// network set: changes what is given.
Action configure_network_set(CLI::App& parser);
Action configure_network_list(CLI::App& parser);

} // namespace provisiond::cli
