#!/usr/bin/env bash
# The gateway's first packet to a client is lost: the answer to the client's own initiation, which capture hands to the
# device. The client's next try, five seconds later, makes up for it, as between any two that know each other; meanwhile the
# peer stays, once.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ==== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
#                                        drops what it sends, for a while
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/config.yaml" "$WGS" demo </dev/null
daemon_start "$GW" "$WORK/config.yaml"

run ip netns exec "$GW" nft "add table inet loss
  add chain inet loss out { type filter hook output priority 0; }
  add rule inet loss out udp sport 51820 drop"
client_start 192.0.2.1:51820 persistent-keepalive 25
check "the client is greeted" wait_for 2 metric_at_least 'greetings_total{strategy="resubmit"}' 1
run ip netns exec "$GW" nft delete table inet loss
check "the next try gets in" pings "$CL" 10.80.0.1 8
check "as the one peer of the device" peers_are "$GW" "$WGS" 1
check "that was installed once" metric_is peers_installed_total 1
