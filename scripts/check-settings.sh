#!/bin/sh
# Fails when config/wg-provisiond.yaml does not document exactly the keys that service/settings/keys.cpp reads.
# (A unit test compares the defaults.)
set -eu
cd "$(dirname "$0")/.."
source=service/settings/keys.cpp
document=config/wg-provisiond.yaml
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# field<&Database::sessions>("sessions", ...   or   Field<Database>{"dsn", ...   ->   Database sessions
tr '\n' ' ' <"$source" |
    grep -oE '(field<&[A-Z][a-z]+::[a-z_]+>\(|Field<[A-Z][a-z]+>\{) *"[a-z-]+"' |
    sed -E 's/^.*[<&]([A-Z][a-z]+)[^"]*"([a-z-]+)"/\1 \2/' |
    sed -E 's/^Settings //; s/^Interface /interfaces./; s/^([A-Z][a-z]+) /\L\1./' | sort >"$work/source"

# A setting of no section ("# key: value" at the beginning of a line, and no more); then those of the sections: settings in
# use ("key:", "- key:"), at their default ("#key:"), and alternatives alone on a comment line ("# key: x").
awk '
    /^[a-z-]+:/ { section = $1; sub(":", "", section); next }
    /^# [a-z-]+: [a-z0-9-]+$/ { key = $2; sub(":", "", key); print key; next }
    match($0, /^ +(- |#|# )?[a-z-]+:( |$)/) {
        key = $0; sub(/^ +(- |#|# )?/, "", key); sub(/:.*/, "", key)
        print section "." key
    }' "$document" | sort >"$work/document"

if [ ! -s "$work/source" ]; then
    echo "check-settings: found no key in $source" >&2
    exit 1
fi
if ! diff -u "$work/source" "$work/document" >"$work/difference"; then
    echo "check-settings: $document (+) does not document what $source (-) reads:" >&2
    sed 1,2d "$work/difference" >&2
    exit 1
fi
echo "check-settings: $(wc -l <"$work/source") settings, all documented"
