#include "cli/database.hpp"
#include "cli/subcommand.hpp"

#include <CLI/CLI.hpp>

#include <array>
#include <functional>
#include <map>
#include <string>

namespace {

using provisiond::cli::ExitStatus;
using provisiond::cli::Subcommand;

struct Group {
  const char* name;
  const char* help;
};

constexpr std::array<Group, 1> groups{{{"db", "The database's schema"}}};

constexpr std::array<Subcommand, 2> subcommands{{
    {"db", "migrate", "Create or update the schema; safe to repeat",
     provisiond::cli::configure_migrate},
    {"db", "status", "Compare the schema with the migration files",
     provisiond::cli::configure_status},
}};

int status_of(ExitStatus status) {
  return static_cast<int>(status);
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"wg-provisionctl: administration of wg-provisiond\n"
               "Exit status: 0 done, 1 failed, 2 wrong usage, 3 database unreachable"};
  app.require_subcommand(1);
  std::map<std::string, CLI::App*> parsers;
  for (const Group& group : groups)
    parsers[group.name] = app.add_subcommand(group.name, group.help)->require_subcommand(1);

  std::function<ExitStatus()> chosen;
  for (const Subcommand& subcommand : subcommands) {
    CLI::App* const parser =
        parsers.at(subcommand.group)->add_subcommand(subcommand.name, subcommand.help);
    parser->callback([&chosen, run = subcommand.configure(*parser)] { chosen = run; });
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return status_of(app.exit(error) == 0 ? ExitStatus::ok : ExitStatus::usage);
  }
  return status_of(chosen());
}
