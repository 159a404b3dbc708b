#!/usr/bin/env bash
# A key that the database does not know costs one sighting and one look-up, however often it knocks:
# the kernel drops the rest, and nobody wakes up. A key that is added gets in at once; for any other the
# database is asked again when the refusal has expired.
#
#   CL  knock, then wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
EVENT_SOURCE=probe
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
key_pair refused >/dev/null
other_key=$(key_pair other)
run "$BUILD_DIR/tests/knock" key --private-key-file "$WORK/refused.key" --responder "$GATEWAY_KEY" \
  --save "$WORK/initiation"

observe busy "$GW" "$WGS" probe --refuse "$(wg pubkey <"$WORK/refused.key")"
knock "$CL" key --load "$WORK/initiation" --count 400 --rate 200
sleep "$PATIENCE"
observe_end busy
check "a flood of one refused key wakes nobody up" test "$(statistic busy wake_ups)" = 0
check "each of it was dropped and counted" test "$(statistic busy refused_in_kernel)" = 400

ttl=$((8 * PATIENCE))
write_config "$WORK/config.yaml" "$WGS" demo <<<"admission: {refused-key-ttl: ${ttl}s}"
daemon_start "$GW" "$WORK/config.yaml"
knock "$CL" key --private-key-file "$WORK/client.key"
check "an unknown key is refused" wait_for 3 is_refused unknown_key "$CLIENT_KEY"
refused_at=$SECONDS
for _ in 1 2 3; do knock "$CL" key --private-key-file "$WORK/client.key" --count 10; done
check "then the kernel refuses it, each time" wait_for 3 dropped_times refused_in_kernel 30
metrics | grep -F sighting_drops
say "$((SECONDS - refused_at)) s of $ttl s"
check "one sighting" sightings_are 1
check "one look-up" metric_is lookup_keys_total 1
knock "$CL" key --private-key-file "$WORK/other.key"
check "another key is heard meanwhile" wait_for 3 is_refused unknown_key "$other_key"
other_refused_at=$SECONDS

peer_add "$CLIENT_KEY" 10.80.0.2/32
client_start
check "added, the key gets in although it was refused" pings "$CL" 10.80.0.1 15
check "before its refusal has expired" test "$((SECONDS - refused_at))" -lt "$ttl"
check "one peer connected" wait_for 3 metric_is peers_connected_total 1

dropped=$(metric 'sighting_drops_total{reason="refused_in_kernel"}')
knock "$CL" key --private-key-file "$WORK/other.key"
check "the other key is still refused by the kernel" wait_for 3 dropped_times refused_in_kernel "$((dropped + 1))"
check "and has cost one look-up" refused_times unknown_key 2
sleep "$((other_refused_at + ttl + PATIENCE - SECONDS))"
knock "$CL" key --private-key-file "$WORK/other.key"
check "when its refusal has expired, the database is asked again" wait_for 3 refused_times unknown_key 3
check "every sighting is accounted for" wait_for 3 all_accounted_for
