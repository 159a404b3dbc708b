#pragma once

#include "cli/subcommand.hpp"

namespace provisiond::cli {

// Declares every subcommand on the program's parser. The one that the arguments name is put into
// `chosen`, which must outlive the parser.
void declare_subcommands(CLI::App& app, Action& chosen);

} // namespace provisiond::cli
