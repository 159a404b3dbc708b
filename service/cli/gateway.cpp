#include "cli/gateway.hpp"

#include "cli/json.hpp"
#include "cli/options.hpp"
#include "cli/table.hpp"
#include "registry/registry.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <memory>

namespace provisiond::cli {
namespace {

struct GatewayOptions {
  DatabaseOptions database;
  std::string login;
  std::string gateway;
  std::vector<std::string> networks;
  bool as_json = false;
};

ExitStatus run_allow(const GatewayOptions& options) {
  const Result<SecretString> dsn = dsn_from(options.database);
  if (!dsn) return complain(dsn.error(), ExitStatus::usage);
  const Status allowed =
      registry::allow_gateway(*dsn, options.login, options.gateway, options.networks);
  if (!allowed) return complain(allowed.error());
  fmt::print("{} may be the gateway {}, and nothing that it is not allowed\n",
             printable(options.login), printable(options.gateway));
  return ExitStatus::ok;
}

ExitStatus run_forbid(const GatewayOptions& options) {
  const Result<SecretString> dsn = dsn_from(options.database);
  if (!dsn) return complain(dsn.error(), ExitStatus::usage);
  const Status forbidden = registry::forbid_gateway(*dsn, options.login, options.gateway);
  if (!forbidden) return complain(forbidden.error());
  fmt::print("{} was allowed to be the gateway {}\n", printable(options.login),
             printable(options.gateway));
  return ExitStatus::ok;
}

ExitStatus run_gateway_list(const GatewayOptions& options) {
  const Result<SecretString> dsn = dsn_from(options.database);
  if (!dsn) return complain(dsn.error(), ExitStatus::usage);
  const Result<std::vector<registry::GatewayRow>> gateways = registry::list_gateways(*dsn);
  if (!gateways) return complain(gateways.error());
  if (options.as_json) {
    fmt::print("{}", json_of(*gateways));
    return ExitStatus::ok;
  }
  std::vector<std::vector<std::string>> rows;
  for (const registry::GatewayRow& gateway : *gateways)
    rows.push_back({gateway.name, gateway.interface.value_or("-"), gateway.network.value_or("-"),
                    gateway.is_alive ? "yes" : "no", gateway.last_seen,
                    gateway.same_name == 0 ? "-" : fmt::format("{}", gateway.same_name),
                    gateway.logins.value_or("-")});
  fmt::print("{}", draw_table({"GATEWAY", "INTERFACE", "NETWORK", "ALIVE", "LAST SEEN", "SAME NAME",
                               "LOGINS"},
                              rows));
  return ExitStatus::ok;
}

void add_login_and_gateway(CLI::App& parser, GatewayOptions& options) {
  parser.add_option("LOGIN", options.login, "The role that the gateway logs in with")->required();
  parser.add_option("GATEWAY", options.gateway, "Its name, as `gateway:` in its settings")
      ->required();
}

} // namespace

Action configure_gateway_allow(CLI::App& parser) {
  const std::shared_ptr<GatewayOptions> options = std::make_shared<GatewayOptions>();
  add_login_and_gateway(parser, *options);
  parser.add_option("--network", options->networks, "For this network only; may be repeated");
  add_database_options(parser, options->database);
  return [options] { return run_allow(*options); };
}

Action configure_gateway_forbid(CLI::App& parser) {
  const std::shared_ptr<GatewayOptions> options = std::make_shared<GatewayOptions>();
  add_login_and_gateway(parser, *options);
  add_database_options(parser, options->database);
  return [options] { return run_forbid(*options); };
}

Action configure_gateway_list(CLI::App& parser) {
  const std::shared_ptr<GatewayOptions> options = std::make_shared<GatewayOptions>();
  add_json(parser, options->as_json);
  add_database_options(parser, options->database);
  return [options] { return run_gateway_list(*options); };
}

} // namespace provisiond::cli
