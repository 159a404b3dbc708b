#include "cli/options.hpp"
#include "cli/subcommands.hpp"

#include <CLI/CLI.hpp>

#include <cerrno>
#include <cstdio>
#include <exception>

namespace {

using provisiond::cli::Action;
using provisiond::cli::ExitStatus;

int status_of(ExitStatus status) {
  return static_cast<int>(status);
}

// What was printed counts only when it has arrived: a full disk must not look like success.
ExitStatus run(const Action& action) {
  try {
    const ExitStatus status = action();
    if (std::fflush(stdout) == 0) return status;
    return provisiond::cli::complain(provisiond::Error::system("print", errno),
                                     ExitStatus::failure);
  } catch (const std::exception& cause) {
    return provisiond::cli::complain(provisiond::Error{cause.what()}, ExitStatus::failure);
  }
}

} // namespace

int main(int argc, char** argv) {
  Action chosen;
  CLI::App app{provisiond::cli::program_help};
  provisiond::cli::declare_subcommands(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return status_of(app.exit(error) == 0 ? ExitStatus::ok : ExitStatus::usage);
  }
  return status_of(run(chosen));
}
