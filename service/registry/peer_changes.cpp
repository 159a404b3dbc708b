#include "postgres/pqxx_calls.hpp"
#include "postgres/transaction.hpp"
#include "registry/registry.hpp"
#include "registry/rows.hpp"
#include "registry/sql.hpp"

#include <cerrno>
#include <utility>

namespace provisiond::registry {

namespace {

ClientDefaults client_defaults_from(const pqxx::row& row, const char* allowed_ips) {
  return ClientDefaults{.endpoint = text_or_none(row["endpoint"]),
                        .dns = text_or_none(row["dns"]),
                        .allowed_ips = text_or_none(row[allowed_ips]),
                        .gateway_keys = words_of(row["gateway_keys"])};
}

ClientDefaults client_defaults_of(pqxx::work& work, const std::string& network) {
  const pqxx::result rows = exec_params(work, sql::client_defaults, network);
  return rows.empty() ? ClientDefaults{} : client_defaults_from(rows[0], "allowed_ips");
}

struct Added {
  PeerRow peer;
  ClientDefaults network;
};

// What a role that may add peers, and not read them, is told of one.
Result<Added> just_added(pqxx::work& work, const NewPeer& peer) {
  const pqxx::result rows = exec_params(work, sql::just_added, peer.public_key.to_string());
  if (rows.empty()) return fail(Error{"the peer is not there any more", ENOENT});
  const pqxx::row row = rows[0];
  Added told;
  told.peer.id = row["id"].as<std::int64_t>();
  told.peer.network = peer.network;
  told.peer.name = peer.name;
  told.peer.public_key = peer.public_key.to_string();
  told.peer.allowed_ips = words_of(row["allowed_ips"]);
  told.peer.has_preshared_key = peer.preshared_key != nullptr;
  told.peer.keepalive_seconds = row["keepalive_seconds"].as<int>();
  told.peer.is_enabled = true;
  told.peer.state = "enabled";
  told.peer.expires_at = peer.expires_at;
  told.peer.labels = "{}";
  told.network = client_defaults_from(row, "client_allowed_ips");
  return told;
}

Result<Added> added(pqxx::work& work, const NewPeer& peer) {
  if (!may_read(work, "peer_list")) return just_added(work, peer);
  Result<PeerRow> row = peer_with_key(work, peer.public_key, peer.network);
  if (!row) return fail(row.error());
  return Added{.peer = std::move(*row), .network = client_defaults_of(work, peer.network)};
}

void apply(pqxx::work& work, const PublicKey& key, const PeerChange& change) {
  const LifeRules& life = change.life;
  if (!life.allowed_sources && !life.roaming && !life.several_gateways && !change.evict_last)
    return;
  exec_params(work, sql::set_peer, key.to_string(), or_null(life.allowed_sources),
              or_null(life.roaming), or_null(life.several_gateways), or_null(change.evict_last));
}

} // namespace

Result<PeerRow> add_peer(const SecretString& dsn, const NewPeer& peer,
                         const BeforeCommit& before_commit) {
  return in_transaction_once(dsn, "add the peer", [&](pqxx::work& work) -> Result<PeerRow> {
    const std::optional<std::string> keepalive = number_text(peer.keepalive_seconds);
    exec_params(work, sql::add_peer, peer.network, peer.public_key.to_string(),
                or_null(peer.allowed_ips), peer.preshared_key, or_null(keepalive),
                or_null(peer.expires_at), or_null(peer.name));
    apply(work, peer.public_key, peer.change);
    Result<Added> now = added(work, peer);
    if (!now) return fail(now.error());
    const Status ready = before_commit(now->peer, now->network);
    if (!ready) return fail(ready.error());
    return std::move(now->peer);
  });
}

Result<PeerRow> revoke_peer(const SecretString& dsn, const PublicKey& key,
                            const std::optional<std::string>& reason) {
  return in_transaction(dsn, "revoke the peer", [&](pqxx::work& work) -> Result<PeerRow> {
    Result<PeerRow> row = peer_with_key(work, key, std::nullopt);
    if (row) exec_params(work, sql::revoke_peer, key.to_string(), or_null(reason));
    return row;
  });
}

Result<PeerRow> set_peer_enabled(const SecretString& dsn, const PublicKey& key, bool is_enabled) {
  return in_transaction(dsn, is_enabled ? "enable the peer" : "disable the peer",
                        [&](pqxx::work& work) -> Result<PeerRow> {
                          exec_params(work, sql::set_peer_enabled, key.to_string(), is_enabled);
                          return peer_with_key(work, key, std::nullopt);
                        });
}

Result<PeerRow> set_peer(const SecretString& dsn, const PublicKey& key, const PeerChange& change) {
  return in_transaction(dsn, "change the peer", [&](pqxx::work& work) -> Result<PeerRow> {
    apply(work, key, change);
    return peer_with_key(work, key, std::nullopt);
  });
}

Result<PeerRow> forget_initiations(const SecretString& dsn, const PublicKey& key) {
  return in_transaction(dsn, "forget the initiations", [&](pqxx::work& work) -> Result<PeerRow> {
    exec_params(work, sql::forget_initiations, key.to_string());
    return peer_with_key(work, key, std::nullopt);
  });
}

Status pardon_key(const SecretString& dsn, const PublicKey& key) {
  return in_transaction(dsn, "pardon the key", [&](pqxx::work& work) -> Status {
    exec_params(work, sql::pardon_key, key.to_string());
    return {};
  });
}

Result<PeerRow> rotate_key(const SecretString& dsn, const PublicKey& key, const PublicKey& new_key,
                           const std::optional<std::string>& overlap) {
  return in_transaction(dsn, "rotate the key", [&](pqxx::work& work) -> Result<PeerRow> {
    exec_params(work, sql::rotate_key, key.to_string(), new_key.to_string(), or_null(overlap));
    return peer_with_key(work, new_key, std::nullopt);
  });
}

Result<PeerRow> move_peer(const SecretString& dsn, const PublicKey& key, const std::string& network,
                          const std::optional<std::string>& allowed_ips) {
  return in_transaction(dsn, "move the peer", [&](pqxx::work& work) -> Result<PeerRow> {
    const Status known = expect_network(work, network);
    if (!known) return fail(known.error());
    exec_params(work, sql::move_peer, key.to_string(), network, or_null(allowed_ips));
    return peer_with_key(work, key, network);
  });
}

Result<PeerRow> set_expiry(const SecretString& dsn, const PublicKey& key,
                           const std::optional<std::string>& expires_at) {
  return in_transaction(dsn, "set the expiry of the peer",
                        [&](pqxx::work& work) -> Result<PeerRow> {
                          exec_params(work, sql::set_expiry, key.to_string(), or_null(expires_at));
                          return peer_with_key(work, key, std::nullopt);
                        });
}

} // namespace provisiond::registry
