# Shared by all scenarios: a gateway and clients in network namespaces of their own, a private
# PostgreSQL, and the daemon under test. Sourced, not run. Every command that changes something is
# printed before it runs; everything made here is taken away again at exit, processes by their id.
#
#   BUILD_DIR    where the binaries are                  (default build/dev)
#   WG_BACKEND   userspace (wireguard-go) or kernel      (default userspace)
#   GREETING     reverse, resubmit or auto               (default reverse)
#   EVENT_SOURCE auto, probe, netlink or capture         (default auto)
#   PATIENCE     multiplies every wait                   (default 1; emulated machines are slow)
#
# shellcheck shell=bash
# shellcheck disable=SC2034  # variables are used by the scenarios
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD_DIR=${BUILD_DIR:-$ROOT/build/dev}
[[ $BUILD_DIR == /* ]] || BUILD_DIR=$ROOT/$BUILD_DIR
WG_BACKEND=${WG_BACKEND:-userspace}
GREETING=${GREETING:-reverse}
EVENT_SOURCE=${EVENT_SOURCE:-auto}
PATIENCE=${PATIENCE:-1}

# shellcheck source=postgres.sh
source "$ROOT/tests/integration/postgres.sh"
# Debian's psql is a script that looks for the real one, which takes long in an emulated machine.
PATH=$(dirname "$(postgres_program psql)"):$PATH

TAG=$$
WORK=$(mktemp -d "${TMPDIR:-/tmp}/wg-provisiond-test.XXXXXX")
chmod 711 "$WORK"
: >"$WORK/daemon.log"
PIDS=()
declare -A DEVICE_PIDS=()
NAMESPACES=()
AT_END=()
FAILURES=0
DAEMON_PID=
DAEMON_STATUS=

say() { printf '%s\n' "$*"; }
run() { printf '+ %s\n' "$*"; "$@"; }

# check NAME COMMAND...: one promise, kept when the command succeeds. refute: when it fails.
check() {
  local name=$1; shift
  if "$@"; then say "ok $name"; else say "FAIL $name: $*"; FAILURES=$((FAILURES + 1)); fi
}
refute() {
  local name=$1; shift
  if "$@"; then say "FAIL $name: $*"; FAILURES=$((FAILURES + 1)); else say "ok $name"; fi
}

# pause SECONDS: as sleep, without a process. Nothing is ever written into that pipe.
exec {NOTHING}<> <(:)
pause() { read -rt "$1" -u "$NOTHING" || true; }

# wait_for SECONDS COMMAND...: tries until it succeeds; less often when it takes long, because trying costs
# most of what an emulated machine has.
wait_for() {
  local deadline=$((SECONDS + $1 * PATIENCE + 1)) pauses=(0.05 0.05 0.05 0.1 0.1 0.1 0.1); shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || return 1
    pause "${pauses[0]:-0.2}"
    pauses=("${pauses[@]:1}")
  done
}

# end_process PID: asks, insists after five seconds, and waits.
end_process() {
  local _
  { kill -CONT "$1"; kill "$1"; } 2>/dev/null || true
  for _ in {1..100}; do kill -0 "$1" 2>/dev/null || break; pause 0.05; done
  { kill -KILL "$1"; wait "$1"; } 2>/dev/null || true
}

# at_end COMMAND...: run when the scenario is over, before its database ends.
at_end() { AT_END+=("$*"); }

finish() {
  local status=$? name
  trap - EXIT INT TERM
  set +e
  if ((status != 0 || FAILURES > 0)); then
    for name in "$WORK"/*.log "${postgres_dir:-$WORK}/log"; do
      [[ ! -s $name ]] || { say "--- the end of ${name#"$WORK/"}"; tail -n 60 "$name"; }
    done
  fi
  for name in "${PIDS[@]}"; do kill "$name" 2>/dev/null; done
  for name in "${PIDS[@]}"; do end_process "$name"; done
  # Sanitizer builds tell at the end what they saw. Leaks are left to the unit tests: the daemon forbids
  # the ptrace that finding them takes.
  if grep -sE '(Address|Thread)Sanitizer|runtime error:' "$WORK/daemon.log"; then
    say "FAIL the sanitizer is content"; FAILURES=$((FAILURES + 1))
  fi
  for name in "${AT_END[@]}"; do eval "$name" >/dev/null 2>&1; done
  database_end 2>/dev/null
  for name in "${NAMESPACES[@]}"; do ip netns delete "$name" 2>/dev/null; done
  rm -rf "$WORK"
  ((status != 0)) || status=$((FAILURES > 0))
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

# namespace VARIABLE NAME: makes a network namespace and keeps its full name in VARIABLE.
namespace() {
  local -n made=$1
  made="wgp-$2-$TAG"
  run ip netns add "$made"
  NAMESPACES+=("$made")
  ip -n "$made" link set lo up
  in_net "$made" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
}
# in_ns NS COMMAND...: in its network, with its /sys. in_net: the same with this one's /sys, in a third of the time.
in_ns() { local namespace=$1; shift; ip netns exec "$namespace" "$@"; }
in_net() { local namespace=$1; shift; nsenter --net="/run/netns/$namespace" -- "$@"; }

# background FILE COMMAND...: output goes to FILE; the process id is the last of PIDS. Not for
# functions: their process would be a shell, and what they run would outlive it.
background() {
  printf '+ %s &\n' "${*:2}"
  "${@:2}" >>"$1" 2>&1 {NOTHING}>&- &
  PIDS+=($!)
}

# cable NS_A IF_A ADDRESSES_A NS_B IF_B ADDRESSES_B: a veth pair, addresses separated by blanks.
cable() {
  run ip -n "$1" link add "$2" type veth peer name "$5" netns "$4"
  addresses "$1" "$2" "$3"
  addresses "$4" "$5" "$6"
}
# One process for all, and the link's state first, as by hand.
addresses() {
  local address lines="link set $2 up"
  for address in $3; do lines+=$'\n'"address add $address dev $2"; done
  printf '+ ip -n %s -batch - <<<"%s"\n' "$1" "${lines//$'\n'/; }"
  ip -n "$1" -batch - <<<"$lines"
}

# wg_interface NS NAME PRIVATE_KEY_FILE [PORT] [ADDRESS...]: a WireGuard interface without peers.
wg_interface() {
  local namespace=$1 name=$2 key=$3 port=${4:-0}; shift 4 || shift 3
  if [[ $WG_BACKEND == kernel ]]; then
    run ip -n "$namespace" link add "$name" type wireguard
  else
    background "$WORK/$name.log" ip netns exec "$namespace" wireguard-go -f "$name"
    DEVICE_PIDS[$name]=${PIDS[-1]}
    wait_for 10 test -S "/var/run/wireguard/$name.sock"
  fi
  run in_net "$namespace" wg set "$name" private-key "$key" listen-port "$port"
  addresses "$namespace" "$name" "$*"
}
wg_interface_delete() { # NS NAME
  if [[ $WG_BACKEND == kernel ]]; then run ip -n "$1" link delete "$2"; return; fi
  run end_process "${DEVICE_PIDS[$2]}"
}

# key_pair NAME: $WORK/NAME.key and, on standard output, the public key.
key_pair() {
  (umask 077 && wg genkey >"$WORK/$1.key")
  wg pubkey <"$WORK/$1.key"
}

# write_config FILE INTERFACE NETWORK [INTERFACE NETWORK...] <<<"...": standard input is appended.
# The section `database` comes last, so that lines indented by two belong to it.
write_config() {
  local file=$1; shift
  {
    printf 'interfaces:\n'
    while (($# >= 2)); do
      printf '  - {name: %s, network: %s, greeting: %s, event-source: %s}\n' "$1" "$2" "$GREETING" \
        "$EVENT_SOURCE"
      shift 2
    done
    cat <<YAML
metrics:
  listen: 127.0.0.1:9587
control:
  socket: $WORK/control.sock
log:
  level: debug
database:
  dsn: "${DAEMON_DSN:-$(postgres_dsn user=daemon_login dbname=fleet)}"
YAML
    cat
  } >"$file"
  chmod 600 "$file"
}

# A cluster with a database `fleet`, migrated, the network `demo` and a login for the daemon. run.sh
# makes it once: FLEET_TEMPLATE is then its data directory, and FLEET_CLUSTER the folder of a server that one
# scenario after the other gets as if it were new, where starting a server takes long.
database_start() {
  if [[ -n ${FLEET_CLUSTER:-} ]]; then database_take_over; return; fi
  POSTGRES_TEMPLATE=${FLEET_TEMPLATE:-${POSTGRES_TEMPLATE:-}} postgres_start "$WORK/postgres"
  [[ -n ${FLEET_TEMPLATE:-} ]] || database_fill
}
database_take_over() {
  local server
  postgres_dir=$FLEET_CLUSTER
  postgres_port=5432
  { read -r server <"$postgres_dir/data/postmaster.pid" && kill -0 "$server"; } 2>/dev/null || run postgres_launch
  postgres_psql >/dev/null <<'SQL'
SET client_min_messages = error;
DROP DATABASE IF EXISTS fleet WITH (FORCE);
SELECT format('DROP ROLE %I', rolname) FROM pg_roles
WHERE oid >= 16384 AND rolname <> 'daemon_login' AND rolname NOT LIKE 'wg\_provision\_%' \gexec
CREATE DATABASE fleet TEMPLATE fleet_template;
SQL
}
# database_share FOLDER: starts such a server.
database_share() {
  POSTGRES_TEMPLATE=$FLEET_TEMPLATE postgres_start "$1"
  postgres_psql -c 'ALTER DATABASE fleet RENAME TO fleet_template'
}
database_fill() {
  postgres_psql -c "CREATE DATABASE fleet"
  run "$BUILD_DIR/service/wg-provisionctl" db migrate \
    --dsn "$(postgres_dsn dbname=fleet)" --schema-dir "$ROOT/schema"
  sql "CREATE ROLE daemon_login LOGIN IN ROLE wg_provision_daemon"
  sql "INSERT INTO wg_provision.networks (name) VALUES ('demo')"
}
# At once: nobody needs what is in it. A server that others use next stays.
database_end() {
  local server
  if [[ -n ${FLEET_CLUSTER:-} ]]; then postgres_thaw; return; fi
  read -r server <"$WORK/postgres/data/postmaster.pid" || return 0
  postgres_thaw
  kill -QUIT "$server" && wait_for 5 process_is_gone "$server"
}
process_is_gone() { ! kill -0 "$1"; }
sql() {
  printf '+ psql: %s\n' "$1" >&2
  psql "$(postgres_dsn dbname=fleet)" -v ON_ERROR_STOP=1 -XqAtc "$1"
}
# peer_add KEY ADDRESSES [NETWORK], peer_set KEY 'COLUMN = VALUE, ...'
peer_add() { sql "SELECT wg_provision.add_peer('${3:-demo}', '$1', '{$2}')" >/dev/null; }
peer_set() {
  sql "UPDATE wg_provision.peers SET $2 WHERE public_key = decode('$1', 'base64')"
}

# daemon_launch NS CONFIG [PREFIX...]: by way of PREFIX. daemon_start: waits until it serves.
daemon_launch() {
  local config=$2
  DAEMON_NS=$1; shift 2
  mkdir -p -m 700 "$WORK/state.$DAEMON_NS" # and not this machine's, which other daemons have
  STATE_DIRECTORY="$WORK/state.$DAEMON_NS" background "$WORK/daemon.log" ip netns exec "$DAEMON_NS" "$@" \
    "${DAEMON:-$BUILD_DIR/service/wg-provisiond}" --config "$config"
  DAEMON_PID=${PIDS[-1]}
}
daemon_start() {
  local before
  before=$(logged ' ready ')
  daemon_launch "$@"
  wait_for 15 log_grows ' ready ' "$before" || { say "the daemon did not become ready"; return 1; }
  [[ $EVENT_SOURCE == auto ]] ||
    check "$EVENT_SOURCE reports first packets" wait_for 5 reported_by "$EVENT_SOURCE"
}
daemon_stop() {
  run kill "$DAEMON_PID"
  daemon_ends
}
# True when it ends within ten seconds; DAEMON_STATUS is its exit status.
daemon_ends() {
  wait_for 10 process_is_gone "$DAEMON_PID" || return 1
  DAEMON_STATUS=0
  wait "$DAEMON_PID" 2>/dev/null || DAEMON_STATUS=$?
}

# logged PATTERN [KEY]: how many lines of the daemon's log match, and have the key in them.
logged() {
  if [[ -z ${2:-} ]]; then grep -cE -- "$1" "$WORK/daemon.log" || true; return; fi
  grep -F -- "$2" "$WORK/daemon.log" | grep -cE -- "$1" || true
}
log_grows() { (($(logged "$1") > $2)); }
# has_logged PATTERN [KEY], is_refused REASON [KEY]
has_logged() { (($(logged "$@") > 0)); }
is_refused() { has_logged " refused reason=$1 " "${2:-}"; }

# control COMMAND...: asks the daemon. control_says PATTERN COMMAND...: and looks for it in the answer.
control() { "$BUILD_DIR/service/wg-provisionctl" "$@" --socket "$WORK/control.sock"; }
control_says() { control "${@:2}" | grep -E -- "$1" >/dev/null; }

# Without curl, which loads thirty libraries each time. The answer's head goes along.
metrics() {
  # shellcheck disable=SC2016  # expanded by that shell
  timeout 5 nsenter --net="/run/netns/$DAEMON_NS" -- bash -c \
    'exec 3<>/dev/tcp/127.0.0.1/9587 && printf "GET /metrics HTTP/1.0\r\n\r\n" >&3 && exec cat <&3' 2>/dev/null
}
# metric NAME{LABEL="VALUE"}: the value, 0 when there is no such series.
metric() {
  metrics | awk -v name="wg_provisiond_$1" '$1 == name { v = $2 } END { printf "%.0f\n", v + 0 }'
}
# sightings: all that any source has reported. sightings_are COUNT.
sightings() { metrics | awk '/^wg_provisiond_sightings_total/ { n += $2 } END { print n + 0 }'; }
sightings_are() { (($(sightings) == $1)); }
# reported_by SOURCE: first packets come from there. told_by_kernel: from the kernel, which tells only
# of keys that it does not know, and only when the MACs are right; the probe forgoes refused keys too.
reported_by() { metric_at_least "source_interfaces{source=\"$1\"}" 1; }
told_by_kernel() { reported_by probe || reported_by netlink; }
metric_is() { (($(metric "$1") == $2)); }
metric_at_least() { (($(metric "$1") >= $2)); }
dropped_at_least() { metric_at_least "sighting_drops_total{reason=\"$1\"}" "$2"; }
dropped_times() { metric_is "sighting_drops_total{reason=\"$1\"}" "$2"; }
refused_times() { metric_is "refusals_total{reason=\"$1\"}" "$2"; }
# Each sighting has ended, in a refusal or in a tunnel.
all_accounted_for() {
  metrics | awk '
    /^wg_provisiond_refusals_total/ || $1 == "wg_provisiond_peers_connected_total" { ended += $2 }
    /^wg_provisiond_sightings_total/ || $1 == "wg_provisiond_lookups_resumed_total" { seen += $2 }
    END { print seen, "seen,", ended, "ended"; exit seen != ended }'
}
# What the process holds by itself; buffers shared with the kernel are bounded by their size.
resident_kib() { awk '$1 == "RssAnon:" { print $2 }' "/proc/$DAEMON_PID/status"; }
# has_grown KIB SINCE: whether the daemon holds that much more. A sanitizer's own memory hides it.
has_grown() {
  if grep -qs '^PROVISIOND_SANITIZE:STRING=.' "$BUILD_DIR/CMakeCache.txt"; then
    say "SKIPPED: built with a sanitizer, resident memory says nothing" >&2
    return 1
  fi
  (($(resident_kib) - $2 > $1))
}

# pings NS ADDRESS SECONDS: true when a reply comes within the time.
pings() { in_net "$1" ping -q -c 1 -w "$(($3 * PATIENCE))" "$2" >/dev/null 2>&1; }
peer_count() { in_net "$1" wg show "$2" peers | wc -l; }
peers_are() { (($(peer_count "$1" "$2") == $3)); }

# The picture that most scenarios use: one gateway, one client, one cable.
#   GW, CL                    namespaces
#   WGS, WGC                  interfaces; the gateway's has no peers
#   GATEWAY_KEY, CLIENT_KEY   public keys
standard_topology() {
  [[ -n ${GW:-} ]] || namespace GW gw
  namespace CL cl
  WGS="ws$TAG"
  WGC="wc$TAG"
  cable "$GW" up0 "192.0.2.1/24 2001:db8::1/64" "$CL" up0 "192.0.2.2/24 2001:db8::2/64"
  GATEWAY_KEY=$(key_pair gateway)
  CLIENT_KEY=$(key_pair client)
  wg_interface "$GW" "$WGS" "$WORK/gateway.key" 51820 10.80.0.1/16 fd80::1/64
}
# A second client on a cable of its own: CL2, WGC2, CLIENT2_KEY; 10.80.0.3, and 198.51.100.1 is the
# gateway to it.
second_client() {
  namespace CL2 cl2
  WGC2="wd$TAG"
  cable "$GW" up1 198.51.100.1/24 "$CL2" up0 198.51.100.2/24
  CLIENT2_KEY=$(key_pair client2)
  wg_interface "$CL2" "$WGC2" "$WORK/client2.key" 0 10.80.0.3/16
}

# dial NS INTERFACE ENDPOINT [WG SET ARGUMENTS...]: makes the gateway a client's peer.
# redial: makes it one anew, so that the client knocks with its next packet, not after five seconds.
dial() {
  run in_net "$1" wg set "$2" peer "$GATEWAY_KEY" endpoint "$3" \
    allowed-ips 10.80.0.1/32,fd80::1/128 "${@:4}"
}
redial() {
  run in_net "$1" wg set "$2" peer "$GATEWAY_KEY" remove
  dial "$@"
}
# client_start [ENDPOINT] [WG SET ARGUMENTS...]: the client's interface, and dial.
client_start() {
  wg_interface "$CL" "$WGC" "$WORK/client.key" 0 10.80.0.2/16 fd80::2/64
  dial "$CL" "$WGC" "${1:-192.0.2.1:51820}" "${@:2}"
}

# knock NS MODE [ARGUMENTS...]: crafted packets to the gateway; the modes are in tools/knock.cpp.
knock() {
  run in_net "$1" "$BUILD_DIR/tests/knock" "${@:2}" \
    --responder "$GATEWAY_KEY" --to "${KNOCK_AT:-192.0.2.1:51820}"
}
