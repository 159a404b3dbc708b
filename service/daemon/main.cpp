#include "base/log.hpp"
#include "daemon/compose.hpp"
#include "daemon/event_sources.hpp"
#include "daemon/lifecycle.hpp"
#include "daemon/options.hpp"
#include "events/probe_loader.hpp"
#include "postgres/connection_string.hpp"
#include "settings/load.hpp"

#include <CLI/CLI.hpp>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace {

using provisiond::Error;
using provisiond::Result;
using provisiond::Status;
using provisiond::daemon::Daemon;
using provisiond::daemon::Options;
using provisiond::events::ProbeLoader;
using provisiond::postgres::ConnectionString;
using provisiond::settings::Problem;
using provisiond::settings::Settings;

constexpr int exit_failure = 1;
constexpr int exit_configuration = 2;

provisiond::log::Level log_level(provisiond::settings::LogLevel level) {
  return static_cast<provisiond::log::Level>(level);
}

// What the settings allow and an operator should know of.
struct Warning {
  std::string_view event; // as it is logged
  std::string where;      // in the settings
  std::string why;
};

std::vector<Warning> warnings_of(const Settings& settings) {
  std::vector<Warning> warnings;
  const Result<ConnectionString> string = ConnectionString::parse(settings.database.dsn);
  if (const std::optional<std::string> weakness = string ? string->weakness() : std::nullopt)
    warnings.push_back(
        {.event = "the way to the database is not safe", .where = "database", .why = *weakness});
  const std::vector<provisiond::IpPrefix> unbounded = provisiond::settings::not_global_prefixes();
  for (const provisiond::settings::Interface& interface : settings.interfaces) {
    if (!interface.routes || interface.route_within != unbounded) continue;
    warnings.push_back(
        {.event = "routes are not bounded by the settings",
         .where = interface.name,
         .why = "a row may route any private network here: name yours in route-within"});
  }
  return warnings;
}

int cannot_start(const Error& error) {
  provisiond::log::error("cannot start", {{"error", error.message()}});
  return exit_failure;
}

int serve(const Options& options) {
  Result<std::unique_ptr<ProbeLoader>> loader = std::unique_ptr<ProbeLoader>{};
  if (!options.only_check) loader = ProbeLoader::start();
  if (!loader) return cannot_start(loader.error());
  const std::variant<Settings, std::vector<Problem>> loaded =
      provisiond::settings::load_file(options.config);
  if (const std::vector<Problem>* problems = std::get_if<std::vector<Problem>>(&loaded)) {
    for (const Problem& problem : *problems)
      std::fprintf(stderr, "%s\n", problem.to_string().c_str());
    return exit_configuration;
  }
  const Settings& settings = std::get<Settings>(loaded);
  const std::vector<Warning> warnings = warnings_of(settings);
  if (options.only_check) {
    for (const Warning& warning : warnings)
      std::fprintf(stderr, "%s: warning: %s: %s\n", options.config.c_str(), warning.where.c_str(),
                   warning.why.c_str());
    std::printf("%s: OK\n", options.config.c_str());
    return 0;
  }
  provisiond::log::set_level(log_level(settings.log.level));
  for (const Warning& warning : warnings)
    provisiond::log::warning(warning.event, {{"in", warning.where}, {"why", warning.why}});
  const Result<std::unique_ptr<Daemon>> daemon = Daemon::make(settings, std::move(*loader));
  if (!daemon) return cannot_start(daemon.error());
  (*daemon)->run();
  return 0;
}

int list_event_sources() {
  for (const std::string& line : provisiond::daemon::describe_event_sources())
    std::printf("%s\n", line.c_str());
  return 0;
}

int load_probe() {
  const Status served = provisiond::events::serve_probe_loader(STDIN_FILENO);
  return served ? 0 : cannot_start(served.error());
}

int start(const Options& options) {
  provisiond::daemon::survive_signals();
  const Status hardened = provisiond::daemon::harden_process();
  if (!hardened) return cannot_start(hardened.error());
  if (options.only_load_probe) return load_probe();
  return options.only_list_sources ? list_event_sources() : serve(options);
}

} // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{provisiond::daemon::program_help};
  provisiond::daemon::declare_options(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : exit_configuration;
  }
  const int status = start(options);
  provisiond::log::flush();
  return status;
}
