#!/usr/bin/env bash
# Nobody has added the device: it has the gateway's key and endpoint and the network's enrolment key,
# computes its own address, and gets from its first packet to a ping. One that does not hold that key
# gets nothing, and one that is expected needs none.
#
#   CL  wgc fd80::.. --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs fd80::1  GW
source "$(dirname "$0")/../lib.sh"

# derived_address KEY: in fd80::/64, as a device would compute it.
derived_address() {
  { printf 'wg-provision address'; base64 -d <<<"$1"; } | sha256sum |
    sed -E 's/^.{16}(.{4})(.{4})(.{4})(.{4}).*/fd80::\1:\2:\3:\4/'
}
peers_in_database() { (($(sql "SELECT count(*) FROM wg_provision.peers" 2>/dev/null) == $1)); }

database_start
standard_topology
(umask 077; wg genpsk >"$WORK/enrolment.psk"; wg genpsk >"$WORK/wrong.psk")
sql "SELECT wg_provision.add_pool('demo', 'fd80::/64', 'derived')" >/dev/null
sql "SELECT wg_provision.allow_trials('demo', '$(<"$WORK/enrolment.psk")')" 2>/dev/null
write_config "$WORK/config.yaml" "$WGS" demo <<<$'admission: {refused-key-ttl: 2s}\ngateway: gw1'
daemon_start "$GW" "$WORK/config.yaml"

ADDRESS=$(derived_address "$CLIENT_KEY")
wg_interface "$CL" "$WGC" "$WORK/client.key" 0 "$ADDRESS/64"
dial "$CL" "$WGC" 192.0.2.1:51820 preshared-key "$WORK/wrong.psk"
refute "without the enrolment key there is no reply" pings "$CL" fd80::1 1
check "the trial fails" wait_for 10 refused_times trial_failed 1
check "nothing is left of it on the device" wait_for 2 peers_are "$GW" "$WGS" 0
check "nor in the database" peers_in_database 0

sleep 2
redial "$CL" "$WGC" 192.0.2.1:51820 preshared-key "$WORK/enrolment.psk"
check "with it the device pings" pings "$CL" fd80::1 10
check "it is a peer now" peers_in_database 1
check "at the address that it computed" test t = \
  "$(sql "SELECT prefix = '$ADDRESS/128' FROM wg_provision.allowed_ips")"
check "the audit trail says how it came in" test "enrolled on trial by gw1" = \
  "$(sql "SELECT reason FROM wg_provision.audit WHERE relation = 'peers'")"
check "the log too" has_logged ' enrolled ' "$CLIENT_KEY"
check "one device enrolled" metric_is peers_enrolled_total 1

second_client
sql "SELECT wg_provision.end_trials('demo')" >/dev/null
sql "SELECT wg_provision.expect_key('demo', '$CLIENT2_KEY', 'sensor 7')" >/dev/null
run ip -n "$CL2" address add "$(derived_address "$CLIENT2_KEY")/64" dev "$WGC2"
dial "$CL2" "$WGC2" 198.51.100.1:51820
check "a device that is expected pings" pings "$CL2" fd80::1 10
check "under the name that it was given" test "sensor 7" = \
  "$(sql "SELECT name FROM wg_provision.peer_list WHERE public_key = '$CLIENT2_KEY'")"
key_pair stranger >/dev/null
knock "$CL" key --private-key-file "$WORK/stranger.key"
check "a stranger is unknown again" wait_for 3 is_refused unknown_key
check "every sighting is accounted for" wait_for 3 all_accounted_for
