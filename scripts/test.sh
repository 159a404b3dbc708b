#!/usr/bin/env bash
# All tests: installs what they need, builds, and ends with a line "N passed, N failed".
#
#   sudo scripts/test.sh                  everything
#   sudo scripts/test.sh unit             mirrors service/; no root, no network, no sleep
#   sudo scripts/test.sh schema           the database and wg-provisionctl against a real PostgreSQL
#   sudo scripts/test.sh integration      namespaces, a real PostgreSQL, wireguard-go as device and client
#   sudo scripts/test.sh guest            the same promises on Debian's stock kernel, in an emulator; and systemd
#   scripts/test.sh --preset asan unit    any of them with another build: dev, release, asan, tsan
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=lib.sh
source scripts/lib.sh

preset=dev
suites=()
while (($# > 0)); do
  case $1 in
    --preset) preset=$2; shift ;;
    unit | schema | integration | guest) suites+=("$1") ;;
    *) sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
  shift
done
((${#suites[@]} > 0)) || suites=(unit schema integration guest)
export BUILD_DIR=$PWD/build/$preset

passed=0
failed=0
# Adds the counts of a suite's last line, "N passed, N failed". A suite that ends without one has failed.
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

suite() { # COMMAND...
  local log
  log=$(mktemp)
  "$@" 2>&1 | tee "$log" || true
  count "$log"
  rm -f "$log"
}

unit() {
  local log=build/$preset-unit.log status=0 total=0 bad=0
  ctest --test-dir "build/$preset" -j 2 --output-on-failure >"$log" 2>&1 || status=$?
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
  log=$(mktemp)
  "$@" >"$log" 2>&1 </dev/null || status=$?
  good=$(grep -c '^ok ' "$log" || true)
  bad=$(grep -c '^FAIL' "$log" || true)
  ((bad > 0 || (good > 0 && status == 0))) || bad=1
  if ((bad > 0)); then tail -n 60 "$log"; fi
  grep '^SKIP' "$log" || true
  rm -f "$log"
  printf '%d passed, %d failed\n' "$good" "$bad"
}

checks() {
  local good=0 bad=0 script
  for script in scripts/check-*.sh; do
    if "$script"; then good=$((good + 1)); else bad=$((bad + 1)); fi
  done
  printf '%d passed, %d failed\n' "$good" "$bad"
}

install_packages "${build_packages[@]}"
if [[ " ${suites[*]} " =~ \ (schema|integration)\  ]]; then install_packages "${run_packages[@]}"; fi
if [[ " ${suites[*]} " == *" guest "* ]]; then install_packages "${run_packages[@]}" "${guest_packages[@]}"; fi
build "$preset"

for name in "${suites[@]}"; do
  printf '== %s, after %d s\n' "$name" "$SECONDS"
  case $name in
    unit) suite unit; suite checks ;;
    schema) suite tests/integration/database/run.sh ;;
    integration)
      suite tests/integration/run.sh --retries 2 # two busy devices: handshakes can cross, which costs 5 s
      suite counted tests/integration/capture_frames.sh
      suite counted tests/integration/routes.sh
      suite counted tests/integration/bpf.sh ;;
    guest) suite tests/guest/scenarios.sh ;;
  esac
done
printf '== done after %d s\n' "$SECONDS"
printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
