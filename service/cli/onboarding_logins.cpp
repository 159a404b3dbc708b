#include "cli/onboarding_logins.hpp"

#include "cli/json.hpp"
#include "cli/options.hpp"
#include "cli/table.hpp"
#include "registry/onboarding_logins.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <memory>

namespace provisiond::cli {
namespace {

struct LoginOptions {
  DatabaseOptions database;
  std::string login;
  std::vector<std::string> networks;
  bool as_json = false; // of the list
};

ExitStatus allow(const LoginOptions& options) {
  const Result<SecretString> dsn = dsn_from(options.database);
  if (!dsn) return complain(dsn.error(), ExitStatus::usage);
  const Status allowed = registry::allow_onboarding(*dsn, options.login, options.networks);
  if (!allowed) return complain(allowed.error());
  fmt::print("{} may onboard for what it is allowed, and nothing else\n", printable(options.login));
  return ExitStatus::ok;
}

ExitStatus forbid(const LoginOptions& options) {
  const Result<SecretString> dsn = dsn_from(options.database);
  if (!dsn) return complain(dsn.error(), ExitStatus::usage);
  const Status forbidden = registry::forbid_onboarding(*dsn, options.login, options.networks);
  if (!forbidden) return complain(forbidden.error());
  fmt::print("{} may not onboard for {}\n", printable(options.login),
             options.networks.empty() ? "any network" : "these networks");
  return ExitStatus::ok;
}

ExitStatus trust(const LoginOptions& options) {
  const Result<SecretString> dsn = dsn_from(options.database);
  if (!dsn) return complain(dsn.error(), ExitStatus::usage);
  const Status trusted = registry::trust_onboarding(*dsn, options.login);
  if (!trusted) return complain(trusted.error());
  fmt::print("{} may onboard for every network\n", printable(options.login));
  return ExitStatus::ok;
}

ExitStatus list(const LoginOptions& options) {
  const Result<SecretString> dsn = dsn_from(options.database);
  if (!dsn) return complain(dsn.error(), ExitStatus::usage);
  const Result<std::vector<registry::OnboardingRow>> logins = registry::list_onboarding(*dsn);
  if (!logins) return complain(logins.error());
  if (options.as_json) {
    fmt::print("{}", json_of(*logins));
    return ExitStatus::ok;
  }
  std::vector<std::vector<std::string>> rows;
  for (const registry::OnboardingRow& row : *logins)
    rows.push_back({row.login, row.network.value_or(row.is_gone ? "(deleted)" : "(none)")});
  fmt::print("{}", draw_table({"LOGIN", "NETWORK"}, rows));
  return ExitStatus::ok;
}

std::shared_ptr<LoginOptions> add_login(CLI::App& parser) {
  std::shared_ptr<LoginOptions> options = std::make_shared<LoginOptions>();
  parser.add_option("LOGIN", options->login, "The role that onboards, as it logs in")->required();
  add_database_options(parser, options->database);
  return options;
}

} // namespace

Action configure_onboarding_allow(CLI::App& parser) {
  const std::shared_ptr<LoginOptions> options = add_login(parser);
  parser.add_option("--network", options->networks, "For this network; may be repeated")
      ->required();
  return [options] { return allow(*options); };
}

Action configure_onboarding_forbid(CLI::App& parser) {
  const std::shared_ptr<LoginOptions> options = add_login(parser);
  parser.add_option("--network", options->networks,
                    "For this network; may be repeated; default: for all");
  return [options] { return forbid(*options); };
}

Action configure_onboarding_trust(CLI::App& parser) {
  const std::shared_ptr<LoginOptions> options = add_login(parser);
  return [options] { return trust(*options); };
}

Action configure_onboarding_list(CLI::App& parser) {
  const std::shared_ptr<LoginOptions> options = std::make_shared<LoginOptions>();
  add_json(parser, options->as_json);
  add_database_options(parser, options->database);
  return [options] { return list(*options); };
}

} // namespace provisiond::cli
