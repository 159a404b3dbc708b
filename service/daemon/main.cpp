#include "base/log.hpp"
#include "daemon/compose.hpp"
#include "daemon/event_sources.hpp"
#include "daemon/lifecycle.hpp"
#include "postgres/connection_string.hpp"
#include "settings/load.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace {

using provisiond::Result;
using provisiond::Status;
using provisiond::daemon::Daemon;
using provisiond::postgres::ConnectionString;
using provisiond::settings::Problem;
using provisiond::settings::Settings;

constexpr int exit_failure = 1;
constexpr int exit_configuration = 2;

struct Options {
  std::string config = "/etc/wg-provisiond/wg-provisiond.yaml";
  bool only_check = false;
  bool only_list_sources = false;
};

provisiond::log::Level log_level(provisiond::settings::LogLevel level) {
  return static_cast<provisiond::log::Level>(level);
}

std::optional<std::string> weakness_of(const provisiond::settings::Database& database) {
  const Result<ConnectionString> string = ConnectionString::parse(database.dsn);
  return string ? string->weakness() : std::nullopt;
}

int serve(const Options& options) {
  const std::variant<Settings, std::vector<Problem>> loaded =
      provisiond::settings::load_file(options.config);
  if (const std::vector<Problem>* problems = std::get_if<std::vector<Problem>>(&loaded)) {
    for (const Problem& problem : *problems)
      std::fprintf(stderr, "%s\n", problem.to_string().c_str());
    return exit_configuration;
  }
  const Settings& settings = std::get<Settings>(loaded);
  const std::optional<std::string> weakness = weakness_of(settings.database);
  if (options.only_check) {
    if (weakness)
      std::fprintf(stderr, "%s: warning: database: %s\n", options.config.c_str(),
                   weakness->c_str());
    std::printf("%s: OK\n", options.config.c_str());
    return 0;
  }
  provisiond::log::set_level(log_level(settings.log.level));
  if (weakness)
    provisiond::log::warning("the way to the database is not safe", {{"why", *weakness}});
  const Result<std::unique_ptr<Daemon>> daemon = Daemon::make(settings);
  if (!daemon) {
    provisiond::log::error("cannot start", {{"error", daemon.error().message()}});
    return exit_failure;
  }
  (*daemon)->run();
  return 0;
}

int list_event_sources() {
  for (const std::string& line : provisiond::daemon::describe_event_sources())
    std::printf("%s\n", line.c_str());
  return 0;
}

int start(const Options& options) {
  provisiond::daemon::survive_signals();
  const Status hardened = provisiond::daemon::harden_process();
  if (!hardened) {
    provisiond::log::error("cannot start", {{"error", hardened.error().message()}});
    return exit_failure;
  }
  return options.only_list_sources ? list_event_sources() : serve(options);
}

} // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"wg-provisiond: WireGuard peers from PostgreSQL, installed when they knock"};
  app.add_option("-c,--config", options.config, "Configuration file")->capture_default_str();
  app.add_flag("--check-config", options.only_check, "Check the configuration and exit");
  app.add_flag("--list-event-sources", options.only_list_sources,
               "Try each event source on this machine, say which work or why not, and exit");
  app.set_version_flag("--version", "wg-provisiond " PROVISIOND_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : exit_configuration;
  }
  const int status = start(options);
  provisiond::log::flush();
  return status;
}
