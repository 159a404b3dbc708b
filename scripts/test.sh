#!/usr/bin/env bash
# All tests: installs what they need, builds, and ends with a line "N passed, N failed".
#
#   sudo scripts/test.sh                  everything
#   sudo scripts/test.sh unit             mirrors service/; no root, no network, no sleep; then the checks
#   sudo scripts/test.sh schema           the database and wg-provisionctl against a real PostgreSQL
#   sudo scripts/test.sh integration      namespaces, a real PostgreSQL, wireguard-go as device and client
#   sudo scripts/test.sh guest            the same promises on Debian's stock kernel, in an emulator; and systemd
#   sudo scripts/test.sh trixie           unit, schema and one pass of the guest on Debian 13; not among everything
#   scripts/test.sh --preset asan unit    any of them with another build: dev, release, asan, tsan
#   sudo scripts/test.sh --repeat 20 [--load] NAME...
#                                         scenarios of the integration suite, or `unit`, again and again; with --load
#                                         beside as many busy processes as there are processors
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=lib.sh
source scripts/lib.sh

arguments=("$@")
usage() { sed -n '2,13s/^# \{0,1\}//p' "$0" >&2; exit 2; }
preset=dev
repeat=1
load=()
suites=()
scenarios=()
while (($# > 0)); do
  case $1 in
    --preset) preset=${2:?}; shift ;;
    --repeat) [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || usage; repeat=$2; shift ;;
    --load) load=(--load) ;;
    unit | schema | integration | guest | trixie) suites+=("$1") ;;
    -*) usage ;;
    *)
      [[ -e tests/integration/scenarios/${1%@*}.sh ]] || { printf 'there is no suite or scenario %s\n' "$1" >&2; usage; }
      scenarios+=("$1") ;;
  esac
  shift
done
((${#scenarios[@]} == 0)) || suites+=(scenarios)
((${#suites[@]} > 0)) || suites=(unit schema integration guest)
[[ ${suites[*]} == unit ]] || become_root "${arguments[@]}"
export BUILD_DIR=$PWD/build/$preset

passed=0
failed=0
declare -A seconds_of=() # of each suite
work=$(mktemp -d)
busy=()
# shellcheck disable=SC2317  # called by the trap
clean_up() {
  local pid
  for pid in "${busy[@]}"; do { kill "$pid" && wait "$pid"; } 2>/dev/null || true; done
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# Adds the counts of a part's last line, "N passed, N failed". A part that ends without one has failed.
count() {
  local line
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$1" | tail -n 1)
  if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed ]]; then
    passed=$((passed + BASH_REMATCH[1]))
    failed=$((failed + BASH_REMATCH[2]))
  else
    failed=$((failed + 1))
    printf 'a suite ended without a count\n'
  fi
}

part() { # COMMAND...
  local log
  log=$(mktemp "$work/part.XXXXXX")
  "$@" 2>&1 | tee "$log" || true
  count "$log"
}

unit() {
  local log=build/$preset-unit.log status=0 total=0 bad=0 until=()
  ((repeat == 1)) || until=(--repeat "until-fail:$repeat")
  ctest --test-dir "build/$preset" -j 2 --output-on-failure "${until[@]}" >"$log" 2>&1 || status=$?
  if [[ $(tail -n 20 "$log") =~ ([0-9]+)\ tests\ failed\ out\ of\ ([0-9]+) ]]; then
    bad=${BASH_REMATCH[1]}
    total=${BASH_REMATCH[2]}
  fi
  if ((status != 0 || total == 0)); then
    grep -E 'Failure|\*\*\*|Error|error' "$log" | head -n 60
    ((bad > 0)) || bad=1
  fi
  printf '%d passed, %d failed\n' "$((total - bad))" "$bad"
}

# For a script that prints "ok NAME" and "FAIL NAME" and no count.
counted() { # COMMAND...
  local log good bad status=0
  log=$(mktemp "$work/counted.XXXXXX")
  "$@" >"$log" 2>&1 </dev/null || status=$?
  good=$(grep -c '^ok ' "$log" || true)
  bad=$(grep -c '^FAIL' "$log" || true)
  ((bad > 0 || (good > 0 && status == 0))) || bad=1
  if ((bad > 0)); then tail -n 60 "$log"; fi
  grep '^SKIP' "$log" || true
  printf '%d passed, %d failed\n' "$good" "$bad"
}

checks() {
  local good=0 bad=0 script
  for script in scripts/check-*.sh; do
    if "$script"; then good=$((good + 1)); else bad=$((bad + 1)); fi
  done
  printf '%d passed, %d failed\n' "$good" "$bad"
}

# No suite needs the benchmarks; they are built, with what the scenarios leave of the processors, so that they can be.
start_building_benchmarks() {
  nice -n 19 ninja -C "build/$preset" -j 1 bench/all >"$work/benchmarks" 2>&1 </dev/null &
  busy+=($!)
}
finish_building_benchmarks() {
  if wait "${busy[-1]}"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    tail -n 60 "$work/benchmarks"
    printf 'FAIL the benchmarks cannot be built\n'
  fi
  unset 'busy[-1]'
}

run_suite() {
  case $1 in
    unit)
      part unit
      ((repeat == 1)) || return 0
      part checks ;;
    schema) part tests/integration/database/run.sh ;;
    integration)
      ((repeat > 1)) || start_building_benchmarks
      part tests/integration/run.sh --repeat "$repeat" "${load[@]}"
      ((repeat == 1)) || return 0
      finish_building_benchmarks
      part counted tests/integration/capture_frames.sh
      part counted tests/integration/routes.sh
      part counted tests/integration/bpf.sh ;;
    scenarios) part tests/integration/run.sh --repeat "$repeat" "${load[@]}" "${scenarios[@]}" ;;
    guest) part tests/guest/scenarios.sh ;;
    trixie) part scripts/trixie.sh ;;
  esac
}

