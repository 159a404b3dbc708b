#pragma once

#include "cli/subcommand.hpp"

namespace provisiond::cli {

Action configure_pool_add(CLI::App& parser);
Action configure_pool_list(CLI::App& parser);

} // namespace provisiond::cli
