#pragma once

#include <cstdint>

// All SQL that the daemon sends once a connection is set up. What it calls is defined in schema/.
// Every function, type and table is named with its schema: behind a pooler a session's search_path
// may be another client's. For the same reason it has no operator. scripts/check-sql.sh holds both.
namespace provisiond::lookup::sql {

// The number of the newest file in schema/. A database with a lower number is not served, because
// it may lack what we call; one with a higher number only where it says that it fits us.
inline constexpr int needed_schema_version = 18;

inline constexpr const char* schema_version = "SELECT wg_provision.schema_version()";

// Of a schema that is newer than ours: the oldest version that it still fits.
inline constexpr const char* compatible_from = "SELECT wg_provision.compatible_from()";

// NULL when it has none.
inline constexpr const char* database_identity = "SELECT wg_provision.database_identity()";

// Of a network the daemon sends what its settings call it, or the reference that find_networks has
// given (lookup::Networks).

// $1: networks. A row for each that there is: its place in the array, how to refer to it from now
// on, and what it is called now.
inline constexpr const char* find_networks =
    "SELECT ordinal, reference, name FROM wg_provision.find_networks($1::pg_catalog.text[])";

// $1: networks, $2: public keys, both arrays of the same length. One row for each pair, which also
// says what the server is: behind a pooler or after a promotion it is another than the session
// began with.
inline constexpr const char* find_peers =
    "SELECT ordinal, verdict, pg_catalog.encode(public_key, 'hex'), peer_id, "
    "pg_catalog.encode(preshared_key, 'hex'),"
    " keepalive_seconds, allowed_ips, expires_at_us, session_gateway, session_interface,"
    " pg_catalog.encode(newest_initiation, 'hex'), idle_timeout_s, allowed_sources, roaming,"
    " several_gateways, evict_last, session_run, session_at_us, pg_catalog.pg_is_in_recovery(),"
    " pg_catalog.current_setting('transaction_read_only')"
    " FROM wg_provision.find_peers_of($1::pg_catalog.text[], $2::pg_catalog.bytea[])";

// $1: public keys. A row for each that was a peer here and was removed.
inline constexpr const char* removed_peers =
    "SELECT pg_catalog.encode(key, 'hex')"
    " FROM wg_provision.removed_peers($1::pg_catalog.bytea[]) AS key";

// $1: name of this gateway, $2: network, $3: public key in base64. One row, as
// find_peers.
inline constexpr const char* enrol_peer =
    "SELECT ordinal, verdict, pg_catalog.encode(public_key, 'hex'), peer_id, "
    "pg_catalog.encode(preshared_key, 'hex'),"
    " keepalive_seconds, allowed_ips, expires_at_us, session_gateway, session_interface,"
    " pg_catalog.encode(newest_initiation, 'hex'), idle_timeout_s, allowed_sources, roaming,"
    " several_gateways, evict_last, NULL, NULL"
    " FROM wg_provision.enrol_peer_of($1, $2, pg_catalog.decode($3, 'base64'))";

// $1: name of this gateway; arrays of one length: $2 networks, $3 keys, $4 words of Refusal,
// $5 addresses, $6 ports.
inline constexpr const char* record_sightings =
    "SELECT wg_provision.record_sightings_of($1, $2::pg_catalog.text[], $3::pg_catalog.bytea[], "
    "$4::pg_catalog.text[], $5::pg_catalog.inet[],"
    " $6::integer[])";

// $1: name of this gateway, $2: its version, $3: this run of it, $4: its machine, empty where that
// is not known, $5: its host name, $6: whether it ends. A row for each other gateway that is alive
// under the same name.
inline constexpr const char* report_gateway =
    "SELECT host, is_refused FROM wg_provision.report_gateway($1, $2, $3::pg_catalog.uuid, $4, $5,"
    " $6::boolean)";

// $1: name of this gateway, $2: its version, $3: interface, $4: network, $5: the interface's key in
// base64, $6: number of its peers; of those that are active, arrays of one length: $7 keys,
// $8 addresses, $9 ports, $10 handshakes in microseconds since 1970, $11 and $12 bytes;
// $13: position of the changes that are applied, empty for none.
inline constexpr const char* report_interface =
    "SELECT wg_provision.report_interface_of($1, $2, $3, $4, "
    "pg_catalog.decode($5, 'base64'), $6::integer,"
    " $7::pg_catalog.bytea[], $8::pg_catalog.inet[], $9::integer[], $10::bigint[], $11::bigint[], "
    "$12::bigint[],"
    " $13)";

// $1: name of this gateway, $2: interface, $3: network; arrays of one length: $4 keys,
// $5 initiations or NULL, $6 handshakes in microseconds since 1970; $7: this run of the gateway. A
// row for each key which is to be written again.
inline constexpr const char* own_sessions =
    "SELECT pg_catalog.encode(key, 'hex') FROM "
    "pg_catalog.unnest(wg_provision.claim_sessions_of($1, "
    "$2, $3, $4::pg_catalog.bytea[],"
    " $5::pg_catalog.bytea[], $6::bigint[], $7::pg_catalog.uuid)) AS key";

// The columns of find_peers and enrol_peer, in order.
enum class FindPeersColumn : std::uint8_t {
  ordinal, // position in the arrays, from 1
  verdict,
  public_key,
  peer_id,
  preshared_key,
  keepalive_seconds,
  allowed_ips,
  expires_at_us,
  session_gateway,
  session_interface,
  newest_initiation,
  idle_timeout_s,
  allowed_sources,
  roaming,
  several_gateways,
  evict_last,
  session_run,
  session_at_us,
  is_standby,            // of find_peers only
  transaction_read_only, // likewise: "on" or "off"
};

// Change feed.
inline constexpr const char* listen = "LISTEN wg_provision_changes";

// $1: next_position of the last call, NULL for none. At least one row; the rows without a network
// give the position only.
inline constexpr const char* changes_after =
    "SELECT next_position, network, pg_catalog.encode(public_key, 'hex'), is_many,"
    " extract(epoch FROM pg_catalog.pg_postmaster_start_time()), pg_catalog.pg_is_in_recovery(),"
    " wg_provision.database_identity()"
    " FROM wg_provision.changes_for($1)";

// $1: network, $2: the last key of the page before in base64, NULL for none, $3: how many. Keys of
// which find_peers could answer with a peer, in their order; a row without one: of any key.
inline constexpr const char* known_keys =
    "SELECT pg_catalog.encode(key, 'hex') FROM wg_provision.known_keys_of($1, "
    "pg_catalog.decode($2, 'base64'), $3::integer) AS key";

} // namespace provisiond::lookup::sql
