# Many registered keys, and the clients that hold them. Sourced after lib.sh, by scenarios and benchmarks.
# shellcheck shell=bash
# shellcheck disable=SC2154  # variables of lib.sh

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

# crowd_start FILE [RATE [OPTION...]]: a client for each private key in FILE, each with an address in 198.18.0.0/15 behind CL.
# With RATE, so many of them come each second, not all at once (0); the options are those of tools/crowd.cpp.
crowd_start() {
  run ip -n "$CL" route add local 198.18.0.0/15 dev lo
  run ip -n "$GW" route add 198.18.0.0/15 via 192.0.2.2
  coproc CROWD { exec ip netns exec "$CL" "$BUILD_DIR/tests/crowd" --private-key-file "$1" \
    --responder "$GATEWAY_KEY" --to 192.0.2.1:51820 --source-prefix 198.18.0.0/15 --rate "${2:-0}" "${@:3}"; }
  PIDS+=("$CROWD_PID")
}
# crowd_comes: all at once, each until it has a session; what tools/crowd.cpp tells of it is in CROWD_STORY.
crowd_comes() {
  printf 'come\n' >&"${CROWD[1]}"
  read -r CROWD_STORY <&"${CROWD[0]}"
  say "the crowd: $CROWD_STORY"
}
# crowd_told FIELD
crowd_told() { sed -nE "s/.*\"$1\":([0-9.]+).*/\1/p" <<<"$CROWD_STORY"; }
crowd_is_up() { (($(crowd_told up) == $(crowd_told clients))); }
