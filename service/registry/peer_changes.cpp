#include "postgres/pqxx_calls.hpp"
#include "postgres/transaction.hpp"
#include "registry/registry.hpp"
#include "registry/rows.hpp"
#include "registry/sql.hpp"

namespace provisiond::registry {

namespace {

ClientDefaults client_defaults_of(pqxx::work& work, const std::string& network) {
  const pqxx::result rows = exec_params(work, sql::client_defaults, network);
  if (rows.empty()) return {};
  return ClientDefaults{.endpoint = text_or_none(rows[0]["endpoint"]),
                        .dns = text_or_none(rows[0]["dns"]),
                        .allowed_ips = text_or_none(rows[0]["allowed_ips"]),
                        .gateway_keys = words_of(rows[0]["gateway_keys"])};
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
  return in_transaction(dsn, "add the peer", [&](pqxx::work& work) -> Result<PeerRow> {
    const std::optional<std::string> keepalive = number_text(peer.keepalive_seconds);
    exec_params(work, sql::add_peer, peer.network, peer.public_key.to_string(),
                or_null(peer.allowed_ips), peer.preshared_key, or_null(keepalive),
                or_null(peer.expires_at), or_null(peer.name));
    apply(work, peer.public_key, peer.change);
    Result<PeerRow> row = peer_with_key(work, peer.public_key, peer.network);
    if (!row) return row;
    const Status ready = before_commit(*row, client_defaults_of(work, peer.network));
    if (!ready) return fail(ready.error());
    return row;
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