# Scenarios say how long they took: "ok NAME (12.3 s)", in the guest behind the name of the boot.
slowest_scenarios() {
  cat "$work"/part.* | sed -nE 's/^(([a-z]+) \| )?(ok|FAIL) +(.+) \(([0-9]+\.[0-9]) s\)$/\5 \4 \2/p' |
    sort -rn | awk 'NR <= 10 { seconds = $1; $1 = ""; printf "%8.1f s %s\n", seconds, $0 }'
}

install_packages "${build_packages[@]}"
if [[ " ${suites[*]} " =~ \ (schema|integration|scenarios)\  ]]; then install_packages "${run_packages[@]}"; fi
if [[ " ${suites[*]} " == *" guest "* ]]; then install_packages "${run_packages[@]}" "${guest_packages[@]}" "${package_packages[@]}"; fi
begun=$SECONDS
[[ ${suites[*]} == trixie ]] || build "$preset"
seconds_of[build]=$((SECONDS - begun))

if ((${#load[@]} > 0)) && [[ " ${suites[*]} " == *" unit "* ]]; then
  for ((n = $(nproc); n > 0; --n)); do
    timeout 24h bash -c 'while :; do :; done' &
    busy+=($!)
  done
fi
for name in "${suites[@]}"; do
  printf '== %s, after %d s\n' "$name" "$SECONDS"
  begun=$SECONDS
  run_suite "$name"
  seconds_of[$name]=$((SECONDS - begun))
done

if ((failed > 0)); then
  printf '== what failed\n'
  cat "$work"/part.* | grep -E '^([a-z]+ \| )?( *\| )?FAIL|^not ok|\(Failed\)$|ended without a count' | head -n 60 || true
fi
printf '== the slowest scenarios\n'
slowest_scenarios
printf '== how long it took\n'
for name in build "${suites[@]}"; do printf '%8d s %s\n' "${seconds_of[$name]}" "$name"; done
printf '%8d s in all\n' "$SECONDS"
printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
