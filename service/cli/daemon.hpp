#pragma once

#include "cli/subcommand.hpp"

namespace provisiond::cli {

// What is asked of a running daemon, on this machine, through its control socket: `peers`,
// `status`, `drain` and `resume`.
Action configure_daemon_peers(CLI::App& parser);
Action configure_daemon_status(CLI::App& parser);
Action configure_drain(CLI::App& parser);
Action configure_accept_database(CLI::App& parser);
Action configure_resume(CLI::App& parser);

} // namespace provisiond::cli
