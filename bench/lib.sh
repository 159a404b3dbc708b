# Shared by the benchmarks. Sourced after tests/integration/lib.sh.
# shellcheck shell=bash
# shellcheck disable=SC2154  # variables of tests/integration/lib.sh

# register_keys COUNT FILE: COUNT fresh private keys in FILE, their public keys in the network demo, each with one
# address from 10.64.0.1 on.
register_keys() {
  say "+ register $1 keys"
  "$BUILD_DIR/tests/knock" genkeys --count "$1" --out "$2" >"$2.public"
  psql "$(postgres_dsn dbname=fleet)" -v ON_ERROR_STOP=1 -Xqc "
    CREATE TEMPORARY TABLE fresh (n integer GENERATED ALWAYS AS IDENTITY, key text);
    COPY fresh (key) FROM STDIN;
    WITH made AS (
      INSERT INTO wg_provision.peers (network_id, public_key)
      SELECT networks.id, decode(fresh.key, 'base64') FROM fresh, wg_provision.networks WHERE name = 'demo'
      RETURNING id, network_id)
    INSERT INTO wg_provision.allowed_ips (peer_id, network_id, prefix)
    SELECT id, network_id, set_masklen(inet '10.64.0.0' + id, 32)::cidr FROM made;
    ANALYZE wg_provision.peers, wg_provision.allowed_ips, wg_provision.networks;" <"$2.public"
}
