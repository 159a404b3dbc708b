#!/usr/bin/env bash
# Formats all C++ and C sources. `scripts/format.sh --check` changes nothing and fails when something would.
set -euo pipefail
cd "$(dirname "$0")/.."
mode=(-i)
[[ ${1:-} == --check ]] && mode=(--dry-run --Werror)
find service tests bench -name '*.[ch]pp' -print0 | xargs -0 clang-format --style=file "${mode[@]}"
