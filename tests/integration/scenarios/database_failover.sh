#!/usr/bin/env bash
# alone
# The primary dies, its standby serves look-ups until it is promoted, and the old primary comes back as
# standby: nobody restarts either gateway, what is revoked meanwhile leaves both, and the tunnel that is
# up loses nothing.
#
#   CL   wgc 10.80.0.2 --- up0 192.0.2.2 ==== 192.0.2.1 up0 ------- wgs 10.80.0.1  GW   "a"
#   CL2  wgd 10.80.0.3 --- up0 198.51.100.2 ==== 198.51.100.1 up1 - wgt 10.80.0.1  GW2  "b"
#                                   a, b -> PostgreSQL, primary --> PostgreSQL, standby
source "$(dirname "$0")/../lib.sh"

# gateway_start NS NAME: the daemon of that name.
gateway_start() { daemon_start "$1" "$WORK/$2.yaml"; }
# both METRIC VALUE, both_logged PATTERN [KEY], two_more PATTERN BEFORE: of the two gateways.
both() { DAEMON_NS=$GW metric_is "$@" && DAEMON_NS=$GW2 metric_is "$@"; }
both_logged() { (($(logged "$@") >= 2)); }
two_more() { (($(logged "$1") >= $2 + 2)); }

database_start
standard_topology
namespace GW2 gw2
GW=$GW2 second_client
WGS2=wt$TAG
wg_interface "$GW2" "$WGS2" "$WORK/gateway.key" 51820 10.80.0.1/16
peer_add "$CLIENT_KEY" 10.80.0.2/32
peer_add "$CLIENT2_KEY" 10.80.0.3/32
late_key=$(key_pair late)

old=$postgres_dir
new=$WORK/standby
at_end postgres_end "$new"
run postgres_standby "$new"

DAEMON_DSN="host=$new,$old port=5432 user=daemon_login dbname=fleet"
write_config "$WORK/a.yaml" "$WGS" demo <<<$'  poll-interval: 500ms\ngateway: a'
write_config "$WORK/b.yaml" "$WGS2" demo <<<$'  poll-interval: 500ms\ngateway: b'
sed -i "s,$WORK/control.sock,$WORK/b.sock," "$WORK/b.yaml"
gateway_start "$GW" a
gateway_start "$GW2" b
check "both listen at the primary, although the standby is named first" \
  wait_for 3 both_logged "listening for changes to=.*$old"
refute "no session is with the standby" has_logged 'session connected .*a standby'

client_start
check "before: a client connects" pings "$CL" 10.80.0.1 8
background "$WORK/ping.log" ip netns exec "$CL" ping -i 0.1 10.80.0.1
live=${PIDS[-1]}

run postgres_kill
check "killed: a session goes to the standby" wait_for 5 has_logged 'session connected .*a standby'
check "and all others" wait_for 5 both database_sessions 2
check "so do the changes, by polling" wait_for 5 both_logged 'polling for changes.*standby'
dial "$CL2" "$WGC2" 198.51.100.1:51820
check "a new client gets in while there is no primary" pings "$CL2" 10.80.0.1 8

run postgres_promote "$new"
postgres_dir=$new
peer_set "$CLIENT2_KEY" 'enabled = false'
check "promoted: who is disabled before anybody has found it is cut" wait_for 1 peers_are "$GW2" "$WGS2" 0
check "it is found within ten seconds" wait_for 15 both_logged "listening for changes to=.*$new"
peer_add "$late_key" 10.80.0.4/32
sql "UPDATE wg_provision.peers SET several_gateways = true WHERE public_key = decode('$late_key', 'base64')"
knock "$CL" key --private-key-file "$WORK/late.key"
KNOCK_AT=198.51.100.1:51820 knock "$CL2" key --private-key-file "$WORK/late.key"
check "a key that was added after it is let in by both" wait_for 3 both_logged ' installed ' "$late_key"
sql "SELECT wg_provision.revoke_peer('$late_key', 'a test')"
check "and, revoked there, cut by both" wait_for 1 both_logged ' removed .*reason=revoked' "$late_key"
check "which leaves one" peers_are "$GW" "$WGS" 1

# Back as a standby, of a fresh base backup.
run rm -rf "$old/data"
at_end postgres_end "$old"
run postgres_standby "$old"
listened=$(logged 'listening for changes')
sleep 2
check "rejoined: sessions stay with the primary" test "$(logged 'listening for changes')" = "$listened"
check "all of them" both database_sessions 2

# The other way round: the old one becomes primary again.
stood_in=$(logged 'session connected .*a standby')
run postgres_kill
check "killed again: look-ups go on at the other one" \
  wait_for 5 two_more 'session connected .*a standby' "$stood_in"
run postgres_promote "$old"
postgres_dir=$old
check "which is found when it is promoted" wait_for 15 two_more 'listening for changes' "$listened"
sessions_of_daemon() {
  (($(sql "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wg-provisiond'") >= $1))
}
check "all sessions are with it" wait_for 5 sessions_of_daemon 6

kill -INT "$live"
wait "$live" || true
check "the tunnel that was up lost no packet" grep -q ' 0% packet loss' "$WORK/ping.log"
