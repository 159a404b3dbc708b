// Longer than other headers, because all that an administrator can ask and change stands in one
// place.
#pragma once

#include "base/public_key.hpp"
#include "base/result.hpp"
#include "base/secret_text.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

// What an administrator asks and changes. Each function opens a connection of its own, does its
// work in one transaction and blocks. The code of an error: ENOTCONN, the database could not be
// reached; EINVAL, the connection string is malformed; ENOENT, no such peer or network; EPERM, the
// database's rules refused.
namespace provisiond::registry {

struct NetworkRow {
  std::int64_t id = 0;
  std::string name;
  std::optional<std::string> comment;
  std::vector<std::string> ranges; // empty: no such rule
  std::optional<std::string> endpoint;
  std::vector<std::string> client_dns;
  std::vector<std::string> client_allowed_ips; // empty: everything
  int keepalive_seconds = 0;
  std::optional<std::int64_t> idle_timeout_seconds; // none: as each gateway is set up
  std::vector<std::string> allowed_sources;         // empty: anywhere
  bool may_roam = true;
  bool may_be_on_several_gateways = false;
  std::int64_t peers = 0;
  std::string created_at; // times are text in UTC, as in "2026-01-31T12:00:00Z"
};

// Rules for the life of a peer on the gateways, of a network for all of its peers that have none of
// their own. Of a peer, what is empty is as the network has it.
struct LifeRules {
  std::optional<std::string> allowed_sources;  // with commas
  std::optional<std::string> roaming;          // yes or no
  std::optional<std::string> several_gateways; // yes or no
};

// Lists have commas. What is not given stays as it is; an empty text empties it.
struct NetworkChange {
  std::optional<std::string> comment;
  std::optional<std::string> ranges;
  std::optional<std::string> endpoint;
  std::optional<std::string> client_dns;
  std::optional<std::string> client_allowed_ips;
  std::optional<int> keepalive_seconds;
  std::optional<std::string> idle_timeout; // whatever PostgreSQL reads as an interval
  LifeRules life;
};

// What is not given stays as it is.
struct PeerChange {
  LifeRules life;
  std::optional<std::string> evict_last; // yes or no
};

// What a network knows of the configuration of its clients.
struct ClientDefaults {
  std::optional<std::string> endpoint;
  std::optional<std::string> dns;
  std::optional<std::string> allowed_ips;
  std::vector<std::string> gateway_keys; // of the gateways that serve it now, as `wg` prints them
};

// An interface of a gateway; a gateway that has reported none is one row without.
struct GatewayRow {
  std::string name;
  std::optional<std::string> interface;
  std::optional<std::string> network;
  bool is_alive = false; // reported in the last three minutes
  std::string last_seen;
  std::int64_t same_name = 0;        // so many are alive under the name; 0: one, or none
  std::optional<std::string> logins; // that may be it; nullopt: any that is bound to no other
};

struct NewPool {
  std::string network;
  std::string prefix;
  bool is_derived = false; // from the key; else in order
  std::optional<std::string> first_address;
  std::optional<std::string> last_address;
  std::optional<std::string> hold_time; // whatever PostgreSQL reads as an interval
};

struct PoolRow {
  std::int64_t id = 0;
  std::string network;
  std::string prefix;
  std::string method;                       // sequential or derived
  std::optional<std::string> first_address; // of a sequential pool
  std::optional<std::string> last_address;
  std::string hold_time;
  std::int64_t held = 0; // allowed IPs within it, wherever they came from
};

struct PeerRow {
  std::int64_t id = 0;
  std::string network;
  std::optional<std::string> name;
  std::string public_key; // as `wg` prints it
  std::vector<std::string> allowed_ips;
  bool has_preshared_key = false; // the key itself is never read
  int keepalive_seconds = 0;
  bool is_enabled = false;
  std::string state; // enabled, disabled, not_yet_valid or expired
  std::optional<std::string> not_before;
  std::optional<std::string> expires_at;
  std::string labels; // a JSON object
  std::optional<std::string> comment;
  std::string created_at;
  std::string updated_at;
  std::vector<std::string> allowed_sources; // empty, as what has no value: the network's
  std::optional<bool> may_roam;
  std::optional<bool> may_be_on_several_gateways;
  bool is_evicted_last = false;
};

struct NewPeer {
  std::string network;
  PublicKey public_key;
  std::optional<std::string> name;
  std::optional<std::string> allowed_ips; // "10.0.0.2/32, fd00::2/128"; default: from the pools
  const char* preshared_key = nullptr;    // base64, the caller's to wipe; null for none
  std::optional<int> keepalive_seconds;   // default: the network's
  std::optional<std::string> expires_at;  // whatever PostgreSQL reads as a time
  PeerChange change;
};

// A device that proved to hold a key which is no peer's.
struct PendingRow {
  std::string network;
  std::string public_key;
  std::string address;
  int port = 0;
  std::string gateway; // that saw it last
  std::int64_t times_seen = 0;
  std::string first_seen;
  std::string last_seen;
};

struct Approval {
  PublicKey public_key;
  std::optional<std::string> network; // default: the one where it was seen
  std::optional<std::string> name;
  std::optional<std::string> allowed_ips; // default: from the pools
  std::optional<std::string> expires_at;
};

// What became of it. A role for onboarding may add peers, but not read them.
struct Approved {
  std::int64_t id = 0;
  std::optional<PeerRow> peer;
};

// The columns of wg_provision.import; what is empty in a row has its default.
constexpr std::array<const char*, 16> import_columns{
    "network",         "public_key",    "name",
    "allowed_ips",     "preshared_key", "keepalive_seconds",
    "enabled",         "not_before",    "expires_at",
    "labels",          "comment",       "outside_ranges",
    "allowed_sources", "roaming",       "several_gateways",
    "evict_last"};
using ImportRow = std::array<std::string, import_columns.size()>;

// A row of a manifest that did not become a peer.
struct RefusedRow {
  std::int64_t row = 0; // from 1
  std::string reason;
  std::optional<std::string> network;
  std::optional<std::string> public_key;
  std::optional<std::string> name;
};

struct ImportReport {
  std::int64_t added = 0;
  std::vector<RefusedRow> refused;
};

// A peer that was removed, as far as the database remembers it.
struct Revocation {
  std::optional<std::string> revoked_at;
  std::optional<std::string> reason;
};

// Where a key had its latest session.
struct SessionRow {
  std::string gateway;
  std::string interface;
  std::string since; // when it came up there
};

// Why a gateway refused by itself what the database lets in, at its last try.
struct RefusalRow {
  std::string reason; // a word of the log
  std::string gateway;
  std::string address;
  int port = 0;
  std::string at;
};

// What the daemon would be told about a key.
struct Explanation {
  std::string network; // the one asked about; empty when none was given and the key is in none
  std::string verdict; // of find_peers, or "revoked"
  std::optional<PeerRow> peer;
  std::optional<Revocation> revocation;
  std::optional<SessionRow> session{};
  std::optional<RefusalRow> refusal{}; // none since its latest session
};

Status add_network(const SecretString& dsn, const std::string& name, const NetworkChange& change);
Status set_network(const SecretString& dsn, const std::string& name, const NetworkChange& change);
Result<std::vector<NetworkRow>> list_networks(const SecretString& dsn);

// Binds a login to what it is allowed: to be this gateway, for these networks, or for all. ENOENT:
// no such network.
Status allow_gateway(const SecretString& dsn, const std::string& login, const std::string& gateway,
                     const std::vector<std::string>& networks);
// ENOENT: it was not allowed.
Status forbid_gateway(const SecretString& dsn, const std::string& login,
                      const std::string& gateway);
Result<std::vector<GatewayRow>> list_gateways(const SecretString& dsn);

Status add_pool(const SecretString& dsn, const NewPool& pool);
// In the order in which they are tried; all, or those of one network, which must exist.
Result<std::vector<PoolRow>> list_pools(const SecretString& dsn,
                                        const std::optional<std::string>& network);

// `before_commit` sees the row as the database will have it, and what its network knows of clients;
// when it fails, nothing is added.
using BeforeCommit = std::function<Status(const PeerRow&, const ClientDefaults&)>;
Result<PeerRow> add_peer(const SecretString& dsn, const NewPeer& peer,
                         const BeforeCommit& before_commit);
// The last seen first; in all networks, or in one, which must exist.
Result<std::vector<PendingRow>> list_pending(const SecretString& dsn,
                                             const std::optional<std::string>& network);
Result<Approved> approve_key(const SecretString& dsn, const Approval& approval);
// The device becomes a peer when it connects first.
Status expect_key(const SecretString& dsn, const PublicKey& key, const std::string& network,
                  const std::optional<std::string>& name);
// `next_row` is called until it gives nothing.
using NextRow = std::function<std::optional<ImportRow>()>;
Result<ImportReport> import_peers(const SecretString& dsn, const NextRow& next_row,
                                  bool all_or_nothing);
// Calls `take` with the names of the columns, then with each peer: as `import_peers` takes them,
// but with "(set)" in place of a preshared key, which it refuses.
Status export_peers(const SecretString& dsn, const std::optional<std::string>& network,
                    const std::function<void(const std::vector<std::string>&)>& take);
// All peers, or those of one network, which must exist.
Result<std::vector<PeerRow>> list_peers(const SecretString& dsn,
                                        const std::optional<std::string>& network);
// In any network when none is given.
Result<PeerRow> find_peer(const SecretString& dsn, const PublicKey& key,
                          const std::optional<std::string>& network);
Result<PeerRow> find_peer(const SecretString& dsn, const std::string& name,
                          const std::string& network);
// The row as it was.
Result<PeerRow> revoke_peer(const SecretString& dsn, const PublicKey& key,
                            const std::optional<std::string>& reason);
// Lets a revoked key be added again.
Status pardon_key(const SecretString& dsn, const PublicKey& key);
// The row with its new key. The old one is let in as long as `overlap`, an interval, lasts.
Result<PeerRow> rotate_key(const SecretString& dsn, const PublicKey& key, const PublicKey& new_key,
                           const std::optional<std::string>& overlap);
// Without `allowed_ips` the peer gets addresses from the pools there.
Result<PeerRow> move_peer(const SecretString& dsn, const PublicKey& key, const std::string& network,
                          const std::optional<std::string>& allowed_ips);
// Never when there is no time.
Result<PeerRow> set_expiry(const SecretString& dsn, const PublicKey& key,
                           const std::optional<std::string>& expires_at);
Result<PeerRow> set_peer(const SecretString& dsn, const PublicKey& key, const PeerChange& change);
// Lets a device in whose clock went back.
Result<PeerRow> forget_initiations(const SecretString& dsn, const PublicKey& key);
Result<PeerRow> set_peer_enabled(const SecretString& dsn, const PublicKey& key, bool is_enabled);
Result<Explanation> explain_key(const SecretString& dsn, const PublicKey& key,
                                const std::optional<std::string>& network);

} // namespace provisiond::registry
