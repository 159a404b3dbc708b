#!/usr/bin/env bash
# The benchmarks. Each prints JSON lines to standard output, and what it does to standard error:
#   {"bench":..., "metric":..., "value":..., "unit":..., "baseline":..., "ratio":...}
# The baseline was measured in the same run. docs/benchmarks.md says what the metrics mean.
#
#   sudo scripts/bench.sh provision-throughput        provisions per second, CPU time per provision and stage
#   sudo scripts/bench.sh connect-latency             from a client's initiation to the gateway's, and to the first reply
#   sudo scripts/bench.sh connect-latency --guest     the first reply on the stock kernel, over links of 0 and 100 ms
#   sudo scripts/bench.sh event-sources               what capture, probe and netlink cost the kernel; in the guest
#   sudo scripts/bench.sh database                    look-ups, import, allocation, triggers, a change to its effect
#   sudo scripts/bench.sh lifecycle                   start, adoption, storm and eviction of many peers
#   sudo scripts/bench.sh flood [quick]               how registered devices fare in floods, and what these cost the gateway
#   sudo scripts/bench.sh proof-cost                  one initiation authenticated: a first, a returning and a strange key
#   sudo scripts/bench.sh lifecycle --guest           what each peer costs on the kernel's own device, as they become more
set -euo pipefail
cd "$(dirname "$0")/.."
exec 3>&1 1>&2

usage() { sed -n '2,14s/^# \{0,1\}//p' "$0"; exit 2; }
bench=${1:-}
case $bench in
  provision-throughput | connect-latency | event-sources | database | lifecycle | flood | proof-cost) ;;
  *) usage ;;
esac
shift
[[ $bench != flood || ${1:-quick} == quick ]] || usage
# shellcheck source=lib.sh
source scripts/lib.sh
((EUID == 0)) || { exec 1>&3; become_root "$bench" "$@"; }
export BUILD_DIR=$PWD/build/release

# In the guest there is no network and everything is built already.
if [[ ${1:-} != --in-guest ]]; then
  install_packages "${build_packages[@]}" "${run_packages[@]}"
  others=(watch_source provision_throughput connect_latency handshake_rate proof_cost)
  if [[ $bench == flood ]]; then others=(wg-handshake-flood); fi
  build release wg-provisiond wg-provisionctl knock crowd "${others[@]}"
fi
# in_guest MODULE SOURCE...: the event sources on one kind of WireGuard module.
in_guest() {
  local module=$1 insert=(); shift
  if [[ $module == patched ]]; then insert=(--wireguard "$(tests/guest/wireguard_module.sh)"); fi
  tests/guest/run.sh exec --timeout 1800 --skip-idle-time "${insert[@]}" --env PATIENCE=5 \
    --env "BENCH_PREFIX=$module" --env "BENCH_ROUNDS=${BENCH_ROUNDS:-9}" -- scripts/bench.sh event-sources --in-guest "$@" >&3
}
if [[ $bench == event-sources && ${1:-} != --in-guest ]]; then
  install_packages "${guest_packages[@]}"
  in_guest stock probe capture
  in_guest patched netlink
  exit
fi
if [[ $bench == lifecycle && ${1:-} == --guest ]]; then
  install_packages "${guest_packages[@]}"
  sizes=""
  for size in ${BENCH_SIZES:-1000 10000}; do sizes+=" && scripts/bench.sh lifecycle --in-guest $size"; done
  mkdir -p build/guest
  tests/integration/run.sh --make-archive "$PWD/build/guest/fleet.tar"
  tests/guest/run.sh exec --timeout 7200 --skip-idle-time --env "FLEET_ARCHIVE=$PWD/build/guest/fleet.tar" --memory 3G --env PATIENCE=10 --env WG_BACKEND=kernel --env EVENT_SOURCE=probe \
    --env BENCH_BASELINE=/tmp/lifecycle.baseline --env "BENCH_STORM=${BENCH_STORM:-200}" -- bash -c "true$sizes" >&3
  exit
fi
if [[ ${1:-} == --guest ]]; then
  install_packages "${guest_packages[@]}"
  tests/guest/run.sh exec --timeout 1800 --env PATIENCE=10 --env "BENCH_REPLIES=${BENCH_REPLIES:-9}" -- scripts/bench.sh "$bench" --in-guest >&3
  exit
fi

# shellcheck source=../tests/integration/lib.sh
source tests/integration/lib.sh
# shellcheck source=../tests/integration/crowd.sh
source tests/integration/crowd.sh
# shellcheck source=../bench/lib.sh
source bench/lib.sh
case $bench in
  provision-throughput) source bench/provision_throughput.sh; provision_throughput "$@" ;;
  proof-cost) "$BUILD_DIR/bench/proof_cost" >&3 ;;
  event-sources) source bench/event_sources.sh; event_sources_in_guest "${@:2}" ;;
  database) source bench/database.sh; database "$@" ;;
  lifecycle)
    source bench/lifecycle.sh
    source bench/lifecycle_growth.sh
    if [[ ${1:-} == --in-guest ]]; then lifecycle_growth "$2"; else lifecycle; fi ;;
  flood) source bench/flood.sh; flood "$@" ;;
  connect-latency) source bench/connect_latency.sh; connect_latency "$@" ;;
esac
