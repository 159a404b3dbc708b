#pragma once

#include "cli/subcommand.hpp"

#include <string>

namespace provisiond::cli {

// A bash script that completes the subcommands and options that `app` has.
std::string bash_completion(const CLI::App& app);

Action configure_completion(CLI::App& parser);

} // namespace provisiond::cli
