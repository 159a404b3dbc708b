#!/usr/bin/env bash
# The kernel has the module, but the gateway's interface is wireguard-go's: the module never sees its
# packets, so the daemon does not leave it to the probe.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1 (wireguard-go)  GW
source "$(dirname "$0")/../lib.sh"
EVENT_SOURCE=auto

database_start
WG_BACKEND=userspace standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/config.yaml" "$WGS" demo </dev/null
daemon_start "$GW" "$WORK/config.yaml"
check "capture reports first packets" wait_for 3 reported_by capture
client_start
check "a client connects" pings "$CL" 10.80.0.1 8
check "one peer connected" wait_for 3 metric_is peers_connected_total 1
check "every sighting is accounted for" wait_for 3 all_accounted_for
