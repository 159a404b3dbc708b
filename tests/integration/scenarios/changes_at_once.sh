#!/usr/bin/env bash
# What an administrator does in SQL reaches the gateway at once: a refused key that is added gets in at
# its next packet although its refusal is remembered, a changed row changes the peer, and a revoked or
# disabled peer is cut, also one that is being looked up or greeted. After an outage of the database
# nothing has been missed.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
write_config "$WORK/config.yaml" "$WGS" demo <<<"  reconnect-maximum: 500ms
  query-deadline: $((3 * PATIENCE))s
admission: {refused-key-ttl: 1h}"
daemon_start "$GW" "$WORK/config.yaml"
check "the daemon listens" wait_for 5 metric_is change_feed_up 1

# has_allowed_ip PREFIX, gone_within_ms MILLISECONDS: of the only peer.
has_allowed_ip() { in_ns "$GW" wg show "$WGS" allowed-ips | grep -F "$1" >/dev/null; }
gone_within_ms() {
  local began=${EPOCHREALTIME/./} took
  until peers_are "$GW" "$WGS" 0; do
    took=$(((${EPOCHREALTIME/./} - began) / 1000))
    ((took < 5000 * PATIENCE)) || return 1
  done
  took=$(((${EPOCHREALTIME/./} - began) / 1000))
  say "gone after $took ms"
  ((took <= $1 * PATIENCE))
}

# Its look-up waits for the lock, and then sees the row as it was before.
racing_key=$(key_pair racing)
peer_add "$racing_key" 10.80.0.8/32
somebody_waits() { [[ $(sql "SELECT count(*) FROM pg_locks WHERE NOT granted") != 0 ]]; }
run mkfifo "$WORK/statements"
background "$WORK/lock.log" psql "$(postgres_dsn dbname=fleet)" -Xqf "$WORK/statements"
lock=${PIDS[-1]}
exec {statements}>"$WORK/statements"
printf '%s;\n' >&"$statements" BEGIN "LOCK TABLE wg_provision.peers IN ACCESS EXCLUSIVE MODE" \
  "UPDATE wg_provision.peers SET enabled = false WHERE public_key = decode('$racing_key', 'base64')" \
  "SELECT 'held'"
check "a row is being disabled" wait_for 3 grep -q held "$WORK/lock.log"
knock "$CL" key --private-key-file "$WORK/racing.key"
check "while its key is looked up" wait_for 3 somebody_waits
printf 'COMMIT;\n' >&"$statements"
exec {statements}>&-
wait "$lock"
# The device may still be working on it when the row is read again.
check "its key is let in by the row as it was" wait_for 3 has_logged ' (installed|refused reason=revoked) ' "$racing_key"
check "and cut when the row has changed" gone_within_ms 300
check "as disabled" has_logged ' removed .*reason=disabled' "$racing_key"
sql "SELECT wg_provision.revoke_peer('$racing_key')" >/dev/null

# The crafted packet of somebody who will never answer: it stays in its greeting.
greeted_key=$(key_pair greeted)
peer_add "$greeted_key" 10.80.0.9/32
knock "$CL" key --private-key-file "$WORK/greeted.key"
check "another is being greeted" wait_for 3 has_logged ' installed ' "$greeted_key"
peer_set "$greeted_key" 'keepalive_seconds = 25'
sql "UPDATE wg_provision.allowed_ips SET prefix = '10.80.0.10/32' WHERE prefix = '10.80.0.9/32'"
check "it gets the addresses of its row" wait_for 2 has_allowed_ip 10.80.0.10/32
sql "SELECT wg_provision.revoke_peer('$greeted_key')" >/dev/null
check "revoked, it is cut" gone_within_ms 300
check "as revoked" has_logged ' removed .*reason=revoked' "$greeted_key"

client_start
refute "an unknown key gets no reply" pings "$CL" 10.80.0.1 1
check "it is refused as unknown_key" is_refused unknown_key "$CLIENT_KEY"
peer_add "$CLIENT_KEY" 10.80.0.2/32
check "added, it gets in at its next try" pings "$CL" 10.80.0.1 13
check "one peer connected" wait_for 3 metric_is peers_connected_total 1

sql "INSERT INTO wg_provision.allowed_ips SELECT id, network_id, '10.99.0.0/24' FROM wg_provision.peers"
check "the device gets another prefix" wait_for 2 has_allowed_ip 10.99.0.0/24
check "and keeps the tunnel" pings "$CL" 10.80.0.1 1
sql "DELETE FROM wg_provision.allowed_ips WHERE prefix = '10.99.0.0/24'"
check "and loses it again" wait_for 2 eval '! has_allowed_ip 10.99.0.0/24'

peer_set "$CLIENT_KEY" 'enabled = false'
check "a disabled peer is cut" gone_within_ms 300
peer_set "$CLIENT_KEY" 'enabled = true'
# Its device believes in the session for 15 s (KEEPALIVE_TIMEOUT + REKEY_TIMEOUT).
check "enabled, it comes back" pings "$CL" 10.80.0.1 25
sql "SELECT wg_provision.revoke_peer('$CLIENT_KEY', 'a test')"
check "a revoked peer is cut" gone_within_ms 300
refute "and gets no reply" pings "$CL" 10.80.0.1 2
check "it is refused as revoked" wait_for 20 is_refused revoked "$CLIENT_KEY"
refute "it cannot be added again" peer_add "$CLIENT_KEY" 10.80.0.2/32
sql "SELECT wg_provision.pardon_key('$CLIENT_KEY')"
peer_add "$CLIENT_KEY" 10.80.0.2/32
check "pardoned, it can" pings "$CL" 10.80.0.1 12

# A peer that somebody set by hand is theirs, whatever else changes.
in_ns "$GW" wg set "$WGS" peer "$(wg genkey | wg pubkey)" allowed-ips 10.77.0.1/32
check "two peers" peers_are "$GW" "$WGS" 2
resyncs=$(metric resyncs_total)

say "the database goes, and changes its mind when it is back"
run postgres_stop
check "the feed is down" wait_for 5 metric_is change_feed_up 0
check "the tunnel is up" pings "$CL" 10.80.0.1 1
run postgres_launch
sql "SELECT wg_provision.revoke_peer('$CLIENT_KEY')"
check "the revoked peer is cut when the daemon is back" wait_for 5 peers_are "$GW" "$WGS" 1
check "by asking for all of them" metric_at_least resyncs_total "$((resyncs + 1))"
check "the other one stays" has_allowed_ip 10.77.0.1/32

check "every sighting is accounted for" wait_for 3 all_accounted_for
