#!/usr/bin/env bash
# Fails when files of a peer's life call each other in a circle: no two of them, NAME.hpp and NAME.cpp taken as one, may need
# each other, neither directly nor by way of others. What a file calls it includes.
set -euo pipefail
cd "$(dirname "$0")/../service"
folders=(peers greet watch revalidate evict flow)

# FILE FILE for each include, without the endings.
pairs=$(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "${folders[@]}" --include='*.hpp' --include='*.cpp' |
  sed -E 's|^([^:]+)\.[a-z]+:[0-9]+:[^"]*"([^"]+)\.[a-z]+".*$|\1 \2|' | awk '$1 != $2')
circles=$({ tsort <<<"$pairs" 2>&1 >/dev/null || true; } | sed -nE 's|^tsort: (.*/.*)$|  \1|p')
if [[ -n $circles ]]; then
  printf 'circles: these files need each other:\n%s\n' "$circles" >&2
  exit 1
fi
printf 'circles: none in %s\n' "${folders[*]}"
