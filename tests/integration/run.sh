#!/usr/bin/env bash
# Runs scenarios, each in a process of its own, and counts. One promise per file under scenarios/.
#
#   tests/integration/run.sh [--jobs N] [--repeat N] [--load] [--share-database]
#     [--greetings "reverse resubmit auto"] [NAME[@SOURCE]...]
#
# --repeat runs each N times; --load runs them beside as many busy processes as there are processors.
# --share-database: one server for all, with a fresh database for each; only with --jobs 1.
# A scenario's second line may say "greetings: all", then it runs once per greeting; "alone", then
# nothing runs beside it; "slow", then it mostly waits, and begins first, beside the others.
# NAME@SOURCE sets the event source, as EVENT_SOURCE does for all.
# Without names: every scenario under scenarios/; those under ../guest/scenarios need a kernel with
# WireGuard and run by name only. Each one's output is kept in BUILD_DIR/test-logs.
#
#   FLEET_ARCHIVE   a file that `run.sh --make-archive FILE` has made of the database that all begin with
#   PATIENCE        multiplies every wait (default: what calibrate.sh finds)
set -euo pipefail
cd "$(dirname "$0")"
ROOT=$(cd ../.. && pwd)
export BUILD_DIR=${BUILD_DIR:-$ROOT/build/dev}
logs=${LOG_DIR:-$BUILD_DIR/test-logs}
mkdir -p "$logs"
usage() { sed -n '2,19s/^# \{0,1\}//p' run.sh >&2; exit 2; }
jobs=$((3 * $(nproc) / 2)) # each waits most of its time
repeat=1
load=no
share=no
archive=
greetings="reverse resubmit auto"
names=()
while (($# > 0)); do
  case $1 in
    --jobs | --repeat)
      [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || usage
      printf -v "${1#--}" %s "$2"; shift ;;
    --load) load=yes ;;
    --share-database) share=yes ;;
    --greetings) greetings=${2:?}; shift ;;
    --make-archive) archive=${2:?}; shift ;;
    -*) usage ;;
    *) names+=("$1") ;;
  esac
  shift
done
if ((${#names[@]} == 0)); then
  for script in scenarios/*.sh; do names+=("$(basename "$script" .sh)"); done
fi
[[ $share == no ]] || jobs=1

passed=0
failed=0
declare -A running=() began=() # of each process: its label, since when
declare -A name_of=()          # of each label: NAME[@SOURCE]
declare -A good=() tried=()    # of each label, when they are repeated
waiting=0                      # slow ones that run, beside the jobs

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
  tried[$label]=$((${tried[$label]:-0} + 1))
  name_of[$label]=$1
  GREETING=${2:-reverse} EVENT_SOURCE=$source timeout -k 10 "$((300 * PATIENCE))" \
    bash "$(script_of "$1")" >"$logs/${label// /_}.log" 2>&1 </dev/null &
  running[$!]=$label
  began[$!]=$EPOCHREALTIME
}

# seconds_since EPOCHREALTIME: with one decimal.
seconds_since() {
  local tenths=$(((${EPOCHREALTIME/[.,]/} - ${1/[.,]/}) / 100000))
  printf '%d.%d' "$((tenths / 10))" "$((tenths % 10))"
}

finish_one() {
  local pid status=0 label took
  wait -n -p pid "${!running[@]}" || status=$?
  label=${running[$pid]}
  took=$(seconds_since "${began[$pid]}")
  unset "running[$pid]"
  if ((waiting > 0)) && [[ $(trait_of "${name_of[$label]}") == slow ]]; then waiting=$((waiting - 1)); fi
  if ((status == 0)); then
    passed=$((passed + 1))
    good[$label]=$((${good[$label]:-0} + 1))
    printf 'ok   %s (%s s)\n' "$label" "$took"
    return
  fi
  failed=$((failed + 1))
  printf 'FAIL %s (%s s)\n' "$label" "$took"
  ((status != 124)) || printf '     | it was ended after %s s\n' "$took"
  cp "$logs/${label// /_}.log" "$logs/${label// /_}.failed.log"
  { grep '^FAIL' "$logs/${label// /_}.log" || true; tail -n 250 "$logs/${label// /_}.log"; } | sed 's/^/     | /'
}

# run_those TRAIT JOBS: scenarios whose second line has the trait; an empty one, those without any.
run_those() {
  local name trait greeting n
  for name in "${names[@]}"; do
    trait=$(trait_of "$name")
    [[ $trait == "$1" ]] || continue
    local each=('')
    [[ $trait != greetings* ]] || read -ra each <<<"$greetings"
    for greeting in "${each[@]}"; do
      for ((n = 0; n < repeat; ++n)); do
        while ((${#running[@]} - waiting >= $2)); do finish_one; done
        start "$name" "$greeting"
        [[ $trait != slow ]] || waiting=$((waiting + 1))
      done
    done
  done
}
finish_all() { while ((${#running[@]} > 0)); do finish_one; done; }

work=$(mktemp -d)
busy=()
# shellcheck disable=SC2317  # called by the trap
clean_up() {
  local pid
  for pid in "${!running[@]}"; do { kill "$pid" && wait "$pid"; } || true; done 2>/dev/null
  for pid in "${busy[@]}"; do { kill "$pid" && wait "$pid"; } || true; done 2>/dev/null
  [[ -z ${FLEET_CLUSTER:-} ]] || bash postgres.sh "$FLEET_CLUSTER" stop || true
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# The database that every scenario begins with takes seconds to make: once, and copied.
chmod 711 "$work"
export FLEET_TEMPLATE=$work/data
if [[ -n ${FLEET_ARCHIVE:-} ]]; then
  tar -C "$work" -xf "$FLEET_ARCHIVE"
else
  PATIENCE=${PATIENCE:-5} env -u FLEET_TEMPLATE bash -c 'source lib.sh; database_start; postgres_stop; cp -a "$WORK/postgres/data" "$0"' "$work" \
    >"$logs/template.log" 2>&1 || { cat "$logs/template.log"; exit 1; }
fi
if [[ -n $archive ]]; then tar -C "$work" -cf "$archive" data; exit; fi
if [[ $load == yes ]]; then
  for ((n = $(nproc); n > 0; --n)); do
    timeout 24h bash -c 'while :; do :; done' &
    busy+=($!)
  done
fi
if [[ -z ${PATIENCE:-} ]]; then
  PATIENCE=$(bash calibrate.sh 2>"$logs/calibrate.log") || { cat "$logs/calibrate.log"; exit 1; }
  tail -n 1 "$logs/calibrate.log"
fi
export PATIENCE
if [[ $share == yes ]]; then
  # shellcheck source=lib.sh
  (source lib.sh && database_share "$work/postgres") >"$logs/template.log" 2>&1 || { cat "$logs/template.log"; exit 1; }
  export FLEET_CLUSTER=$work/postgres
fi

run_those slow "$jobs"
run_those 'greetings: all' "$jobs"
run_those '' "$jobs"
finish_all
run_those alone 1
finish_all
if ((repeat > 1)); then
  printf '== of %d runs of each passed\n' "$repeat"
  for label in "${!tried[@]}"; do printf '%6d of %d  %s\n' "${good[$label]:-0}" "${tried[$label]}" "$label"; done | sort -k4
fi
printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
