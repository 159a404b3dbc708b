#include "cli/network.hpp"

#include "cli/json.hpp"
#include "cli/life_rules.hpp"
#include "cli/options.hpp"
#include "cli/table.hpp"
#include "registry/registry.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>

namespace provisiond::cli {
namespace {

struct NetworkOptions {
  DatabaseOptions database;
  std::string name;
  registry::NetworkChange change;
  bool as_json = false;
};

ExitStatus run_network_add(const NetworkOptions& options) {
  const Result<SecretString> dsn = dsn_from(options.database);
  if (!dsn) return complain(dsn.error(), ExitStatus::usage);
  const Status added = registry::add_network(*dsn, options.name, options.change);
  if (!added) return complain(added.error());
  fmt::print("added network {}\n", printable(options.name));
  return ExitStatus::ok;
}

bool is_empty(const registry::NetworkChange& change) {
  return !change.comment && !change.ranges && !change.endpoint && !change.client_dns &&
         !change.client_allowed_ips && !change.keepalive_seconds && !change.idle_timeout &&
         has_no_rule(change.life);
}

ExitStatus run_network_set(const NetworkOptions& options) {
  if (is_empty(options.change))
    return complain(Error{"nothing to change: give --range, --endpoint, --dns, "
                          "--client-allowed-ips, --keepalive, --idle-timeout, --allowed-sources, "
                          "--roaming, --several-gateways or --comment"},
                    ExitStatus::usage);
  const Result<SecretString> dsn = dsn_from(options.database);
  if (!dsn) return complain(dsn.error(), ExitStatus::usage);
  const Status changed = registry::set_network(*dsn, options.name, options.change);
  if (!changed) return complain(changed.error());
  fmt::print("changed network {}\n", printable(options.name));
  return ExitStatus::ok;
}

ExitStatus run_network_list(const NetworkOptions& options) {
  const Result<SecretString> dsn = dsn_from(options.database);
  if (!dsn) return complain(dsn.error(), ExitStatus::usage);
  const Result<std::vector<registry::NetworkRow>> networks = registry::list_networks(*dsn);
  if (!networks) return complain(networks.error());
  if (options.as_json) {
    fmt::print("{}", json_of(*networks));
    return ExitStatus::ok;
  }
  std::vector<std::vector<std::string>> rows;
  for (const registry::NetworkRow& network : *networks)
    rows.push_back(
        {network.name, fmt::format("{}", network.peers),
         network.ranges.empty() ? "any" : fmt::format("{}", fmt::join(network.ranges, ", ")),
         network.endpoint.value_or("-"), network.created_at, network.comment.value_or("")});
  fmt::print("{}",
             draw_table({"NETWORK", "PEERS", "RANGES", "ENDPOINT", "CREATED", "COMMENT"}, rows));
  return ExitStatus::ok;
}

std::shared_ptr<NetworkOptions> add_change_options(CLI::App& parser) {
  std::shared_ptr<NetworkOptions> options = std::make_shared<NetworkOptions>();
  registry::NetworkChange& change = options->change;
  parser.add_option("NAME", options->name, "1 to 63 of a-z 0-9 _ . -")->required();
  add_list(parser, "--range", change.ranges,
           "Prefix that its allowed IPs lie in; may be repeated; default: anywhere");
  add_text(parser, "--endpoint", change.endpoint, "HOST:PORT of the gateways, for new clients");
  add_text(parser, "--dns", change.client_dns, "Name servers for new clients, as 10.0.0.1,fd00::1");
  add_text(parser, "--client-allowed-ips", change.client_allowed_ips,
           "What new clients send through the tunnel; default: everything");
  add_number(parser, "--keepalive", change.keepalive_seconds,
             "Seconds between keepalives, for peers that are added without; 0 for none");
  add_network_life_options(parser, change);
  add_text(parser, "--comment", change.comment, "For people");
  add_database_options(parser, options->database);
  return options;
}

} // namespace

Action configure_network_add(CLI::App& parser) {
  return [options = add_change_options(parser)] { return run_network_add(*options); };
}

Action configure_network_set(CLI::App& parser) {
  parser.footer("What is not given stays as it is; '' empties it. All ranges are given at once.");
  return [options = add_change_options(parser)] { return run_network_set(*options); };
}

Action configure_network_list(CLI::App& parser) {
  const std::shared_ptr<NetworkOptions> options = std::make_shared<NetworkOptions>();
  add_json(parser, options->as_json);
  add_database_options(parser, options->database);
  return [options] { return run_network_list(*options); };
}

} // namespace provisiond::cli
