#pragma once

#include "cli/subcommand.hpp"

#include <string>
#include <vector>

namespace provisiond::cli {

// Where the daemon is asked: --socket.
void add_socket_option(CLI::App& parser, std::string& socket);

// Sends a request and prints what `show` makes of the lines of the answer.
ExitStatus ask_and_show(const std::string& socket, const std::string& request,
                        std::string (*show)(const std::vector<std::string>& lines));

// What is asked of a running daemon, on this machine, through its control socket: `peers`,
// `status`, `drain`, `resume`, `attack-mode` and so on.
Action configure_daemon_peers(CLI::App& parser);
Action configure_daemon_status(CLI::App& parser);
Action configure_drain(CLI::App& parser);
Action configure_attack_mode(CLI::App& parser);
Action configure_accept_database(CLI::App& parser);
Action configure_resume(CLI::App& parser);

} // namespace provisiond::cli
