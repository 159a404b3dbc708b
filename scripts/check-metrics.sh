#!/bin/sh
# Fails when docs/metrics.md and the table in service/metrics/series.cpp differ in a name, type or label.
set -eu
cd "$(dirname "$0")/.."
source=service/metrics/series.cpp
document=docs/metrics.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# counter<&M::x>("name", "label", ...   and   Series{Kind::gauge, "name", "label", ...
tr '\n' ' ' <"$source" |
    grep -oE '(counter|gauge|histogram)(<&M::[a-z_]+>\(|,) *"[a-z_]+", *"[a-z]*"' |
    sed -E 's/^([a-z]+)[^"]*"([a-z_]+)", *"([a-z]*)"$/\2 \1 \3/; s/ $/ -/' >"$work/source"

# | `name` | type | `label` or - | ...
sed -nE 's/^\| `((wg_provisiond|process)_[a-z_]+)` \| ([a-z]+) \| (`([a-z]+)`|-) \|.*/\1 \3 \4/p' "$document" |
    tr -d '`' >"$work/document"

if [ ! -s "$work/source" ]; then
    echo "check-metrics: found no metric in $source" >&2
    exit 1
fi
if ! diff -u "$work/source" "$work/document" >"$work/difference"; then
    echo "check-metrics: $document (+) does not list what $source (-) has, in the same order:" >&2
    sed 1,2d "$work/difference" >&2
    exit 1
fi
echo "check-metrics: $(wc -l <"$work/source") metrics, all documented"
