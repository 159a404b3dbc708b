#!/usr/bin/env bash
# The probe's refusals in the kernel of this machine, through BPF_PROG_TEST_RUN: no packets, no
# WireGuard, but root. Prints a line per test, "ok NAME" or "FAIL NAME".
set -uo pipefail
cd "$(dirname "$0")/../.."
program=${BUILD_DIR:-$PWD/build/dev}/tests/bpf_test
if [[ ! -x $program ]]; then
  printf 'FAIL bpf_test is not built (libbpf-dev, clang and bpftool)\n'
  exit 1
fi
report=$(mktemp)
trap 'rm -f "$report"' EXIT
status=0
"$program" >"$report" 2>&1 || status=$?
sed -n 's/^\[       OK \] \([A-Za-z0-9.]*\).*/ok \1/p; s/^\[  FAILED  \] \(.*\) (.* ms)$/FAIL \1/p' "$report"
((status == 0)) || cat "$report"
exit "$status"
