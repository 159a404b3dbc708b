#!/usr/bin/env bash
# clang-tidy over all C++ sources, with the compile commands of a configured build (default build/dev).
#   scripts/tidy.sh [FILE...]
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD_DIR:-build/dev}
[[ -f $build/compile_commands.json ]] || { echo "no $build/compile_commands.json: run cmake --preset dev first" >&2; exit 2; }
if (($# > 0)); then
  files=("$@")
else
  mapfile -t files < <(git ls-files -co --exclude-standard 'service/*.cpp' 'tests/*.cpp' 'bench/*.cpp' | grep -v '^tests/fuzz/')
fi
# Without the precompiled headers: they are the compiler's, and would hide a missing include.
commands=$(mktemp -d)
trap 'rm -rf "$commands"' EXIT
sed -E 's/ -(include [^ ]*cmake_pch\.hxx|Winvalid-pch|fpch-preprocess)//g' "$build/compile_commands.json" \
  >"$commands/compile_commands.json"
printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P 2 clang-tidy -p "$commands" --quiet 2> >(grep -v 'warnings generated' >&2)
