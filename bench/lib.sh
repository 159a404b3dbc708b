# Shared by the benchmarks. Sourced after tests/integration/lib.sh.
# shellcheck shell=bash

# Of the numbers on standard input, one per line; of an even count, the lower of the two in the middle.
median() { sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'; }
