# Shared by the benchmarks. Sourced after tests/integration/lib.sh.
# shellcheck shell=bash

# Of the numbers on standard input, one per line; of an even count, the lower of the two in the middle.
median() { sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'; }

# process_ns PID...: processor time of these processes' threads, in nanoseconds. family_ns PID: with its children.
process_ns() {
  local pid
  for pid in "$@"; do cat "/proc/$pid"/task/*/schedstat; done 2>/dev/null | awk '{ n += $1 } END { printf "%.0f\n", n }'
}
family_ns() {
  local children
  mapfile -t children < <(pgrep -P "$1")
  process_ns "$1" "${children[@]}"
}

# Without peers, as the lib's topology makes it.
empty_device() { in_ns "$GW" wg setconf "$WGS" <(printf '[Interface]\nPrivateKey = %s\nListenPort = 51820\n' "$(<"$WORK/gateway.key")"); }
