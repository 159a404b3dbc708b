#include "postgres/pqxx_calls.hpp"
#include "postgres/transaction.hpp"
#include "registry/registry.hpp"
#include "registry/rows.hpp"
#include "registry/sql.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <string_view>

namespace provisiond::registry {
namespace {

NetworkRow network_from(const pqxx::row& row) {
  return NetworkRow{.id = row["id"].as<std::int64_t>(),
                    .name = row["name"].as<std::string>(),
                    .comment = text_or_none(row["comment"]),
                    .ranges = words_of(row["ranges"]),
                    .endpoint = text_or_none(row["endpoint"]),
                    .client_dns = words_of(row["client_dns"]),
                    .client_allowed_ips = words_of(row["client_allowed_ips"]),
                    .keepalive_seconds = row["keepalive_seconds"].as<int>(),
                    .idle_timeout_seconds =
                        value_or_none<std::int64_t>(row["idle_timeout_seconds"]),
                    .allowed_sources = words_of(row["allowed_sources"]),
                    .may_roam = row["roaming"].as<bool>(),
                    .may_be_on_several_gateways = row["several_gateways"].as<bool>(),
                    .peers = row["peers"].as<std::int64_t>(),
                    .created_at = row["created_at"].as<std::string>()};
}

bool changes_clients(const NetworkChange& change) {
  return change.comment || change.endpoint || change.client_dns || change.client_allowed_ips ||
         change.keepalive_seconds;
}

void apply_life(pqxx::work& work, const std::string& name, const NetworkChange& change) {
  const LifeRules& life = change.life;
  if (!change.idle_timeout && !life.allowed_sources && !life.roaming && !life.several_gateways)
    return;
  exec_params(work, sql::set_network_life, name, or_null(change.idle_timeout),
              or_null(life.allowed_sources), or_null(life.roaming), or_null(life.several_gateways));
}

void apply(pqxx::work& work, const std::string& name, const NetworkChange& change) {
  if (change.ranges) exec_params(work, sql::set_network_ranges, name, *change.ranges);
  apply_life(work, name, change);
  if (!changes_clients(change)) return;
  const std::optional<std::string> keepalive = number_text(change.keepalive_seconds);
  exec_params(work, sql::set_network, name, or_null(change.comment), or_null(change.endpoint),
              or_null(change.client_dns), or_null(change.client_allowed_ips), or_null(keepalive));
}

} // namespace

std::vector<std::string> words_of(const pqxx::field& field) {
  std::vector<std::string> words;
  std::string_view text{field.is_null() ? "" : field.c_str()};
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    words.emplace_back(word);
    text.remove_prefix(word.size() < text.size() ? word.size() + 1 : word.size());
  }
  return words;
}

bool may_read(pqxx::work& work, const char* relation) {
  return exec_params(work, sql::may_read, relation)[0][0].as<bool>();
}

Status expect_network(pqxx::work& work, const std::optional<std::string>& network) {
  if (!network || !may_read(work, "networks")) return {};
  if (exec_params(work, sql::has_network, *network)[0][0].as<bool>()) return {};
  return fail(Error{fmt::format("there is no network \"{}\"", *network), ENOENT});
}

Status add_network(const SecretString& dsn, const std::string& name, const NetworkChange& change) {
  return in_transaction(dsn, "add the network", [&](pqxx::work& work) -> Status {
    const std::optional<std::string> keepalive = number_text(change.keepalive_seconds);
    exec_params(work, sql::add_network, name, or_null(change.comment), or_null(change.ranges),
                or_null(change.endpoint), or_null(change.client_dns),
                or_null(change.client_allowed_ips), or_null(keepalive));
    apply_life(work, name, change);
    return {};
  });
}

Status set_network(const SecretString& dsn, const std::string& name, const NetworkChange& change) {
  return in_transaction(dsn, "change the network", [&](pqxx::work& work) -> Status {
    Status known = expect_network(work, name);
    if (known) apply(work, name, change);
    return known;
  });
}

Result<std::vector<NetworkRow>> list_networks(const SecretString& dsn) {
  return in_transaction(dsn, "list the networks",
                        [](pqxx::work& work) -> Result<std::vector<NetworkRow>> {
                          std::vector<NetworkRow> networks;
                          for (const pqxx::row& row : work.exec(sql::list_networks))
                            networks.push_back(network_from(row));
                          return networks;
                        });
}

} // namespace provisiond::registry
