#include "postgres/pqxx_calls.hpp"
#include "postgres/transaction.hpp"
#include "registry/registry.hpp"
#include "registry/rows.hpp"
#include "registry/sql.hpp"

namespace provisiond::registry {
namespace {

PendingRow pending_from(const pqxx::row& row) {
  return PendingRow{.network = row["network"].as<std::string>(),
                    .public_key = row["public_key"].as<std::string>(),
                    .address = row["address"].as<std::string>(),
                    .port = row["port"].as<int>(),
                    .gateway = row["gateway"].as<std::string>(),
                    .times_seen = row["times_seen"].as<std::int64_t>(),
                    .first_seen = row["first_seen"].as<std::string>(),
                    .last_seen = row["last_seen"].as<std::string>()};
}

} // namespace

Result<std::vector<PendingRow>> list_pending(const SecretString& dsn,
                                             const std::optional<std::string>& network) {
  return in_transaction(
      dsn, "list the pending keys", [&](pqxx::work& work) -> Result<std::vector<PendingRow>> {
        const Status known = expect_network(work, network);
        if (!known) return fail(known.error());
        std::vector<PendingRow> pending;
        for (const pqxx::row& row : exec_params(work, sql::list_pending, or_null(network)))
          pending.push_back(pending_from(row));
        return pending;
      });
}

Result<Approved> approve_key(const SecretString& dsn, const Approval& approval) {
  return in_transaction(dsn, "approve the key", [&](pqxx::work& work) -> Result<Approved> {
    Approved approved;
    approved.id = exec_params(work, sql::approve_key, approval.public_key.to_string(),
                              or_null(approval.network), or_null(approval.name),
                              or_null(approval.allowed_ips), or_null(approval.expires_at))[0][0]
                      .as<std::int64_t>();
    if (!may_read(work, "peer_list")) return approved;
    Result<PeerRow> peer = peer_with_key(work, approval.public_key, std::nullopt);
    if (!peer) return fail(peer.error());
    approved.peer = std::move(*peer);
    return approved;
  });
}

Status expect_key(const SecretString& dsn, const PublicKey& key, const std::string& network,
                  const std::optional<std::string>& name) {
  return in_transaction(dsn, "expect the key", [&](pqxx::work& work) -> Status {
    Status known = expect_network(work, network);
    if (known) exec_params(work, sql::expect_key, network, key.to_string(), or_null(name));
    return known;
  });
}

} // namespace provisiond::registry
