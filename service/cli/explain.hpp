#pragma once

#include "cli/subcommand.hpp"
#include "registry/registry.hpp"

#include <string>

namespace provisiond::cli {

// The verdict in a sentence.
std::string reason_of(const registry::Explanation& explanation);

// Where the key is, or was last.
std::string place_of(const registry::SessionRow& session);

Action configure_explain(CLI::App& parser);

} // namespace provisiond::cli
