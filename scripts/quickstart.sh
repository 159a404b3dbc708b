#!/usr/bin/env bash
# The main job, from nothing: installs packages, builds, starts a private PostgreSQL, a gateway without peers and a
# client whose key is only in the database, and lets the client ping. Everything is made for this run and taken away
# again, also on Ctrl-C.
#
#   sudo scripts/quickstart.sh            about four minutes on a fresh Debian 12 machine with two cores, seconds after that
#   sudo scripts/quickstart.sh --keep     leaves everything running and says how to look around
#
# As root, with sudo or without; another user's call asks sudo.
set -euo pipefail
cd "$(dirname "$0")/.."

keep=no
case ${1:-} in
  '') ;;
  --keep) keep=yes ;;
  *) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
# shellcheck source=lib.sh
source scripts/lib.sh
become_root "$@"
install_packages "${build_packages[@]}" "${run_packages[@]}"
build release wg-provisiond wg-provisionctl

export BUILD_DIR=$PWD/build/release
# Kernel WireGuard where the kernel has it, wireguard-go where not.
if modprobe -q wireguard 2>/dev/null || grep -q '^wireguard ' /proc/modules; then
  export WG_BACKEND=kernel
else
  export WG_BACKEND=userspace
fi
# shellcheck source=../tests/integration/lib.sh
source tests/integration/lib.sh

title() { printf '\n== %s\n' "$*"; }

title "a private PostgreSQL with the schema and a network 'demo'"
database_start
sql "UPDATE wg_provision.networks SET endpoint = '192.0.2.1:51820', client_allowed_ips = '{10.80.0.0/16}' WHERE name = 'demo'"
sql "SELECT wg_provision.add_pool('demo', '10.80.0.0/16', first_address => '10.80.1.0')"

title "a gateway and a client in namespaces of their own ($WG_BACKEND WireGuard)"
standard_topology

title "the client's key, in SQL and nowhere else"
sql "SELECT wg_provision.add_peer('demo', '$CLIENT_KEY', '{10.80.0.2/32}')"

title "the daemon"
# Beside a busy wireguard-go a reverse handshake may cross the client's own: docs/operations.md, "Which greeting?".
[[ $WG_BACKEND == kernel ]] || GREETING=auto
write_config "$WORK/config.yaml" "$WGS" demo </dev/null
daemon_start "$GW" "$WORK/config.yaml"
printf 'peers on the gateway: %s\n' "$(peer_count "$GW" "$WGS")"

title "the client's first packet"
client_start
first_reply=$(in_ns "$CL" ping -c 1 -w 10 10.80.0.1 | sed -n 's/.* time=\([0-9.]*\) ms.*/\1/p') || true
[[ -n $first_reply ]] || { echo "no reply from the gateway" >&2; exit 1; }
wait_for 5 metric_is peers_connected_total 1 || { echo "the daemon saw no handshake" >&2; exit 1; }

# after STEP: milliseconds between the packet and that step, from the daemon's log.
after() {
  grep -F "key=$CLIENT_KEY " "$WORK/daemon.log" | sed -n "s/.* $1 .*after_ms=\([0-9.]*\).*/\1/p" | head -n 1
}
printf '%-16s %10s ms\n' "packet seen" 0.000 "key proven" "$(after proven)" "row found" "$(after found)"
printf '%-16s %10s ms  (acknowledged by the device)\n' "peer installed" "$(after installed)"
printf '%-16s %10s ms\n' "handshake done" "$(after connected)"
printf '%-16s %10s ms  (as the client'"'"'s ping counts)\n' "first reply" "$first_reply"

title "a key that is not in the table gets nothing"
namespace CL2 stranger
cable "$GW" up1 "198.51.100.1/24" "$CL2" up0 "198.51.100.2/24"
STRANGER_KEY=$(key_pair stranger)
wg_interface "$CL2" "wx$TAG" "$WORK/stranger.key" 0 10.80.0.3/16
run ip netns exec "$CL2" wg set "wx$TAG" peer "$GATEWAY_KEY" endpoint 198.51.100.1:51820 allowed-ips 10.80.0.1/32
if pings "$CL2" 10.80.0.1 2; then echo "the stranger got a reply" >&2; exit 1; fi
printf 'no reply; peers on the gateway: %s; the log says:\n' "$(peer_count "$GW" "$WGS")"
grep ' refused .*reason=unknown_key' "$WORK/daemon.log" | head -n 1 || { echo "the refusal is not in the log" >&2; exit 1; }

title "what the metrics say"
in_ns "$GW" curl -s http://127.0.0.1:9587/metrics |
  grep -E '^wg_provisiond_(sightings|refusals|connected|peers|lookup_keys)[a-z_]*(\{.*\})? [1-9]'

if [[ $keep == yes ]]; then
  trap - EXIT INT TERM
  cat <<TEXT

== everything is left running; to look around:
  ip netns exec $GW wg show                           the gateway's peers
  ip netns exec $CL ping 10.80.0.1                    through the tunnel
  psql "$(postgres_dsn dbname=fleet)"
    SELECT wg_provision.add_peer('demo', '$STRANGER_KEY', '{10.80.0.3/32}');     lets the stranger in
    SELECT wg_provision.revoke_peer('$STRANGER_KEY');                            and cuts it again
    SELECT * FROM wg_provision.pending_keys;                                     who else would like to get in
  ip netns exec $CL2 ping 10.80.0.1                   as the stranger
  kill $DAEMON_PID                                         stops the daemon; a running ping loses nothing, nor does it when
  ip netns exec $GW $BUILD_DIR/service/wg-provisiond --config $WORK/config.yaml    starts it again
  $BUILD_DIR/service/wg-provisionctl peer add laptop --network demo --qr --dsn "$(postgres_dsn dbname=fleet)"
  tail -f $WORK/daemon.log
  ip netns exec $GW curl -s http://127.0.0.1:9587/metrics
and to take it away:
  for ns in $GW $CL $CL2; do ip netns pids \$ns | xargs -r kill; done; tests/integration/postgres.sh $WORK/postgres stop
  ip netns delete $GW; ip netns delete $CL; ip netns delete $CL2; rm -rf $WORK
TEXT
fi
printf '\nOK: tunnel up %s ms after the first handshake of an unknown key\n' "$(after connected)"
