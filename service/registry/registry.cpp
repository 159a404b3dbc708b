#include "registry/registry.hpp"

#include "postgres/pqxx_calls.hpp"
#include "postgres/transaction.hpp"
#include "registry/rows.hpp"
#include "registry/sql.hpp"

#include <fmt/format.h>

#include <cerrno>

namespace provisiond::registry {
namespace {

PeerRow peer_from(const pqxx::row& row) {
  return PeerRow{.id = row["id"].as<std::int64_t>(),
                 .network = row["network"].as<std::string>(),
                 .name = text_or_none(row["name"]),
                 .public_key = row["public_key"].as<std::string>(),
                 .allowed_ips = words_of(row["allowed_ips"]),
                 .has_preshared_key = row["has_preshared_key"].as<bool>(),
                 .keepalive_seconds = row["keepalive_seconds"].as<int>(),
                 .is_enabled = row["enabled"].as<bool>(),
                 .state = row["state"].as<std::string>(),
                 .not_before = text_or_none(row["not_before"]),
                 .expires_at = text_or_none(row["expires_at"]),
                 .labels = row["labels"].as<std::string>(),
                 .comment = text_or_none(row["comment"]),
                 .created_at = row["created_at"].as<std::string>(),
                 .updated_at = row["updated_at"].as<std::string>(),
                 .allowed_sources = words_of(row["allowed_sources"]),
                 .may_roam = value_or_none<bool>(row["roaming"]),
                 .may_be_on_several_gateways = value_or_none<bool>(row["several_gateways"]),
                 .is_evicted_last = row["evict_last"].as<bool>()};
}

std::vector<PeerRow> select_peers(pqxx::work& work, const char* network, const char* key,
                                  const char* name) {
  std::vector<PeerRow> peers;
  for (const pqxx::row& row : exec_params(work, sql::select_peers, network, key, name))
    peers.push_back(peer_from(row));
  return peers;
}

std::optional<Revocation> revocation_of(pqxx::work& work, const PublicKey& key) {
  if (!work.exec(sql::has_tombstones)[0][0].as<bool>()) return std::nullopt;
  const pqxx::result rows = exec_params(work, sql::find_tombstone, key.to_string());
  if (rows.empty()) return std::nullopt;
  return Revocation{.revoked_at = text_or_none(rows[0]["revoked_at"]),
                    .reason = text_or_none(rows[0]["reason"])};
}

// Of a key on its way out, its peer's; of every other, itself.
PublicKey key_of_today(pqxx::work& work, const PublicKey& key) {
  if (!may_read(work, "retiring_keys")) return key;
  const pqxx::result rows = exec_params(work, sql::key_after_rotation, key.to_string());
  if (rows.empty()) return key;
  return PublicKey::parse(rows[0][0].as<std::string>()).value_or(key);
}

// Empty when the key is not expected anywhere.
std::string network_that_expects(pqxx::work& work, const PublicKey& key) {
  if (!may_read(work, "expected_keys")) return {};
  const pqxx::result rows = exec_params(work, sql::network_that_expects, key.to_string());
  return rows.empty() ? std::string{} : rows[0][0].as<std::string>();
}

std::optional<SessionRow> session_of(pqxx::work& work, const PublicKey& key) {
  if (!may_read(work, "sessions")) return std::nullopt;
  const pqxx::result rows = exec_params(work, sql::find_session, key.to_string());
  if (rows.empty()) return std::nullopt;
  return SessionRow{.gateway = rows[0][0].as<std::string>(),
                    .interface = rows[0][1].as<std::string>(),
                    .since = rows[0][2].as<std::string>()};
}

std::optional<RefusalRow> refusal_of(pqxx::work& work, const Explanation& explanation,
                                     const PublicKey& key) {
  if (explanation.verdict != "found" || !may_read(work, "recent_refusals")) return std::nullopt;
  const pqxx::result rows =
      exec_params(work, sql::find_refusal, explanation.network, key.to_string());
  if (rows.empty()) return std::nullopt;
  return RefusalRow{.reason = rows[0][0].as<std::string>(),
                    .gateway = rows[0][1].as<std::string>(),
                    .address = rows[0][2].as<std::string>(),
                    .port = rows[0][3].as<int>(),
                    .at = rows[0][4].as<std::string>()};
}

} // namespace

Result<PeerRow> peer_with_key(pqxx::work& work, const PublicKey& key,
                              const std::optional<std::string>& network) {
  std::vector<PeerRow> peers =
      select_peers(work, or_null(network), key.to_string().c_str(), nullptr);
  if (!peers.empty()) return std::move(peers.front());
  return fail(Error{fmt::format("the key {} is no peer{}", key.to_string(),
                                network ? fmt::format(" of network \"{}\"", *network) : ""),
                    ENOENT});
}

Result<std::vector<PeerRow>> list_peers(const SecretString& dsn,
                                        const std::optional<std::string>& network) {
  return in_transaction(dsn, "list the peers",
                        [&](pqxx::work& work) -> Result<std::vector<PeerRow>> {
                          const Status known = expect_network(work, network);
                          if (!known) return fail(known.error());
                          return select_peers(work, or_null(network), nullptr, nullptr);
                        });
}

Result<PeerRow> find_peer(const SecretString& dsn, const PublicKey& key,
                          const std::optional<std::string>& network) {
  return in_transaction(dsn, "find the peer", [&](pqxx::work& work) -> Result<PeerRow> {
    const Status known = expect_network(work, network);
    if (!known) return fail(known.error());
    return peer_with_key(work, key, network);
  });
}

Result<PeerRow> find_peer(const SecretString& dsn, const std::string& name,
                          const std::string& network) {
  return in_transaction(dsn, "find the peer", [&](pqxx::work& work) -> Result<PeerRow> {
    const Status known = expect_network(work, network);
    if (!known) return fail(known.error());
    std::vector<PeerRow> peers = select_peers(work, network.c_str(), nullptr, name.c_str());
    if (!peers.empty()) return std::move(peers.front());
    return fail(
        Error{fmt::format("there is no peer \"{}\" in network \"{}\"", name, network), ENOENT});
  });
}

Result<Explanation> explain_key(const SecretString& dsn, const PublicKey& key,
                                const std::optional<std::string>& network) {
  return in_transaction(dsn, "explain the key", [&](pqxx::work& work) -> Result<Explanation> {
    const Status known = expect_network(work, network);
    if (!known) return fail(known.error());
    const Result<PeerRow> peer = peer_with_key(work, key_of_today(work, key), std::nullopt);
    Explanation explanation;
    if (peer) explanation.peer = *peer;
    if (!peer) explanation.revocation = revocation_of(work, key);
    explanation.session = session_of(work, key);
    explanation.network = network ? *network
                          : peer  ? peer->network
                                  : network_that_expects(work, key);
    explanation.verdict =
        exec_params(work, sql::judge_key, explanation.network, key.to_string())[0][0]
            .as<std::string>();
    if (explanation.verdict == "unknown" && explanation.revocation) explanation.verdict = "revoked";
    explanation.refusal = refusal_of(work, explanation, key);
    return explanation;
  });
}

} // namespace provisiond::registry
