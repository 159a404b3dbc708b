#!/usr/bin/env bash
# greetings: all
# First contact where everything is IPv6: the packet that knocks and the addresses in the tunnel.
#
#   CL  wgc fd80::2 --- up0 2001:db8::2 ======== 2001:db8::1 up0 --- wgs fd80::1  GW
#                                                                   wg-provisiond -> PostgreSQL
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32,fd80::2/128
write_config "$WORK/config.yaml" "$WGS" demo </dev/null
daemon_start "$GW" "$WORK/config.yaml"

client_start '[2001:db8::1]:51820'
check "the client pings over IPv6 within 3 s" pings "$CL" fd80::1 3
check "IPv4 works in the same tunnel" pings "$CL" 10.80.0.1 1
check "one peer connected" wait_for 3 metric_is peers_connected_total 1
check "the device knows the client's IPv6 endpoint" \
  grep -qF '[2001:db8::2]:' <(in_ns "$GW" wg show "$WGS" endpoints)
check "both addresses are allowed" grep -qE 'fd80::2/128' <(in_ns "$GW" wg show "$WGS" allowed-ips)
check "every sighting is accounted for" wait_for 3 all_accounted_for
