#!/usr/bin/env bash
# clang-tidy over all C++ sources, each compiled by itself, or over some.
#   scripts/tidy.sh [FILE...]
set -euo pipefail
cd "$(dirname "$0")/.."
build=build/tidy
# Not in groups, as the build compiles them: clang-tidy looks a file up by its name.
cmake --preset dev -B "$build" -DCMAKE_UNITY_BUILD=OFF >/dev/null
mapfile -t generated < <(ninja -C "$build" -t targets all | sed -nE 's/^(generated\/[^:]+\.skel\.h): .*/\1/p')
((${#generated[@]} == 0)) || ninja -C "$build" "${generated[@]}" >/dev/null
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
