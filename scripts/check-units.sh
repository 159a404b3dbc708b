#!/usr/bin/env bash
# Fails when systemd finds that a unit of deploy/systemd leaves its service more than it needs: an exposure above 2.0, the
# daemon's with the probe's drop-in too, the probe loader's above 1.0.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v systemd-analyze >/dev/null; then
  echo "units: SKIPPED, systemd-analyze is not here"
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
faults=0

# exposed TENTHS NAME UNIT [DROP-IN]
exposed() {
  local folder=$work/$2 unit
  unit=$(basename "$3" | sed 's/@\./@check./')
  mkdir -p "$folder/$unit.d"
  cp "$3" "$folder/$unit"
  [[ -z ${4:-} ]] || cp "$4" "$folder/$unit.d/"
  if ! systemd-analyze security --no-pager --offline=true --threshold="$1" "$folder/$unit" >"$work/said" 2>&1; then
    printf '%s: more than %s.%s\n' "$2" "${1%?}" "${1: -1}" >&2
    grep -E '✗|exposure' "$work/said" >&2 || cat "$work/said" >&2
    faults=$((faults + 1))
  fi
}
exposed 20 wg-provisiond deploy/systemd/wg-provisiond.service
exposed 20 wg-provisiond-with-probe deploy/systemd/wg-provisiond.service deploy/systemd/wg-provisiond-probe.conf
exposed 10 wg-provisiond-probe deploy/systemd/wg-provisiond-probe@.service
((faults == 0)) || exit 1
echo "units: OK"
