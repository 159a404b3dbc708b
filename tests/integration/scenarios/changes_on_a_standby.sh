#!/usr/bin/env bash
# A gateway that asks a streaming standby hears of no notification: it says so, polls, and cuts a
# revoked peer and lets an added one in all the same, also when the transaction was under way for long.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32

standby=$WORK/standby
at_end postgres_end "$standby"
run postgres_standby "$standby"

DAEMON_DSN="host=$standby port=5432 user=daemon_login dbname=fleet"
write_config "$WORK/config.yaml" "$WGS" demo <<<"  poll-interval: 500ms
admission: {refused-key-ttl: 1h}"
daemon_start "$GW" "$WORK/config.yaml"
check "it says that it polls" wait_for 3 grep -q 'polling for changes.*standby' "$WORK/daemon.log"
check "so does the metric" metric_is change_feed_up 0

client_start
check "the standby is enough to connect" pings "$CL" 10.80.0.1 8
background "$WORK/ping.log" ip netns exec "$CL" ping -q -i 0.5 10.80.0.1 # a device that keeps trying
sql "SELECT wg_provision.revoke_peer('$CLIENT_KEY')"
check "revoked on the primary, it is cut" wait_for 3 peers_are "$GW" "$WGS" 0
check "it is refused as revoked" wait_for 20 is_refused revoked "$CLIENT_KEY"
sql "SELECT wg_provision.pardon_key('$CLIENT_KEY')"
peer_add "$CLIENT_KEY" 10.80.0.2/32
check "added again, it gets in" pings "$CL" 10.80.0.1 20
check "no more was asked for than had changed" metric_is resyncs_total 1

# A standby's snapshot does not name what is under way; others commit before it does.
background "$WORK/slow.log" psql "$(postgres_dsn dbname=fleet)" -Xqc "BEGIN" \
  -c "SELECT wg_provision.revoke_peer('$CLIENT_KEY')" -c "SELECT pg_sleep(4)" -c "COMMIT"
sleep 1
for i in 1 2 3; do peer_add "$(wg genkey | wg pubkey)" "10.80.1.$i/32"; sleep 0.7; done
check "a revocation that others have overtaken cuts as well" wait_for 8 peers_are "$GW" "$WGS" 0
check "still, no more was asked for than had changed" metric_is resyncs_total 1
