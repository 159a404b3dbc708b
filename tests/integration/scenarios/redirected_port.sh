#!/usr/bin/env bash
# The interface is reached at more ports by a rule of the firewall, as operators do where networks let only some ports
# through. Capture sees a packet before that rule: an initiation to any port of this machine with a valid mac1 is for the
# interface whose key it was made with. What the machine only forwards is not, even with the same key.
#
#   CL  192.0.2.2 2001:db8::2 ==== 192.0.2.1 2001:db8::1  GW  198.51.100.1 ==== 198.51.100.2  FAR (the gateway's key too)
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
second_client
namespace FAR far
cable "$GW" far0 203.0.113.1/24 "$FAR" far0 203.0.113.2/24
run ip -n "$CL" route add 203.0.113.0/24 via 192.0.2.1
run ip -n "$FAR" route add 192.0.2.0/24 via 203.0.113.1
in_ns "$GW" sysctl -qw net.ipv4.ip_forward=1
in_ns "$GW" nft -f - <<'NFT'
table inet nat {
  chain pre {
    type nat hook prerouting priority dstnat;
    iifname "up0" fib daddr type local udp dport { 53, 443 } redirect to :51820
  }
}
NFT
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/config.yaml" "$WGS" demo </dev/null
daemon_start "$GW" "$WORK/config.yaml"

client_start 203.0.113.2:51820 persistent-keepalive 5
check "what is forwarded is counted as that" \
  wait_for 8 metric_at_least 'sighting_drops_total{reason="forwarded"}' 1
check "and brings no peer" peers_are "$GW" "$WGS" 0
redial "$CL" "$WGC" 203.0.113.2:443 persistent-keepalive 5
wait_for 8 metric_at_least 'sighting_drops_total{reason="forwarded"}' 2
check "to another port neither" peers_are "$GW" "$WGS" 0
redial "$CL" "$WGC" 192.0.2.1:443
check "a client gets in at a redirected port" pings "$CL" 10.80.0.1 8
check "its sighting is counted" metric_at_least 'sightings_total{source="capture"}' 1
sql "SELECT wg_provision.revoke_peer('$CLIENT_KEY', 'a test')" >/dev/null
check "revoked, it is cut" wait_for 3 peers_are "$GW" "$WGS" 0
peer_add "$CLIENT2_KEY" 10.80.0.3/32
dial "$CL2" "$WGC2" 198.51.100.1:51820
check "the interface's own port is served as ever" pings "$CL2" 10.80.0.1 8
