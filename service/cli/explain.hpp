#pragma once

#include "cli/subcommand.hpp"
#include "lookup/registry.hpp"

#include <string>

namespace provisiond::cli {

// The verdict in a sentence.
std::string reason_of(const lookup::Explanation& explanation);

// Where the key is, or was last.
std::string place_of(const lookup::SessionRow& session);

Action configure_explain(CLI::App& parser);

} // namespace provisiond::cli
