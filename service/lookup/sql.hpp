#pragma once

#include <cstdint>

// All SQL that this project sends. What it calls is defined in schema/.
namespace provisiond::lookup::sql {

// The number of the newest file in schema/. A database with another number is not served: an older
// one may lack what we call, a newer one may mean something else by it.
inline constexpr int needed_schema_version = 9;

inline constexpr const char* schema_version = "SELECT wg_provision.schema_version()";

// Unless the role, the database or the connection string has set one. $1 in milliseconds.
inline constexpr const char* default_statement_timeout =
    "SELECT set_config('statement_timeout', $1, false)"
    " WHERE current_setting('statement_timeout') = '0'";

// $1: names of networks, $2: public keys, both arrays of the same length. One row for each pair.
inline constexpr const char* find_peers =
    "SELECT ordinal, verdict, encode(public_key, 'hex'), peer_id, encode(preshared_key, 'hex'),"
    " keepalive_seconds, allowed_ips, expires_at_us"
    " FROM wg_provision.find_peers($1::text[], $2::bytea[])";

// The columns of find_peers, in order.
enum class FindPeersColumn : std::uint8_t {
  ordinal, // position in the arrays, from 1
  verdict,
  public_key,
  peer_id,
  preshared_key,
  keepalive_seconds,
  allowed_ips,
  expires_at_us,
};

// Migrations. One at a time in a database: the lock's number is "wg_prov" in ASCII.
inline constexpr const char* lock_migrations =
    "SET LOCAL lock_timeout = '60s'; SELECT pg_advisory_xact_lock(x'77675f70726f76'::bigint)";
inline constexpr const char* has_schema_version =
    "SELECT to_regclass('wg_provision.schema_version') IS NOT NULL";
inline constexpr const char* read_schema_version =
    "SELECT version FROM wg_provision.schema_version";
inline constexpr const char* write_schema_version =
    "UPDATE wg_provision.schema_version SET version = $1, changed_at = now()";

} // namespace provisiond::lookup::sql
