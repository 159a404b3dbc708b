// Longer than other headers, because all SQL of the administrator's tool stands in one place.
#pragma once

// What an administrator asks and changes; `db check` has check_sql.hpp. What it calls is defined in
// schema/. Every function, type and table is named with its schema, and the transactions set the
// search path for the operators (postgres::in_transaction). scripts/check-sql.sh holds it.
namespace provisiond::registry::sql {

// Whose the schema is: the owner, whether that is us, whether we may act for it, and what makes us.
inline constexpr const char* schema_owner =
    "SELECT r.rolname, r.rolname = current_user, pg_catalog.pg_has_role(r.oid, 'MEMBER'),"
    " pg_catalog.format('SET LOCAL ROLE %I', r.rolname), current_user"
    " FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner"
    " WHERE n.nspname = 'wg_provision'";

// Migrations. One at a time in a database: the lock's number is "wg_prov" in ASCII.
inline constexpr const char* lock_migrations =
    "SET LOCAL lock_timeout = '60s'; SELECT "
    "pg_catalog.pg_advisory_xact_lock(x'77675f70726f76'::bigint)";
inline constexpr const char* has_schema_version =
    "SELECT pg_catalog.to_regclass('wg_provision.schema_version') IS NOT NULL";
inline constexpr const char* read_schema_version =
    "SELECT version FROM wg_provision.schema_version";
inline constexpr const char* write_schema_version =
    "UPDATE wg_provision.schema_version SET version = $1, changed_at = pg_catalog.now()";

// The database belongs to the fleet: nobody else need be in it. The statements are made by the
// server, which quotes the name; the rest tells whether anything is left, by its owner's will or by
// default.
inline constexpr const char* close_database =
    "SELECT pg_catalog.format('REVOKE CREATE, CONNECT, TEMPORARY ON DATABASE %I FROM PUBLIC',"
    " pg_catalog.current_database())";
inline constexpr const char* open_to_roles =
    "SELECT pg_catalog.format('GRANT CONNECT ON DATABASE %I TO wg_provision_owner,"
    " wg_provision_daemon, wg_provision_administrator, wg_provision_onboarding,"
    " wg_provision_viewer', pg_catalog.current_database())";
inline constexpr const char* rights_of_public =
    "SELECT pg_catalog.string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type),"
    " pg_catalog.max(r.rolname) FROM pg_catalog.pg_database d"
    " JOIN pg_catalog.pg_roles r ON r.oid = d.datdba"
    " CROSS JOIN LATERAL pg_catalog.aclexplode("
    "coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a"
    " WHERE d.datname = pg_catalog.current_database() AND a.grantee = 0";

// Roles that gateways log in with. The statements are made by the server, which quotes the name.
inline constexpr const char* find_gateway_role =
    "SELECT rolcanlogin, pg_catalog.pg_has_role(oid, 'wg_provision_daemon', 'MEMBER') FROM "
    "pg_catalog.pg_roles"
    " WHERE rolname = $1";
inline constexpr const char* make_gateway_role =
    "SELECT pg_catalog.format('CREATE ROLE %I LOGIN IN ROLE wg_provision_daemon', "
    "$1::pg_catalog.text)";
inline constexpr const char* grant_gateway_role =
    "SELECT pg_catalog.format('GRANT wg_provision_daemon TO %I', $1::pg_catalog.text)";

// The administrator's tool. Keys are text as `wg` prints them; a preshared key is never read.
// Lists come with commas, so that the server reads each item and says which one is wrong.
inline constexpr const char* add_network =
    "INSERT INTO wg_provision.networks (name, comment, ranges, endpoint, client_dns,"
    " client_allowed_ips, keepalive_seconds) VALUES ($1, nullif($2, ''),"
    " pg_catalog.regexp_split_to_array(nullif($3, ''), '\\s*,\\s*')::pg_catalog.cidr[], nullif($4, "
    "''),"
    " pg_catalog.regexp_split_to_array(nullif($5, ''), '\\s*,\\s*')::pg_catalog.inet[],"
    " pg_catalog.regexp_split_to_array(nullif($6, ''), '\\s*,\\s*')::pg_catalog.cidr[], "
    "coalesce($7::integer, 0))";
inline constexpr const char* has_network =
    "SELECT EXISTS (SELECT FROM wg_provision.networks WHERE name = $1)";
inline constexpr const char* may_read =
    "SELECT pg_catalog.has_table_privilege('wg_provision.' || $1, 'SELECT')";
// NULL leaves a column alone, an empty text empties it.
inline constexpr const char* set_network =
    "UPDATE wg_provision.networks SET"
    " comment = CASE WHEN $2::pg_catalog.text IS NULL THEN comment ELSE nullif($2, '') END,"
    " endpoint = CASE WHEN $3::pg_catalog.text IS NULL THEN endpoint ELSE nullif($3, '') END,"
    " client_dns = CASE WHEN $4::pg_catalog.text IS NULL THEN client_dns"
    " ELSE pg_catalog.regexp_split_to_array(nullif($4, ''), '\\s*,\\s*')::pg_catalog.inet[] END,"
    " client_allowed_ips = CASE WHEN $5::pg_catalog.text IS NULL THEN client_allowed_ips"
    " ELSE pg_catalog.regexp_split_to_array(nullif($5, ''), '\\s*,\\s*')::pg_catalog.cidr[] END,"
    " keepalive_seconds = coalesce($6::integer, keepalive_seconds) WHERE name = $1";
// How its peers live on the gateways; as set_network.
inline constexpr const char* set_network_life =
    "UPDATE wg_provision.networks SET"
    " idle_timeout = CASE WHEN $2::pg_catalog.text IS NULL THEN idle_timeout"
    " ELSE nullif($2, '')::interval END,"
    " allowed_sources = CASE WHEN $3::pg_catalog.text IS NULL THEN allowed_sources"
    " ELSE pg_catalog.regexp_split_to_array(nullif($3, ''), '\\s*,\\s*')::pg_catalog.cidr[] END,"
    " roaming = coalesce($4::boolean, roaming),"
    " several_gateways = coalesce($5::boolean, several_gateways) WHERE name = $1";
// By itself, because it holds every peer of the network against the ranges.
inline constexpr const char* set_network_ranges =
    "UPDATE wg_provision.networks SET"
    " ranges = pg_catalog.regexp_split_to_array(nullif($2, ''), '\\s*,\\s*')::pg_catalog.cidr[] "
    "WHERE name = $1";
inline constexpr const char* list_networks =
    "SELECT n.id, n.name, n.comment, pg_catalog.array_to_string(n.ranges, ' ') AS ranges, "
    "n.endpoint,"
    " pg_catalog.array_to_string(n.client_dns, ' ') AS client_dns,"
    " pg_catalog.array_to_string(n.client_allowed_ips, ' ') AS client_allowed_ips, "
    "n.keepalive_seconds,"
    " extract(epoch FROM n.idle_timeout)::bigint AS idle_timeout_seconds,"
    " pg_catalog.array_to_string(n.allowed_sources, ' ') AS allowed_sources, n.roaming, "
    "n.several_gateways,"
    " pg_catalog.to_char(n.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS "
    "created_at,"
    " (SELECT pg_catalog.count(*) FROM wg_provision.peers p WHERE p.network_id = n.id) AS peers"
    " FROM wg_provision.networks n ORDER BY n.name";
// What a new client of the network $1 is told.
inline constexpr const char* client_defaults =
    "SELECT n.endpoint, pg_catalog.array_to_string(n.client_dns, ', ') AS dns,"
    " pg_catalog.array_to_string(n.client_allowed_ips, ', ') AS allowed_ips,"
    " pg_catalog.array_to_string(ARRAY(SELECT DISTINCT g.public_key FROM wg_provision.gateway_list "
    "g"
    " WHERE g.network = n.name AND g.is_alive), ' ') AS gateway_keys"
    " FROM wg_provision.networks n WHERE n.name = $1";

// $1: network, $2: prefix, $3: method, $4: first address, $5: last address, $6: hold time, NULL for
// the usual one.
inline constexpr const char* add_pool = "SELECT wg_provision.add_pool($1, $2::pg_catalog.cidr, $3, "
                                        "$4::pg_catalog.inet, $5::pg_catalog.inet,"
                                        " coalesce($6::interval, '7 days'))";
// $1: network; NULL for any.
inline constexpr const char* list_pools =
    "SELECT p.id, n.name AS network, p.prefix, p.method, pg_catalog.host(p.first_address) AS "
    "first_address,"
    " pg_catalog.host(p.last_address) AS last_address, p.hold_time::pg_catalog.text AS hold_time,"
    " (SELECT pg_catalog.count(*) FROM wg_provision.allowed_ips a"
    " WHERE a.network_id = p.network_id AND a.prefix <<= p.prefix) AS held"
    " FROM wg_provision.pools p JOIN wg_provision.networks n ON n.id = p.network_id"
    " WHERE ($1::pg_catalog.text IS NULL OR n.name = $1) ORDER BY n.name, p.id";

// $1: login, $2: gateway, $3: network, NULL for all.
inline constexpr const char* allow_gateway = "SELECT wg_provision.allow_gateway($1, $2, $3)";
inline constexpr const char* forbid_gateway = "SELECT wg_provision.forbid_gateway($1, $2)";
// $1: login, $2: network, of forbid_onboarding NULL for all.
inline constexpr const char* allow_onboarding = "SELECT wg_provision.allow_onboarding($1, $2)";
inline constexpr const char* forbid_onboarding = "SELECT wg_provision.forbid_onboarding($1, $2)";
inline constexpr const char* trust_onboarding = "SELECT wg_provision.trust_onboarding($1)";
inline constexpr const char* list_onboarding =
    "SELECT l.login, l.network, l.is_gone FROM wg_provision.onboarding_list l"
    " ORDER BY l.login, l.network";
inline constexpr const char* list_gateways =
    "SELECT g.gateway, g.interface, g.network, g.is_alive,"
    " pg_catalog.to_char(g.last_seen AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS "
    "last_seen,"
    " g.same_name, (SELECT pg_catalog.string_agg(DISTINCT l.login, ' ')"
    " FROM wg_provision.gateway_logins l WHERE l.gateway = g.gateway) AS logins"
    " FROM wg_provision.gateway_list g ORDER BY g.gateway, g.interface";

inline constexpr const char* add_peer =
    "SELECT wg_provision.add_peer(network => $1, public_key => $2,"
    " allowed_ips => pg_catalog.regexp_split_to_array($3::pg_catalog.text, "
    "'\\s*,\\s*')::pg_catalog.cidr[], preshared_key => $4,"
    " keepalive_seconds => $5::integer, expires_at => $6::pg_catalog.timestamptz, name => $7)";
// $1: key of a peer that this transaction has added, for a role that may not read peers.
inline constexpr const char* just_added =
    "SELECT id, allowed_ips, keepalive_seconds, endpoint, dns, client_allowed_ips, gateway_keys"
    " FROM wg_provision.just_added($1)";
inline constexpr const char* revoke_peer = "SELECT wg_provision.revoke_peer($1, $2)";
inline constexpr const char* set_peer_enabled =
    "UPDATE wg_provision.peers SET enabled = $2::boolean WHERE public_key = pg_catalog.decode($1, "
    "'base64')";

// NULL leaves a column alone, an empty text leaves it to the network.
inline constexpr const char* set_peer =
    "UPDATE wg_provision.peers SET"
    " allowed_sources = CASE WHEN $2::pg_catalog.text IS NULL THEN allowed_sources"
    " ELSE pg_catalog.regexp_split_to_array(nullif($2, ''), '\\s*,\\s*')::pg_catalog.cidr[] END,"
    " roaming = CASE WHEN $3::pg_catalog.text IS NULL THEN roaming ELSE nullif($3, '')::boolean "
    "END,"
    " several_gateways = CASE WHEN $4::pg_catalog.text IS NULL THEN several_gateways"
    " ELSE nullif($4, '')::boolean END,"
    " evict_last = coalesce($5::boolean, evict_last) WHERE public_key = pg_catalog.decode($1, "
    "'base64')";
inline constexpr const char* forget_initiations = "SELECT wg_provision.forget_initiations($1)";

inline constexpr const char* rotate_key =
    "SELECT wg_provision.rotate_key($1, $2, coalesce($3::interval, '0'))";
inline constexpr const char* move_peer =
    "SELECT wg_provision.move_peer($1, $2, pg_catalog.regexp_split_to_array($3::pg_catalog.text, "
    "'\\s*,\\s*')::pg_catalog.cidr[])";
inline constexpr const char* set_expiry =
    "SELECT wg_provision.set_expiry($1, $2::pg_catalog.timestamptz)";
inline constexpr const char* pardon_key = "SELECT wg_provision.pardon_key($1)";

// $1: network, $2: key, $3: name; NULL for any. The key is looked up in the table, which has an
// index on it; the view is all that a viewer may read of the rest.
inline constexpr const char* select_peers =
    "SELECT l.id, l.network, l.name, l.public_key,"
    " pg_catalog.array_to_string(l.allowed_ips, ' ') AS allowed_ips,"
    " l.preshared_key IS NOT NULL AS has_preshared_key, l.keepalive_seconds, l.enabled, l.state,"
    " l.labels, l.comment,"
    " pg_catalog.to_char(l.not_before AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS "
    "not_before,"
    " pg_catalog.to_char(l.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS "
    "expires_at,"
    " pg_catalog.to_char(l.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS "
    "created_at,"
    " pg_catalog.to_char(l.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS "
    "updated_at,"
    " pg_catalog.array_to_string(l.allowed_sources, ' ') AS allowed_sources, l.roaming, "
    "l.several_gateways,"
    " l.evict_last"
    " FROM wg_provision.peer_list l WHERE ($1::pg_catalog.text IS NULL OR l.network = $1)"
    " AND ($2::pg_catalog.text IS NULL OR l.id ="
    " (SELECT p.id FROM wg_provision.peers p WHERE p.public_key = pg_catalog.decode($2, 'base64')))"
    " AND ($3::pg_catalog.text IS NULL OR l.name = $3) ORDER BY l.network, l.name, l.id";

// Manifests. COPY fires the trigger that imports. One import of ours at a time, so that the report
// is of this one; the lock's number is "wg_impo" in ASCII.
inline constexpr const char* prepare_import =
    "SET LOCAL client_min_messages = warning;"
    " SELECT pg_catalog.pg_advisory_xact_lock(x'77675f696d706f'::bigint)";
inline constexpr const char* import_table = "wg_provision.import";
inline constexpr const char* import_report =
    "SELECT line, reason, network, public_key, name FROM wg_provision.import_report ORDER BY line";
// The columns of the table for imports, in this order. $1: network; NULL for any.
inline constexpr const char* export_peers =
    "SELECT l.network, l.public_key, l.name,"
    " coalesce(nullif(pg_catalog.array_to_string(l.allowed_ips, ' '), ''), 'none') AS allowed_ips,"
    " l.preshared_key, l.keepalive_seconds, l.enabled::pg_catalog.text AS enabled,"
    " pg_catalog.to_char(l.not_before AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS "
    "not_before,"
    " pg_catalog.to_char(l.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS "
    "expires_at,"
    " nullif(l.labels, '{}') AS labels, l.comment, pg_catalog.array_to_string(ARRAY("
    "SELECT a.prefix FROM wg_provision.allowed_ips a WHERE a.peer_id = l.id AND a.outside_ranges"
    " ORDER BY a.prefix), ' ') AS outside_ranges,"
    " pg_catalog.array_to_string(l.allowed_sources, ' ') AS allowed_sources,"
    " l.roaming::pg_catalog.text AS roaming,"
    " l.several_gateways::pg_catalog.text AS several_gateways,"
    " l.evict_last::pg_catalog.text AS evict_last"
    " FROM wg_provision.peer_list l"
    " WHERE ($1::pg_catalog.text IS NULL OR l.network = $1) ORDER BY l.network, l.name, l.id";

// Devices that nobody has added. $1: network; NULL for any.
inline constexpr const char* list_pending =
    "SELECT k.network, k.public_key, pg_catalog.host(k.address) AS address, k.port, k.gateway, "
    "k.times_seen,"
    " pg_catalog.to_char(k.first_seen AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS "
    "first_seen,"
    " pg_catalog.to_char(k.last_seen AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS "
    "last_seen"
    " FROM wg_provision.pending_keys k WHERE ($1::pg_catalog.text IS NULL OR k.network = $1)"
    " ORDER BY k.last_seen DESC, k.public_key";
inline constexpr const char* approve_key =
    "SELECT wg_provision.approve_key(public_key => $1, network => $2, name => $3,"
    " allowed_ips => pg_catalog.regexp_split_to_array($4::pg_catalog.text, "
    "'\\s*,\\s*')::pg_catalog.cidr[],"
    " expires_at => $5::pg_catalog.timestamptz)";
inline constexpr const char* expect_key =
    "SELECT wg_provision.expect_key(network => $1, public_key => $2, name => $3)";
inline constexpr const char* network_that_expects =
    "SELECT n.name FROM wg_provision.expected_keys e"
    " JOIN wg_provision.networks n ON n.id = e.network_id WHERE e.public_key = "
    "pg_catalog.decode($1, "
    "'base64')";

// $1: a key that was rotated out. The one that its peer has now, during the overlap.
inline constexpr const char* key_after_rotation =
    "SELECT pg_catalog.encode(p.public_key, 'base64') FROM wg_provision.retiring_keys r"
    " JOIN wg_provision.peers p ON p.id = r.peer_id"
    " WHERE r.public_key = pg_catalog.decode($1, 'base64') AND r.ends_at > pg_catalog.now()";

// What the daemon would hear.
inline constexpr const char* judge_key =
    "SELECT verdict FROM wg_provision.find_peers(ARRAY[$1::pg_catalog.text], "
    "ARRAY[pg_catalog.decode($2, 'base64')])";
inline constexpr const char* find_session =
    "SELECT gateway, interface, pg_catalog.to_char(claimed_at AT TIME ZONE 'UTC', "
    "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
    " FROM wg_provision.sessions WHERE public_key = pg_catalog.decode($1, 'base64') AND gateway IS "
    "NOT NULL";
// What the database itself says of a key is older than what it says now. $1: network, $2: key.
inline constexpr const char* find_refusal =
    "SELECT r.reason, r.gateway, pg_catalog.host(r.address), r.port, "
    "pg_catalog.to_char(r.last_seen AT TIME ZONE 'UTC', "
    "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM wg_provision.recent_refusals r"
    " WHERE r.network = $1 AND r.public_key = $2 AND r.reason NOT IN ('unknown_key', 'revoked', "
    "'disabled', 'not_yet_valid', 'expired', 'other_network') AND NOT EXISTS (SELECT FROM "
    "wg_provision.sessions s WHERE s.public_key = pg_catalog.decode($2, 'base64')"
    " AND s.claimed_at >= r.last_seen)";
inline constexpr const char* has_tombstones =
    "SELECT pg_catalog.to_regclass('wg_provision.tombstones') IS NOT NULL";
inline constexpr const char* find_tombstone = "SELECT reason, pg_catalog.to_char(revoked_at AT "
                                              "TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
                                              " AS revoked_at FROM wg_provision.tombstones WHERE "
                                              "public_key = pg_catalog.decode($1, 'base64')";

} // namespace provisiond::registry::sql
