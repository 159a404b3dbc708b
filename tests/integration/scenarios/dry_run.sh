#!/usr/bin/env bash
# The service is tried on a gateway in use, whose peers were set by hand: with `dry-run: true` it says of every device what
# it would do, and does none of it. The tunnel that is up loses no packet, the device stays as it is, and so does the database.
# Without it, the same daemon installs the same device.
#
#   CL   wgc 10.80.0.2 --- up0 192.0.2.2 ====== 192.0.2.1 up0 ------.   a peer set by hand, with a row
#   CL2  wgd 10.80.0.3 --- up0 198.51.100.2 === 198.51.100.1 up1 --- wgs 10.80.0.1  GW   registered, not on the device
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
second_client
peer_add "$CLIENT_KEY" 10.80.0.2/32
peer_add "$CLIENT2_KEY" 10.80.0.3/32
REVOKED_KEY=$(key_pair revoked)
peer_add "$REVOKED_KEY" 10.80.0.4/32
sql "SELECT wg_provision.revoke_peer('$REVOKED_KEY')" >/dev/null
MOVED_KEY=$(key_pair moved)
peer_add "$MOVED_KEY" 10.80.0.5/32
run in_net "$GW" wg set "$WGS" peer "$CLIENT_KEY" allowed-ips 10.80.0.2/32
run in_net "$GW" wg set "$WGS" peer "$REVOKED_KEY" allowed-ips 10.80.0.4/32
run in_net "$GW" wg set "$WGS" peer "$MOVED_KEY" allowed-ips 10.80.0.99/32
client_start
check "the tunnel set by hand is up" pings "$CL" 10.80.0.1 8

write_config "$WORK/config.yaml" "$WGS" demo <<<"  poll-interval: 500ms
watch: {interval: 500ms}"
sed -i 's/network: demo,/network: demo, dry-run: true, exclusive: true, routes: true,/' "$WORK/config.yaml"

# What a device has, apart from what its traffic changes.
device() { in_net "$GW" wg show "$WGS" dump | awk 'NR > 1 { print $1, $2, $4, $8 }' | sort; }
routes() { ip -n "$GW" route show table all; }
database() {
  setpriv --reuid=postgres --regid=postgres --init-groups "$(postgres_program pg_dump)" \
    -d "$(postgres_dsn dbname=fleet)" --data-only --inserts | grep -vE '^(--|SET|SELECT pg_catalog.(set_config|setval)|\\(un)?restrict)' | sort
}
device >"$WORK/device.before"
routes >"$WORK/routes.before"
database >"$WORK/database.before"
check "there is something to compare" grep -q INSERT "$WORK/database.before"
background "$WORK/ping.log" ip netns exec "$CL" ping -i 0.05 -c "$((200 * PATIENCE))" 10.80.0.1
ping_pid=${PIDS[-1]}
daemon_start "$GW" "$WORK/config.yaml"
check "the log says that it is a dry run" has_logged " dry_run, nothing is done on the interface interface=$WGS"
check "so does the status" control_says "^$WGS .* yes$" status

dial "$CL2" "$WGC2" 198.51.100.1:51820
refute "a registered device gets no tunnel" pings "$CL2" 10.80.0.1 6
check "of it the log says that it would be installed" \
  wait_for 8 has_logged ' dry_run, would be installed ' "$CLIENT2_KEY"
check "and counts it" metric_at_least dry_run_installs_total 1
stranger=$(key_pair stranger)
knock "$CL" key --private-key-file "$WORK/stranger.key"
check "of a stranger, that it would be refused" wait_for 5 has_logged ' dry_run, would be refused reason=unknown_key ' "$stranger"
check "and counts it" metric_at_least 'dry_run_refusals_total{reason="unknown_key"}' 1
check "of a revoked peer, that it would be removed" has_logged ' dry_run, would be removed .* reason=revoked' "$REVOKED_KEY"
check "of one with other addresses, that it would be changed" has_logged ' dry_run, would be changed to fit its row ' "$MOVED_KEY"
check "explain says what was said" control_says '^said last +would be installed' explain "$CLIENT2_KEY" --live
check "and that it is a dry run" control_says "^$WGS \(dry run\): a handshake now is" explain "$CLIENT2_KEY" --live
wait "$ping_pid" || true
check "the tunnel has lost nothing" grep -q ' 0% packet loss' "$WORK/ping.log"
check "nothing is refused, installed or removed" test \
  "$(metrics | awk '/^wg_provisiond_(refusals_total|peers_installed_total|peers_removed_total|evictions_total|greetings_total|cookie_replies)/ { n += $2 } END { print n + 0 }')" = 0
check "the device is as it was" diff "$WORK/device.before" <(device)
check "so are the routes" diff "$WORK/routes.before" <(routes)
daemon_stop
check "so is the database" diff "$WORK/database.before" <(database)

say "for real"
sed -i 's/dry-run: true, exclusive: true, routes: true,/dry-run: false,/' "$WORK/config.yaml"
daemon_start "$GW" "$WORK/config.yaml"
check "the device gets its tunnel" pings "$CL2" 10.80.0.1 12
check "the revoked one is taken off" wait_for 5 metric_at_least peers_removed_total 1
