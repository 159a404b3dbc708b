#!/usr/bin/env bash
# What the scenario busy_device.sh begins with, made on the host, because an emulated machine takes minutes for it:
#
#   tests/scale/prepare.sh FOLDER     fleet.tar    a database cluster with all peers
#                                     idle.conf    those that are on the device when the daemon starts
#                                     peers.conf   those that come onto it by hand
#                                     revoked.keys public keys of those that are revoked
#                                     idle.key, new.key, silent.key   private keys of those that knock
#
# FLEET_ARCHIVE is used where it is given. The numbers are in numbers.sh.
folder=$(realpath -m "${1:?a folder}")
source "$(dirname "$0")/../integration/lib.sh"
# shellcheck source=../integration/crowd.sh
source "$ROOT/tests/integration/crowd.sh"
# shellcheck source=numbers.sh
source "$ROOT/tests/scale/numbers.sh"

mkdir -p "$folder"
[[ -z ${FLEET_ARCHIVE:-} ]] || { tar -C "$WORK" -xf "$FLEET_ARCHIVE"; FLEET_TEMPLATE=$WORK/data; }
database_start
# stanzas OFFSET: of all rows but so many, for `wg addconf`.
stanzas() {
  sql "SELECT format(E'[Peer]\nPublicKey = %s\nAllowedIPs = %s', encode(public_key, 'base64'), prefix)
       FROM wg_provision.peers JOIN wg_provision.allowed_ips ON peer_id = peers.id ORDER BY peers.id OFFSET $1"
}
register_keys "$idlers" "$folder/idle.key"
stanzas 0 >"$folder/idle.conf"
# Those that only stand there need no private key, so any 32 bytes are one.
sql "WITH made AS (
       INSERT INTO wg_provision.peers (network_id, public_key)
       SELECT networks.id, sha256(format('%s %s', random(), n)::bytea)
       FROM wg_provision.networks, generate_series(1, $((peers - idlers))) AS n WHERE name = 'demo'
       RETURNING id, network_id)
     INSERT INTO wg_provision.allowed_ips (peer_id, network_id, prefix)
     SELECT id, network_id, set_masklen(inet '10.64.0.0' + id, 32)::cidr FROM made"
stanzas "$idlers" >"$folder/peers.conf"
sql "SELECT encode(public_key, 'base64') FROM wg_provision.peers ORDER BY id DESC
     LIMIT $((revoked_at_once * seconds))" >"$folder/revoked.keys"
register_keys "$newcomers" "$folder/new.key"
register_keys "$silent" "$folder/silent.key"
sql "VACUUM ANALYZE"
postgres_stop
postgres_as_owner "$(postgres_program pg_resetwal)" -D "$WORK/postgres/data" # its log would be most of the archive
tar -C "$WORK/postgres" -cf "$folder/fleet.tar" data
