#!/usr/bin/env bash
# A device that nobody has added proves its key and is refused; it is then among the pending keys, and
# gets in by itself once somebody has approved it. A claim that is not proven is not recorded.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

is_pending() {
  [[ $(sql "SELECT network, host(address), reason FROM wg_provision.recent_refusals
            WHERE public_key = '$1'" 2>/dev/null) == "demo|192.0.2.2|$2" ]]
}
pending_count_is() { (($(sql "SELECT count(*) FROM wg_provision.pending_keys" 2>/dev/null) == $1)); }

database_start
standard_topology
sql "SELECT wg_provision.add_pool('demo', '10.80.0.0/16')" >/dev/null
write_config "$WORK/config.yaml" "$WGS" demo <<<'gateway: gw1'
daemon_start "$GW" "$WORK/config.yaml"

client_start
refute "an unknown key gets no reply" pings "$CL" 10.80.0.1 1
if told_by_kernel && ! reported_by probe; then
  say "nothing is proven here"
else
  knock "$CL" forged --claim "$(wg genkey | wg pubkey)"
  check "it is pending" wait_for 5 is_pending "$CLIENT_KEY" unknown_key
  check "alone" pending_count_is 1
  check "by this gateway" test "gw1" = "$(sql "SELECT gateway FROM wg_provision.pending_keys")"
fi
check "approved, it gets the next address" test 10.80.0.2/32 = "$(
  sql "SELECT wg_provision.approve_key('$CLIENT_KEY', name => 'sensor 8')" >/dev/null
  sql "SELECT array_to_string(allowed_ips, ' ') FROM wg_provision.peer_list WHERE name = 'sensor 8'")"
check "and in by itself" pings "$CL" 10.80.0.1 10
check "nobody is pending" pending_count_is 0
peer_set "$CLIENT_KEY" "enabled = false"
check "a device that is disabled leaves" wait_for 5 peers_are "$GW" "$WGS" 0
redial "$CL" "$WGC" 192.0.2.1:51820
refute "and gets no reply" pings "$CL" 10.80.0.1 2
check "it is among the recent refusals" wait_for 5 is_pending "$CLIENT_KEY" disabled
check "but not pending" pending_count_is 0
