#!/usr/bin/env bash
# Runs scenarios, each in a process of its own, and counts. One promise per file under scenarios/.
#
#   tests/integration/run.sh [--jobs N] [--retries N] [--greetings "reverse resubmit auto"] \
#     [NAME[@SOURCE]...]
#
# A scenario's second line may say "greetings: all", then it runs once per greeting; "alone", then
# nothing runs beside it; "slow", then it mostly waits, and begins first, beside the others.
# NAME@SOURCE sets the event source, as EVENT_SOURCE does for all.
# Without names: every scenario under scenarios/; those under ../guest/scenarios need a kernel with
# WireGuard and run by name only. Each one's output is kept in BUILD_DIR/test-logs.
set -euo pipefail
cd "$(dirname "$0")"
ROOT=$(cd ../.. && pwd)
BUILD_DIR=${BUILD_DIR:-$ROOT/build/dev}
logs=${LOG_DIR:-$BUILD_DIR/test-logs}
mkdir -p "$logs"
jobs=2
retries=0 # for machines whose clock and processor do not keep step; a second try is told
greetings="reverse resubmit auto"
names=()
while (($# > 0)); do
  case $1 in
    --jobs) jobs=$2; shift ;;
    --retries) retries=$2; shift ;;
    --greetings) greetings=$2; shift ;;
    -*) sed -n '2,12s/^# \{0,1\}//p' run.sh >&2; exit 2 ;;
    *) names+=("$1") ;;
  esac
  shift
done
if ((${#names[@]} == 0)); then
  for script in scenarios/*.sh; do names+=("$(basename "$script" .sh)"); done
fi

passed=0
failed=0
declare -A running=() began=()   # of each process: what it runs, since when
declare -A tries=() arguments=() # of each label: how often it was started, and with what
waiting=0                        # slow ones that run, beside the jobs

# script_of NAME[@SOURCE]: where it is.
script_of() {
  local name=${1%@*}
  if [[ -e scenarios/$name.sh ]]; then printf 'scenarios/%s.sh' "$name"; return; fi
  printf '../guest/scenarios/%s.sh' "$name"
}
trait_of() { sed -nE '2s/^# (alone|slow|greetings: all)$/\1/p' "$(script_of "$1")"; }
for name in "${names[@]}"; do
  [[ -e $(script_of "$name") ]] || { printf 'there is no scenario %s\n' "${name%@*}" >&2; exit 2; }
done

start() { # NAME[@SOURCE] GREETING
  local source=${EVENT_SOURCE:-}
  [[ $1 != *@* ]] || source=${1#*@}
  local label="${1%@*}${2:+ ($2)}${source:+ by $source}"
  GREETING=${2:-reverse} EVENT_SOURCE=$source timeout -k 10 "$((300 * ${PATIENCE:-1}))" \
    bash "$(script_of "$1")" >"$logs/${label// /_}.log" 2>&1 </dev/null &
  running[$!]=$label
  arguments[$label]="$1 ${2:-}"
  tries[$label]=$((${tries[$label]:-0} + 1))
  began[$!]=$SECONDS
}

finish_one() {
  local pid status=0 label
  wait -n -p pid "${!running[@]}" || status=$?
  label=${running[$pid]}
  unset "running[$pid]"
  if ((waiting > 0)) && [[ $(trait_of "${arguments[$label]%% *}") == slow ]]; then
    waiting=$((waiting - 1))
  fi
  if ((status == 0)); then
    passed=$((passed + 1))
    printf 'ok   %s (%d s)%s\n' "$label" "$((SECONDS - began[$pid]))" \
      "$( ((tries[$label] == 1)) || printf ' at try %d' "${tries[$label]}")"
  elif ((tries[$label] <= retries)); then
    printf 'once more: %s (%d s)\n' "$label" "$((SECONDS - began[$pid]))"
    { grep '^FAIL' "$logs/${label// /_}.log" || true; tail -n 40 "$logs/${label// /_}.log"; } | sed 's/^/     | /'
    local name greeting
    read -r name greeting <<<"${arguments[$label]}"
    start "$name" "$greeting"
  else
    failed=$((failed + 1))
    printf 'FAIL %s (%d s)\n' "$label" "$((SECONDS - began[$pid]))"
    sed 's/^/     | /' "$logs/${label// /_}.log" | tail -n 80
  fi
}

# run_those TRAIT JOBS: scenarios whose second line has the trait; an empty one, those without any.
run_those() {
  local name trait greeting
  for name in "${names[@]}"; do
    trait=$(trait_of "$name")
    [[ $trait == "$1" ]] || continue
    local each=('')
    [[ $trait != greetings* ]] || read -ra each <<<"$greetings"
    for greeting in "${each[@]}"; do
      while ((${#running[@]} - waiting >= $2)); do finish_one; done
      start "$name" "$greeting"
      [[ $trait != slow ]] || waiting=$((waiting + 1))
    done
  done
}
finish_all() { while ((${#running[@]} > 0)); do finish_one; done; }

work=$(mktemp -d)
# shellcheck disable=SC2317  # called by the trap
clean_up() {
  local pid
  for pid in "${!running[@]}"; do { kill "$pid" && wait "$pid"; } || true; done 2>/dev/null
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# The database that every scenario begins with takes seconds to make: once, and copied.
chmod 711 "$work"
bash -c 'source lib.sh; database_start; postgres_stop; cp -a "$WORK/postgres/data" "$0"' "$work" \
  >"$logs/template.log" 2>&1 || { cat "$logs/template.log"; exit 1; }
export FLEET_TEMPLATE=$work/data

run_those slow "$jobs"
run_those 'greetings: all' "$jobs"
run_those '' "$jobs"
finish_all
run_those alone 1
finish_all
printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
