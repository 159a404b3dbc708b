#!/usr/bin/env bash
# Fails when a row of the first table of docs/threat-model.md names no test that would fail without its defence, or one that
# is not there.
set -euo pipefail
cd "$(dirname "$0")/.."
document=docs/threat-model.md
faults=0
fault() { printf 'check-threats: %s\n' "$*" >&2; faults=$((faults + 1)); }

# The rows below the line of dashes, without what is escaped.
rows=$(awk '/^\|-/ { inside = 1; next } inside && !/^\|/ { exit } inside' "$document" | sed 's/\\|/ /g')
header=$(grep -m 1 '^|' "$document")
columns=$(tr -dc '|' <<<"$header" | wc -c)
[[ $header == *'| held by |' ]] || fault "the first table has no column 'held by' at its end"
[[ -n $rows ]] || fault "the first table has no row"

while IFS= read -r row; do
  who=$(cut -d '|' -f 2 <<<"$row" | sed 's/^ *//; s/ *$//')
  (($(tr -dc '|' <<<"$row" | wc -c) == columns)) || { fault "'$who' has not as many columns as the header"; continue; }
  files=$(cut -d '|' -f "$columns" <<<"$row" | grep -oE '`[^`]+`' | tr -d '`' || true)
  [[ -n $files ]] || fault "'$who' names no test"
  while IFS= read -r file; do
    [[ -z $file || -f tests/$file ]] || fault "'$who' names tests/$file, which is not there"
  done <<<"$files"
done <<<"$rows"

((faults == 0)) || exit 1
echo "check-threats: $(wc -l <<<"$rows") threats, each with its tests"
