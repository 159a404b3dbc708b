#!/usr/bin/env bash
# Whoever knows the gateway's public key can send initiations from a device's own address. What they cost must not keep
# the device out: its address is asked for proof, which only the device can give, and with proof it has a budget of its
# own. So it connects at its next try, while the packets go on.
#
#   CL   wgc 10.80.0.2 --- up0 192.0.2.2 ==== 192.0.2.1 up0 ------,
#   CL2  knock ------- up0 198.51.100.2 ==== 198.51.100.1 up1 ----- wgs 10.80.0.1  GW
#          as 192.0.2.2, then as 192.0.2.0/24
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
namespace CL2 spoofer
cable "$GW" up1 198.51.100.1/24 "$CL2" up0 198.51.100.2/24
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/config.yaml" "$WGS" demo </dev/null
daemon_start "$GW" "$WORK/config.yaml"
run "$BUILD_DIR/tests/knock" random --responder "$GATEWAY_KEY" --count 2000 --save "$WORK/keys"

# spoof RATE SECONDS PREFIX SPREAD
spoof() {
  background "$WORK/spoofer.log" ip netns exec "$CL2" "$BUILD_DIR/tests/knock" key --load "$WORK/keys" \
    --count "$(($1 * $2))" --rate "$1" --to 198.51.100.1:51820 --source-prefix "$3" --source-spread "$4"
  spoofer=${PIDS[-1]}
}
# A client tries every 5 s; the second one carries the cookie.
two_tries() { PATIENCE=1 pings "$CL" 10.80.0.1 13; }

spoof 50 60 192.0.2.2/32 1
check "the address is used up" wait_for 5 metric_at_least 'refusals_total{reason="source_budget"}' 20
client_start
check "the device connects all the same, at its second try at the latest" two_tries
check "while the packets go on" kill -0 "$spoofer"
check "it was asked for proof" metric_at_least cookie_replies_sent_total 20
end_process "$spoofer" || true

say "the whole network of the device"
run ip netns exec "$CL" wg set "$WGC" peer "$GATEWAY_KEY" remove
sql "SELECT wg_provision.revoke_peer('$CLIENT_KEY', 'a test'); SELECT wg_provision.pardon_key('$CLIENT_KEY')" >/dev/null
check "the peer is gone" wait_for 3 peers_are "$GW" "$WGS" 0
peer_add "$CLIENT_KEY" 10.80.0.2/32
spoof $((1500 / PATIENCE)) 60 192.0.2.0/24 250
check "the network is used up" wait_for 8 metric_at_least 'refusals_total{reason="prefix_budget"}' 20
dial "$CL" "$WGC" 192.0.2.1:51820
check "the device connects all the same" two_tries
check "while the packets go on" kill -0 "$spoofer"
end_process "$spoofer" || true
check "every sighting is accounted for" wait_for 10 all_accounted_for
