#pragma once

#include "cli/subcommand.hpp"

namespace provisiond::cli {

// peer import: adds the peers of a manifest and shows the lines that are refused.
Action configure_peer_import(CLI::App& parser);

// peer export: prints a manifest of what the database has, without preshared keys.
Action configure_peer_export(CLI::App& parser);

} // namespace provisiond::cli
