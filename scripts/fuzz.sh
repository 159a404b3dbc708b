#!/usr/bin/env bash
# Feeds bytes to whatever reads bytes from outside, and ends with a line "N passed, N failed". Two targets at a time.
#
#   scripts/fuzz.sh --seconds 20             each target for so long; what is found new is thrown away
#   scripts/fuzz.sh 8                        all targets in 8 hours; what is found new is merged into tests/fuzz/corpus
#   scripts/fuzz.sh --seconds 60 frame csv   only these
#
# A failure is shown with the file that brings it about, which is kept in build/fuzz/failures. Each begins with its corpus.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=lib.sh
source scripts/lib.sh

usage() { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }

seconds=
hours=
names=()
while (($# > 0)); do
  case $1 in
    --seconds) seconds=${2:-}; [[ $seconds =~ ^[1-9][0-9]{0,6}$ ]] || usage; shift ;;
    [0-9]* | .[0-9]*) hours=$1; [[ $hours =~ ^[0-9]{0,4}(\.[0-9]{1,3})?$ ]] || usage ;;
    -*) usage ;;
    *) names+=("fuzz_${1#fuzz_}") ;;
  esac
  shift
done
if [[ -z $seconds$hours || (-n $seconds && -n $hours) ]]; then usage; fi
((${#names[@]} > 0)) || mapfile -t names < <(cd tests/fuzz && printf '%s\n' fuzz_*.cpp | sed 's/\.cpp$//')
for name in "${names[@]}"; do
  [[ -e tests/fuzz/$name.cpp ]] || { printf 'no target %s: see tests/fuzz\n' "$name" >&2; exit 2; }
done
if [[ -n $hours ]]; then
  seconds=$(awk -v hours="$hours" -v targets="${#names[@]}" 'BEGIN { print int(hours * 3600 * 2 / targets) }')
  ((seconds > 0)) || { printf 'that is less than a second for each of %d targets\n' "${#names[@]}" >&2; exit 2; }
fi

install_packages "${build_packages[@]}" "${fuzz_packages[@]}"
build fuzz "${names[@]}"

failures=build/fuzz/failures
mkdir -p "$failures"
scratch=$(mktemp -d)
declare -A running=() # process: target
stop() {
  ((${#running[@]} == 0)) || kill "${!running[@]}" 2>/dev/null || true
  wait
  rm -rf "$scratch"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# What an input may cost: one that takes more is a failure, too.
limits=(-max_len=4096 -timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=512)
export ASAN_OPTIONS=allow_addr2line=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=print_stacktrace=1

start() { # TARGET
  mkdir -p "$scratch/$1" "tests/fuzz/corpus/$1"
  nice -n 5 "build/fuzz/tests/fuzz/$1" "${limits[@]}" -max_total_time="$seconds" \
    -artifact_prefix="$failures/$1-" "$scratch/$1" "tests/fuzz/corpus/$1" >"$scratch/$1.log" 2>&1 </dev/null &
  running[$!]=$1
}

passed=0
failed=0
finish() { # TARGET STATUS
  local file
  if (($2 == 0)); then
    passed=$((passed + 1))
    printf 'ok %s\n' "$1"
    return
  fi
  failed=$((failed + 1))
  grep -vE '^#[0-9]+[[:space:]]+(NEW|REDUCE|pulse|RELOAD)|NEW_FUNC|NEW_PC' "$scratch/$1.log" | tail -n 40
  file=$(sed -n "s|.*Test unit written to \($failures/.*\)|\1|p" "$scratch/$1.log" | tail -n 1)
  if [[ -n $file ]]; then
    printf 'kept in %s; again: build/fuzz/tests/fuzz/%s %s\n' "$file" "$1" "$file"
    head -c 512 "$file" | od -A d -t x1z
  else
    printf 'ended with status %d, and no input to show\n' "$2"
  fi
  printf 'FAIL %s\n' "$1"
}

# Waits for one of those that run.
finish_one() {
  local process status=0
  wait -n -p process "${!running[@]}" || status=$?
  local name=${running[$process]}
  unset "running[$process]"
  finish "$name" "$status"
}

printf '== %d targets, %d s each\n' "${#names[@]}" "$seconds"
for name in "${names[@]}"; do
  ((${#running[@]} < 2)) || finish_one
  start "$name"
done
while ((${#running[@]} > 0)); do finish_one; done

if [[ -n $hours ]]; then
  for name in "${names[@]}"; do
    before=$(find "tests/fuzz/corpus/$name" -type f | wc -l)
    "build/fuzz/tests/fuzz/$name" "${limits[@]}" -merge=1 "tests/fuzz/corpus/$name" "$scratch/$name" \
      >"$scratch/$name.log" 2>&1 </dev/null || { tail -n 20 "$scratch/$name.log"; printf 'nothing of %s was merged\n' "$name"; }
    printf '%s: %d new files\n' "tests/fuzz/corpus/$name" "$(($(find "tests/fuzz/corpus/$name" -type f | wc -l) - before))"
  done
fi
printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
