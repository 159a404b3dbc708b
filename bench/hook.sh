#!/bin/bash
# The baseline of connect-latency: what a script does that a listener starts for each event. It is handed the key and
# where it came from; finding those out is not its work and is not measured.
#   PSQL=... DSN=... INTERFACE=... hook.sh PUBLIC_KEY ENDPOINT
set -euo pipefail
row=$("$PSQL" "$DSN" -XAtc "SELECT verdict, array_to_string(allowed_ips, ','), keepalive_seconds
  FROM wg_provision.find_peers_of(ARRAY['demo'], ARRAY[decode('$1', 'base64')])")
IFS='|' read -r verdict allowed_ips keepalive <<<"$row"
[[ $verdict == found ]]
wg set "$INTERFACE" peer "$1" endpoint "$2" allowed-ips "$allowed_ips" persistent-keepalive "$((keepalive > 0 ? keepalive : 25))"
