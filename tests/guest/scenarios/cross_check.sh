#!/usr/bin/env bash
# Two sources beside each other: the kernel's serves, capture is held against it. Each initiation makes
# one tunnel, and they agree on all of them: first contacts, a stranger, a key dropped in the kernel,
# an installed peer's new handshake.
#
#   CL   wgc 10.80.0.2 --- up0 192.0.2.2 ==== 192.0.2.1 up0 ------,
#   CL2  wgd 10.80.0.3 --- up0 198.51.100.2 ==== 198.51.100.1 up1 -- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
second_client
peer_add "$CLIENT_KEY" 10.80.0.2/32
peer_add "$CLIENT2_KEY" 10.80.0.3/32
write_config "$WORK/config.yaml" "$WGS" demo </dev/null
sed -i 's/event-source: [a-z]*/&, cross-check: true/' "$WORK/config.yaml"
daemon_start "$GW" "$WORK/config.yaml"
agreed() { metric 'cross_checks_total{result="agreed"}'; }
agreed_at_least() { (($(agreed) >= $1)); }

client_start
check "a client connects" pings "$CL" 10.80.0.1 8
check "its initiation was agreed on" wait_for 3 agreed_at_least 1
dial "$CL2" "$WGC2" 198.51.100.1:51820
check "another one connects" pings "$CL2" 10.80.0.1 8
check "so was that" wait_for 3 agreed_at_least 2
check "each was greeted once" wait_for 2 metric_is peers_connected_total 2
check "installed once" metric_is peers_installed_total 2
(umask 077; wg genkey >"$WORK/stranger.key")
knock "$CL" key --private-key-file "$WORK/stranger.key"
check "a stranger was agreed on" wait_for 3 agreed_at_least 3
knock "$CL" key --private-key-file "$WORK/stranger.key"
if [[ $EVENT_SOURCE == probe ]]; then
  check "it is refused in the kernel then" wait_for 3 dropped_times refused_in_kernel 1
else
  check "it is agreed on once more" wait_for 3 agreed_at_least 4
fi

redial "$CL" "$WGC" 192.0.2.1:51820
check "an installed peer's new handshake" pings "$CL" 10.80.0.1 8
sleep "$((2 * PATIENCE))" # the window is a second
metrics | grep -F cross_checks
for result in differed only_capture only_probe only_netlink; do
  check "$result: none" metric_is "cross_checks_total{result=\"$result\"}" 0
done
check "every sighting is accounted for" wait_for 3 all_accounted_for
