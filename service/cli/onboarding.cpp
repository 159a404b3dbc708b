#include "cli/onboarding.hpp"

#include "cli/json.hpp"
#include "cli/options.hpp"
#include "cli/peer_text.hpp"
#include "cli/table.hpp"
#include "registry/registry.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>

namespace provisiond::cli {
namespace {

using registry::PendingRow;

struct ListOptions {
  DatabaseOptions database;
  std::optional<std::string> network;
  bool as_json = false;
};

struct KeyOptions {
  DatabaseOptions database;
  std::string key;
  registry::Approval approval;
  std::string network; // of a key that is expected
};

std::string seen_from(const PendingRow& pending) {
  const bool is_ipv6 = pending.address.find(':') != std::string::npos;
  const std::string host = is_ipv6 ? fmt::format("[{}]", pending.address) : pending.address;
  return fmt::format("{}:{}", host, pending.port);
}

ExitStatus run_pending(const ListOptions& options) {
  const Result<SecretString> dsn = dsn_from(options.database);
  if (!dsn) return complain(dsn.error(), ExitStatus::usage);
  const Result<std::vector<PendingRow>> pending = registry::list_pending(*dsn, options.network);
  if (!pending) return complain(pending.error());
  if (options.as_json) {
    fmt::print("{}", json_of(*pending));
    return ExitStatus::ok;
  }
  std::vector<std::vector<std::string>> rows;
  for (const PendingRow& row : *pending)
    rows.push_back({row.network, row.public_key, seen_from(row), row.gateway, row.first_seen,
                    row.last_seen, fmt::format("{}", row.times_seen)});
  fmt::print("{}", draw_table({"NETWORK", "PUBLIC KEY", "FROM", "GATEWAY", "FIRST SEEN",
                               "LAST SEEN", "TIMES"},
                              rows));
  return ExitStatus::ok;
}

ExitStatus run_approve(KeyOptions& options) {
  const Result<SecretString> dsn = dsn_from(options.database);
  if (!dsn) return complain(dsn.error(), ExitStatus::usage);
  const Result<PublicKey> key = key_from("KEY", options.key);
  if (!key) return complain(key.error());
  options.approval.public_key = *key;
  const Result<registry::Approved> approved = registry::approve_key(*dsn, options.approval);
  if (!approved) return complain(approved.error());
  fmt::print("approved {}\n",
             approved->peer ? place_of(*approved->peer) : fmt::format("peer {}", approved->id));
  return ExitStatus::ok;
}

ExitStatus run_expect(const KeyOptions& options) {
  const Result<SecretString> dsn = dsn_from(options.database);
  if (!dsn) return complain(dsn.error(), ExitStatus::usage);
  const Result<PublicKey> key = key_from("KEY", options.key);
  if (!key) return complain(key.error());
  const Status expected = registry::expect_key(*dsn, *key, options.network, options.approval.name);
  if (!expected) return complain(expected.error());
  fmt::print("expecting {} in network {}\n", key->to_string(), printable(options.network));
  return ExitStatus::ok;
}

} // namespace

Action configure_pending(CLI::App& parser) {
  const std::shared_ptr<ListOptions> options = std::make_shared<ListOptions>();
  add_text(parser, "--network", options->network, "Only those seen in this network");
  add_json(parser, options->as_json);
  add_database_options(parser, options->database);
  return [options] { return run_pending(*options); };
}

Action configure_approve(CLI::App& parser) {
  const std::shared_ptr<KeyOptions> options = std::make_shared<KeyOptions>();
  parser.add_option("KEY", options->key, "Public key, as \"pending\" shows it")->required();
  add_text(parser, "--network", options->approval.network,
           "Where it was seen; needed when that was in several networks");
  add_text(parser, "--name", options->approval.name, "For people; unique in its network");
  add_text(parser, "--allowed-ips", options->approval.allowed_ips,
           "As 10.0.0.2/32,fd00::2/128; default: from the network's pools");
  add_text(parser, "--expires-at", options->approval.expires_at,
           "Refused from this time on, as '2030-01-31 12:00+00' or tomorrow");
  add_database_options(parser, options->database);
  return [options] { return run_approve(*options); };
}

Action configure_expect(CLI::App& parser) {
  const std::shared_ptr<KeyOptions> options = std::make_shared<KeyOptions>();
  parser.add_option("KEY", options->key, "Public key of the device")->required();
  parser.add_option("--network", options->network, "The network it may enter")->required();
  add_text(parser, "--name", options->approval.name, "For people; unique in its network");
  add_database_options(parser, options->database);
  return [options] { return run_expect(*options); };
}

} // namespace provisiond::cli
