#!/usr/bin/env bash
# alone
# Where the probe cannot work, the daemon says in one line what is missing and goes on with capture:
# without CAP_SYS_ADMIN, and without the module. --list-event-sources tells the same.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"
EVENT_SOURCE=auto

database_start
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/config.yaml" "$WGS" demo </dev/null
without=(setpriv --bounding-set=-sys_admin)

# lists PATTERN [PREFIX...]: --list-event-sources succeeds and has one such line.
lists() {
  local pattern=$1; shift
  "$@" "$BUILD_DIR/service/wg-provisiond" --list-event-sources >"$WORK/list" || return 1
  sed 's/^/  | /' "$WORK/list"
  (($(grep -cE -- "$pattern" "$WORK/list") == 1))
}
check "with all rights the probe is available" lists '^probe +available$'
check "so is capture" lists '^capture +available$'
check "without CAP_SYS_ADMIN it is not, and that is said" \
  lists '^probe +not available: .*CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN$' "${without[@]}"
check "capture is" lists '^capture +available$' "${without[@]}"

daemon_start "$GW" "$WORK/config.yaml" "${without[@]}"
check "the daemon goes on with capture" wait_for 3 reported_by capture
check "one line says why" \
  test "$(logged ' event source .* source=capture .*probe: .*CAP_SYS_ADMIN')" = 1
client_start
check "a client connects" pings "$CL" 10.80.0.1 8
sleep 7 # longer than the pause after which the probe is tried again
check "trying again says nothing" test "$(logged 'CAP_SYS_ADMIN')" = 1
daemon_stop

wg_interface_delete "$CL" "$WGC"
wg_interface_delete "$GW" "$WGS"
check "the module is removed" wait_for 5 rmmod wireguard
check "without it the probe is not available" \
  lists '^probe +not available: .*module is not loaded \(modprobe wireguard\)$'
check "listing does not load it" test ! -e /sys/module/wireguard
check "capture is available all the same" lists '^capture +available$'
module_load
check "loaded again, the probe is available" lists '^probe +available$'
