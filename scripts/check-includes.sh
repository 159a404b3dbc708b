#!/usr/bin/env bash
# Holds every #include under service/ against the table of who may include whom (docs/design.md), and keeps
# third-party types out of headers. Usage: scripts/check-includes.sh [DIRECTORY], by default service/.
set -euo pipefail
cd "$(dirname "$0")/.."
root=${1:-service}

# folder: folders that it may include, beside itself.
stages="events authenticate admit lookup install peers greet watch revalidate evict"
declare -A may=(
  [base]=""
  [handoff]="base"
  [wire]="base"
  [kernel]="base"
  [metrics]="base handoff wire"
  [postgres]="base"
  [settings]="base postgres"
  [events]="base handoff wire kernel metrics"
  [authenticate]="base handoff wire metrics"
  [initiator]="base handoff wire authenticate"
  [admit]="base handoff metrics"
  [lookup]="base handoff metrics postgres"
  [registry]="base postgres"
  [install]="base handoff kernel metrics"
  [peers]="base handoff kernel"
  [revalidate]="base handoff"
  [greet]="base handoff wire kernel metrics"
  [watch]="base handoff kernel metrics"
  [evict]="base handoff kernel metrics"
  [control]="base handoff"
  [flow]="base handoff wire kernel metrics $stages"
  [daemon]="base handoff wire kernel metrics postgres settings flow control $stages"
  [cli]="base control postgres registry"
  [manual]="cli daemon flood"
  [flood]="base handoff wire kernel initiator"
)
# Headers of other projects that a header of ours may show. Our own types hide everything else, except in
# kernel/ and postgres/, which exist to adapt it, and in registry/, which is used by the tool alone.
open_headers='^(tl/expected\.hpp|sodium\.h)$'

faults=0
fault() { printf '%s\n' "$*" >&2; faults=$((faults + 1)); }

while IFS=: read -r file line text; do
  folder=${file#"$root"/}; folder=${folder%%/*}
  included=$(sed -E 's/^[^"]*"([^"]+)".*$/\1/' <<<"$text")
  target=${included%%/*}
  if [[ ! -v may[$folder] ]]; then
    fault "$file:$line: folder '$folder' is not in the include table; add it to scripts/check-includes.sh and docs/design.md"
  elif [[ $included != */* ]]; then
    fault "$file:$line: \"$included\" has no folder; write it as \"$folder/$included\""
  elif [[ $target != "$folder" && " ${may[$folder]} " != *" $target "* ]]; then
    fault "$file:$line: $folder/ may not include $target/ (allowed: ${may[$folder]:-nothing})"
  fi
done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$root" --include='*.hpp' --include='*.cpp' --include='*.h')

while IFS=: read -r file line text; do
  folder=${file#"$root"/}; folder=${folder%%/*}
  [[ $folder == kernel || $folder == postgres || $folder == registry ]] && continue
  included=$(sed -E 's/^[^<]*<([^>]+)>.*$/\1/' <<<"$text")
  # The C and C++ standard libraries and Linux have no dot or a known folder; everything else is third-party.
  [[ $included =~ ^[a-z_0-9]+$ || $included =~ ^(sys|netinet|arpa|linux|net)/ || $included == unistd.h || $included == pthread.h ]] && continue
  [[ $included =~ $open_headers ]] && continue
  fault "$file:$line: <$included> in a header; keep third-party types in .cpp files, in kernel/, in postgres/ or in registry/"
done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*<' "$root" --include='*.hpp')

if ((faults > 0)); then
  printf '%d include fault(s)\n' "$faults" >&2
  exit 1
fi
echo "includes: OK"
