#pragma once

#include "cli/subcommand.hpp"

namespace provisiond::cli {

Action configure_gateway_allow(CLI::App& parser);
Action configure_gateway_forbid(CLI::App& parser);
Action configure_gateway_list(CLI::App& parser);

} // namespace provisiond::cli
