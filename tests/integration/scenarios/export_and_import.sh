#!/usr/bin/env bash
# What is exported and imported again is what it was: no peer may do more than before. Every column that an administrator
# can set is set here; a column that is added to the tables fails this until manifests have it.
source "$(dirname "$0")/../lib.sh"

ctl() { "$BUILD_DIR/service/wg-provisionctl" "$@" --dsn "$(postgres_dsn dbname=fleet)"; }
# What a table has beside the columns that it keeps by itself.
columns_of() {
  sql "SELECT string_agg(column_name, ' ' ORDER BY column_name) FROM information_schema.columns
    WHERE table_schema = 'wg_provision' AND table_name = '$1'
    AND column_name <> ALL ('{id,peer_id,network_id,created_at,updated_at}')" 2>/dev/null
}
# All that there is of all peers, without what is given anew.
everything() {
  sql "SELECT to_jsonb(p) - '{id,created_at,updated_at}'::text[], (
      SELECT jsonb_agg(to_jsonb(a) - 'peer_id' ORDER BY a.prefix) FROM wg_provision.allowed_ips a WHERE a.peer_id = p.id)
    FROM wg_provision.peers p ORDER BY p.public_key" 2>/dev/null
}
refused_are() { sql "SELECT string_agg(reason, ', ') FROM wg_provision.import_report" 2>/dev/null | grep -E "$1" >/dev/null; }
clear_out() { sql "DELETE FROM wg_provision.peers; DELETE FROM wg_provision.tombstones" >/dev/null; }

database_start
check "this is what a peer has" test "$(columns_of peers)" = "allowed_sources comment enabled evict_last expires_at \
keepalive_seconds labels name not_before preshared_key public_key roaming several_gateways"
check "and what a prefix of it has" test "$(columns_of allowed_ips)" = "outside_ranges prefix"
sql "UPDATE wg_provision.networks SET ranges = '{10.80.0.0/16,fd80::/64}', keepalive_seconds = 11, roaming = true"
sql "SELECT wg_provision.add_pool('demo', '10.80.128.0/24')" >/dev/null

full=$(wg genkey | wg pubkey); plain=$(wg genkey | wg pubkey); bare=$(wg genkey | wg pubkey); other=$(wg genkey | wg pubkey)
peer_add "$full" 10.80.0.2/32,fd80::2/128
peer_set "$full" "allowed_sources = '{192.0.2.0/24,2001:db8::/32}', roaming = false, several_gateways = true,
  evict_last = true, enabled = false, not_before = '2030-01-02 03:04:05.678901+00', expires_at = '2040-01-01',
  keepalive_seconds = 25, name = 'a, \"b\"', comment = E'two\nlines', labels = '{\"site\": \"s, \\\"t\\\"\"}'"
sql "INSERT INTO wg_provision.allowed_ips SELECT id, network_id, '198.51.100.0/24', true FROM wg_provision.peers"
peer_add "$plain" 10.80.0.3/32
peer_add "$bare" ''
peer_add "$other" 10.80.0.4/32
peer_set "$other" "allowed_sources = '{0.0.0.0/0,::/0}', roaming = true, several_gateways = false, keepalive_seconds = 0"
before=$(everything)

ctl peer export >"$WORK/peers.csv"
clear_out
check "all are imported" ctl peer import "$WORK/peers.csv"
check "and are what they were" test "$(everything)" = "$before"
ctl peer export >"$WORK/again.csv"
check "the same file comes out" cmp "$WORK/peers.csv" "$WORK/again.csv"

say "a preshared key is in no manifest, and nobody gets in without it by that"
sql "UPDATE wg_provision.peers SET preshared_key = sha256('psk') WHERE public_key = decode('$full', 'base64')"
ctl peer export >"$WORK/peers.csv"
clear_out
refute "its line is refused" ctl peer import "$WORK/peers.csv"
check "and the report says why" refused_are '^its preshared key is not in the manifest'
check "the others are there" test "$(sql "SELECT count(*) FROM wg_provision.peers" 2>/dev/null)" = 3

say "a file from before these columns has their defaults"
clear_out
printf 'network,public_key,name,allowed_ips,keepalive_seconds,enabled,not_before,expires_at,labels,comment\n' >"$WORK/old.csv"
printf 'demo,%s,old,10.80.0.9/32,5,true,,,,\n' "$plain" >>"$WORK/old.csv"
check "it is imported" ctl peer import "$WORK/old.csv"
check "as the network has it" test "$(sql "SELECT allowed_sources, roaming, several_gateways, evict_last
  FROM wg_provision.peer_list" 2>/dev/null)" = '|||f'

say "what cannot be"
printf 'network,public_key,allowed_ips,outside_ranges,roaming\n' >"$WORK/wrong.csv"
printf 'demo,%s,%s\n' "$full" '10.80.0.2/32,198.51.100.0/24,' "$bare" '198.51.100.0/24,,' "$other" '10.80.0.5/32,,maybe' \
  >>"$WORK/wrong.csv"
refute "is refused" ctl peer import "$WORK/wrong.csv"
check "each with its reason" refused_are \
  '^outside_ranges names a prefix .*, allowed IP 198.51.100.0/24 lies outside .*, roaming: invalid input syntax'
