#!/usr/bin/env bash
# docs/operations.md says how to ask a running gateway and how to try one: its blocks are run as they stand there, in their
# order, each as a shell of its own on the gateway. What a line "# => TEXT" shows must be in what the block prints. A block
# whose first line is "# dry-run: true" is run beside a daemon in a dry run, after the device has knocked.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

page=$ROOT/docs/operations.md
database_start
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/config.yaml" "$WGS" demo </dev/null
daemon_start "$GW" "$WORK/config.yaml"

# Each block of sh below the heading, as $WORK/blocks/LINE, LINE being its first line's in the page.
mkdir "$WORK/blocks"
awk -v dir="$WORK/blocks" '
  /^## Asking and trying/ { inside = 1 }
  inside && /^```sh$/ { file = sprintf("%s/%04d", dir, NR + 1); next }
  /^```$/ { if (file) close(file); file = "" }
  file { print > file }' "$page"
blocks=("$WORK"/blocks/*)
check "the page has its blocks" test "${#blocks[@]}" -ge 5

is_dry_run=no
try_it() {
  is_dry_run=yes
  daemon_stop
  sed -i 's/network: demo,/network: demo, dry-run: true,/' "$WORK/config.yaml"
  daemon_start "$GW" "$WORK/config.yaml"
  client_start
  refute "the device gets no tunnel" pings "$CL" 10.80.0.1 1
  check "the device has knocked" wait_for 8 metric_at_least dry_run_installs_total 1
}

run_block() { # FILE
  local line=$((10#${1##*/})) output status=0 expected
  [[ $(head -n 1 "$1") != '# dry-run: true' || $is_dry_run == yes ]] || try_it
  output=$(KEY=$CLIENT_KEY ADDRESS=192.0.2.2 INTERFACE=$WGS WG_PROVISIOND_SOCKET=$WORK/control.sock \
    PATH=$BUILD_DIR/service:$PATH in_net "$GW" bash -eo pipefail "$1" 2>&1) || status=$?
  printf '%s\n' "$output" | sed 's/^/  | /'
  check "the block of line $line succeeds" test "$status" = 0
  while IFS= read -r expected; do
    check "line $line prints \"$expected\"" grep -qF -e "$expected" <<<"$output"
  done < <(sed -n 's/^# => //p' "$1")
}
for block in "${blocks[@]}"; do run_block "$block"; done
check "all of them were run" test "$is_dry_run" = yes
