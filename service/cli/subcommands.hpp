#pragma once

#include "cli/subcommand.hpp"

namespace provisiond::cli {

// The first line says what the program is, the others what its exit status means.
inline constexpr const char* program_help =
    "wg-provisionctl: administration of wg-provisiond\n"
    "Exit status: 0 done, 1 failed, 2 wrong usage, 3 database or daemon unreachable,\n"
    "4 refused by the database's rules or the daemon, 5 no such peer, network or interface";

// Declares every subcommand on the program's parser. The one that the arguments name is put into
// `chosen`, which must outlive the parser.
void declare_subcommands(CLI::App& app, Action& chosen);

} // namespace provisiond::cli
