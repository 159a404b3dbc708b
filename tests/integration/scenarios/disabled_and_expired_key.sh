#!/usr/bin/env bash
# Keys that the database knows and does not let in, each refused by its own name: disabled, expired,
# not yet valid, of another network.
#
#   CL  knock, four keys --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
sql "INSERT INTO wg_provision.networks (name) VALUES ('elsewhere')"
declare -A keys
declare -A networks=([other_network]=elsewhere)
declare -A rows=(
  [disabled]="enabled = false"
  [expired]="expires_at = now() - interval '1 second'"
  [not_yet_valid]="not_before = now() + interval '1 hour'"
  [other_network]="enabled = true"
)
host=10
for reason in "${!rows[@]}"; do
  keys[$reason]=$(key_pair "$reason")
  host=$((host + 1))
  peer_add "${keys[$reason]}" "10.80.0.$host/32" "${networks[$reason]:-demo}"
  peer_set "${keys[$reason]}" "${rows[$reason]}"
done
write_config "$WORK/config.yaml" "$WGS" demo <<<"admission: {refused-key-ttl: 500ms}"
daemon_start "$GW" "$WORK/config.yaml"

for reason in "${!rows[@]}"; do
  knock "$CL" key --private-key-file "$WORK/$reason.key"
  check "refused as $reason" wait_for 2 is_refused "$reason" "${keys[$reason]}"
done
for reason in "${!rows[@]}"; do check "$reason is counted once" refused_times "$reason" 1; done
check "nothing is on the device" peers_are "$GW" "$WGS" 0
check "every sighting is accounted for" wait_for 3 all_accounted_for

sleep 0.5
peer_set "${keys[expired]}" "expires_at = now() + interval '1 hour'"
knock "$CL" key --private-key-file "$WORK/expired.key"
check "prolonged, the expired key is let in" wait_for 2 has_logged ' installed ' "${keys[expired]}"
