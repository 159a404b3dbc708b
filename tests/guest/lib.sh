# Shared by the scenarios that only the kernel's own WireGuard can show. Sourced, not run; brings the
# integration suite's lib.sh with it. An observer is a watch_source beside or instead of the daemon.
#
# shellcheck shell=bash
# shellcheck source=../integration/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../integration/lib.sh"
[[ $WG_BACKEND == kernel ]] || { say "FAIL this takes the kernel's devices: WG_BACKEND=kernel"; exit 1; }

# Scenarios that run by any of the kernel's sources run by the probe unless told otherwise.
[[ $EVENT_SOURCE != auto ]] || EVENT_SOURCE=probe

declare -A OBSERVERS=()

# observe NAME NS INTERFACE SOURCE [ARGUMENTS...]: what that source reports goes to $WORK/NAME.seen.
observe() {
  background "$WORK/$1.seen" ip netns exec "$2" "$BUILD_DIR/tests/watch_source" --source "$4" \
    --interface "$3" --port 51820 --seconds "$((120 * PATIENCE))" "${@:5}"
  OBSERVERS[$1]=${PIDS[-1]}
  wait_for 10 grep -q '"ready":true' "$WORK/$1.seen" ||
    { say "FAIL no observer by $4"; cat "$WORK/$1.seen"; exit 1; }
}
# observe_end NAME: it reads what still waits and adds its statistics.
observe_end() {
  run kill "${OBSERVERS[$1]}"
  wait "${OBSERVERS[$1]}" || true
  grep -F '"statistics"' "$WORK/$1.seen"
}
# sights NAME [PATTERN]: what it has reported, one JSON object per line. sight_count: how many.
sights() { grep -F '"seen_by"' "$WORK/$1.seen" | grep -E -- "${2:-}" || true; }
sight_count() { sights "$@" | wc -l; }
sights_are() { (($(sight_count "$1" "${3:-}") == $2)); }
sights_at_least() { (($(sight_count "$1" "${3:-}") >= $2)); }
# statistic NAME FIELD: of an observer that has ended; 0 when it is not among them.
statistic() {
  local value
  value=$(grep -F '"statistics"' "$WORK/$1.seen" | sed -nE "s/.*\"$2\":([0-9]+).*/\1/p")
  printf '%s\n' "${value:-0}"
}

module_is_loaded() { [[ -e /sys/module/wireguard ]]; }
# The one that the guest was booted with: the patched one, or the stock one.
module_load() {
  if [[ -f /run/guest/wireguard.ko ]]; then run insmod /run/guest/wireguard.ko; return; fi
  run modprobe wireguard
}
