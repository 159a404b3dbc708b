#!/usr/bin/env bash
# What a gateway refuses by itself, although the database lets it in, is told to the database: explain does not say that a
# gateway installs it. When the device gets in after all, that is over. Whoever replays what was recorded hides no device
# that waits to be approved.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

reason_is() { # KEY REASON
  [[ $(sql "SELECT reason FROM wg_provision.recent_refusals WHERE public_key = '$1'" 2>/dev/null) == "$2" ]]
}
explains() { # KEY PATTERN
  "$BUILD_DIR/service/wg-provisionctl" explain "$1" --dsn "$(postgres_dsn dbname=fleet)" | grep -E -- "$2" >/dev/null
}
is_pending() {
  [[ $(sql "SELECT count(*) FROM wg_provision.pending_keys WHERE public_key = '$1'" 2>/dev/null) == 1 ]]
}

database_start
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/config.yaml" "$WGS" demo <<<"  poll-interval: 1s
admission: {refused-key-ttl: 0s}
watch: {interval: 1s}"
daemon_start "$GW" "$WORK/config.yaml"
check "the daemon listens" wait_for 5 metric_is change_feed_up 1
check "nothing has been refused" explains "$CLIENT_KEY" 'a gateway of network demo installs it'

peer_set "$CLIENT_KEY" "allowed_sources = '{203.0.113.0/24}'"
client_start
refute "from elsewhere it does not get in" pings "$CL" 10.80.0.1 2
check "the database hears of it" wait_for 5 reason_is "$CLIENT_KEY" source_not_allowed
check "and it is explained" explains "$CLIENT_KEY" \
  '^found: the database lets it in, but gateway .* refused it as source_not_allowed, last at .*, from 192.0.2.2 port'

peer_set "$CLIENT_KEY" "allowed_sources = NULL"
sleep 2 # a budget for each key: one look-up in two seconds
redial "$CL" "$WGC" 192.0.2.1:51820
check "let in, it connects" pings "$CL" 10.80.0.1 12
check "and that is over" wait_for 5 explains "$CLIENT_KEY" '^found: a gateway of network demo installs it'
run ip netns exec "$CL" wg set "$WGC" peer "$GATEWAY_KEY" remove

say "another peer has its address already, by hand"
taken=$(key_pair taken)
peer_add "$taken" 10.80.0.7/32
run ip netns exec "$GW" wg set "$WGS" peer "$(wg genkey | wg pubkey)" allowed-ips 10.80.0.7/32
check "a pass has seen it" wait_for 5 metric_at_least foreign_peers 1
knock "$CL" key --private-key-file "$WORK/taken.key"
check "the conflict is told" wait_for 5 reason_is "$taken" allowed_ip_conflict

say "a device that is unknown waits to be approved, whoever replays its initiation"
stranger=$(key_pair stranger)
knock "$CL" key --private-key-file "$WORK/stranger.key" --save "$WORK/recorded"
check "it is pending" wait_for 5 is_pending "$stranger"
sleep 1.1 # copies are known as such for a second
knock "$CL" key --load "$WORK/recorded"
check "a copy is replayed" wait_for 3 is_refused replayed "$stranger"
sleep 1.5 # reports are written once a second
check "it is pending still" is_pending "$stranger"
check "nothing else is said of it" reason_is "$stranger" unknown_key
