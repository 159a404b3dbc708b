#!/usr/bin/env bash
# An IPv6-only gateway behind a translator: each IPv4 client is one address of 64:ff9b::/96. Sixty devices begin at once and
# all get in; one address of them has no more than its own budget.
#
#   CL  knock, from 64:ff9b::198.51.100.x --- up0 2001:db8::2 ======== 2001:db8::1 up0 --- wgs  GW
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
write_config "$WORK/config.yaml" "$WGS" demo <<<"admission: {per-address: {rate: 1/m, burst: 3}}"
daemon_start "$GW" "$WORK/config.yaml"
run ip -n "$GW" -6 route add 64:ff9b::/96 via 2001:db8::2
for i in {1..60}; do
  key=$(key_pair "device$i")
  printf "SELECT wg_provision.add_peer('demo', '%s', '{10.80.7.%d/32}');\n" "$key" "$i"
done | psql "$(postgres_dsn dbname=fleet)" -v ON_ERROR_STOP=1 -Xq >/dev/null

# from NUMBER MODE [ARGUMENTS...]: from the translated address 198.51.100.NUMBER.
from() {
  KNOCK_AT='[2001:db8::1]:51820' knock "$CL" "${@:2}" \
    --source-prefix "64:ff9b::c633:$(printf '64%02x' "$1")/128" --source-spread 1 >/dev/null
}
for i in {1..60}; do from "$i" key --private-key-file "$WORK/device$i.key"; done
check "all are let in with their first packet" wait_for 5 metric_is peers_installed_total 60
check "nobody is over a budget" refused_times source_budget 0

from 77 random --count 60
check "one address of them has its own budget" wait_for 3 metric_at_least 'refusals_total{reason="source_budget"}' 30
