#!/usr/bin/env bash
# Started where it cannot work, the daemon says so in one line and either ends with a status that
# tells why, or waits until it can.
#
#   GW  wgs: missing, then there;  PostgreSQL: missing, then there;  schema: too old, too new
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
config=$WORK/config.yaml
write_config "$config" "$WGS" demo <<<"  reconnect-maximum: 300ms"

# fails STATUS COMMAND...: ends with that status; what it wrote is in $WORK/said.
fails() {
  local wanted=$1 status=0; shift
  in_ns "$GW" timeout "$((10 * PATIENCE))" "$@" >"$WORK/said" 2>&1 || status=$?
  sed 's/^/  | /' "$WORK/said"
  ((status == wanted))
}
said_in() { (($(wc -l <"$WORK/said") == $1)) && grep -qE "$2" "$WORK/said"; }
daemon=$BUILD_DIR/service/wg-provisiond

write_config "$WORK/bad.yaml" "$WGS" demo <<<"admision: {total: fast}
greet: {deadline: 15}
watch: {interval: 1ms}"
check "a bad configuration ends with status 2" fails 2 "$daemon" --config "$WORK/bad.yaml"
check "all three problems are told, with their lines" said_in 3 "bad.yaml:[0-9]+.*admision"
check "so does the check" fails 2 "$daemon" --check-config --config "$WORK/bad.yaml"
check "a missing file ends with status 2" fails 2 "$daemon" --config "$WORK/none.yaml"
check "an unknown option ends with status 2" fails 2 "$daemon" --confg "$config"

cp "$daemon" "$WORK/wg-provisiond"
chmod 644 "$config"
check "without rights it ends with status 1" fails 1 \
  setpriv --reuid=65534 --regid=65534 --clear-groups "$WORK/wg-provisiond" --config "$config"
check "in one line" said_in 1 'cannot start .*(CAP_NET_RAW|root|permitted)'

daemon_start "$GW" "$config"
check "a second one finds the metrics port taken: status 1" fails 1 "$daemon" --config "$config"
check "in one line" said_in 1 'cannot start .*127\.0\.0\.1:9587'
daemon_stop

# waits_for PATTERN: the daemon runs, has written one such line in two seconds, and is not ready.
waits_for() {
  : >"$WORK/daemon.log"
  daemon_launch "$GW" "$config"
  wait_for 3 has_logged "$1" || return 1
  sleep 1.5
  say "  | $(grep -E "$1" "$WORK/daemon.log" | head -n 1)"
  (($(logged "$1") == 1 && $(logged ' ready ') == 0)) && kill -0 "$DAEMON_PID"
}
becomes_ready() { wait_for 12 has_logged ' ready ' && daemon_stop; }

wg_interface_delete "$GW" "$WGS"
check "without the interface it waits" waits_for ' (warning|error) '
wg_interface "$GW" "$WGS" "$WORK/gateway.key" 51820 10.80.0.1/16
check "until it is made" becomes_ready

run postgres_stop
check "without the database it waits" waits_for ' (warning|error) '
run postgres_launch
check "until it is started" becomes_ready

sql "UPDATE wg_provision.schema_version SET version = 0"
check "with a schema too old it waits" waits_for ' (warning|error) .*wg-provisionctl db migrate'
sql "UPDATE wg_provision.schema_version SET version = 9999"
daemon_stop
check "with a schema too new it waits" waits_for ' (warning|error) .*newer wg-provisiond'
