-- wg_provision.add_peer: one call makes a complete peer, and says what is wrong in words an administrator can use.
BEGIN;
SET search_path = public, wg_provision;
SELECT plan(18);

INSERT INTO networks (name) VALUES ('office'), ('fleet');

SELECT isnt(
    add_peer('office', 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=', '{10.0.0.2/32,fd00::2/128}'), NULL,
    'the shortest call');
SELECT is(encode(public_key, 'base64'), 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=', 'the key as wg prints it')
    FROM peers;
SELECT is(array_agg(prefix ORDER BY prefix), '{10.0.0.2/32,fd00::2/128}'::cidr[], 'its allowed IPs') FROM allowed_ips;
SELECT is((keepalive_seconds, enabled, preshared_key, not_before, expires_at, name, comment),
    (0, true, NULL::bytea, NULL::timestamptz, NULL::timestamptz, NULL::text, NULL::text), 'its defaults') FROM peers;

SELECT isnt(
    add_peer(network => 'office', public_key => 'TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=',
        allowed_ips => '{10.0.0.3/32}', preshared_key => 'gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA=',
        keepalive_seconds => 25, enabled => false, not_before => '2030-01-01', expires_at => '2031-01-01',
        name => 'laptop', comment => 'lent'), NULL, 'every argument');
SELECT is((encode(preshared_key, 'base64'), keepalive_seconds, enabled, not_before, expires_at, comment),
    ('gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA='::text, 25, false, '2030-01-01'::timestamptz,
        '2031-01-01'::timestamptz, 'lent'::text), 'and its column') FROM peers WHERE name = 'laptop';
SELECT isnt(add_peer('office', 'gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA=', '{}'), NULL, 'no allowed IPs');

PREPARE unknown_network AS SELECT add_peer('offise', 'Hf9Yk6mDLZ9q5wXsOY1gKpU1VMMfDQ8i0hQm3gJcN2M=', '{}');
SELECT throws_ok('unknown_network', '23503', 'there is no network "offise"');
SELECT throws_ok(format('SELECT add_peer(''office'', %L, ''{}'')', bad), '22023',
    'public_key is not a WireGuard key: 44 characters of base64, as "wg pubkey" prints it')
    FROM unnest(ARRAY['', 'short', 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dh=',
        'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg', E'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n']) AS bad;
SELECT throws_ok($$SELECT add_peer('office', 'Hf9Yk6mDLZ9q5wXsOY1gKpU1VMMfDQ8i0hQm3gJcN2M=', '{}', preshared_key => 'x')$$,
    '22023', 'preshared_key is not a WireGuard key: 44 characters of base64, as "wg pubkey" prints it');
SELECT throws_ok($$SELECT add_peer('office', NULL, '{}')$$, '22004', 'network and public_key must be given');
SELECT throws_ok($$SELECT add_peer('office', 'Hf9Yk6mDLZ9q5wXsOY1gKpU1VMMfDQ8i0hQm3gJcN2M=', ARRAY[NULL]::cidr[])$$,
    '22004', 'allowed_ips holds a NULL');
SELECT throws_ok($$SELECT add_peer('fleet', 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=', '{}')$$, '23505',
    'this public key is already peer 1 of network "office"');
SELECT throws_ok($$SELECT add_peer('office', 'Hf9Yk6mDLZ9q5wXsOY1gKpU1VMMfDQ8i0hQm3gJcN2M=', '{10.0.0.0/24}')$$, '23P01',
    'allowed IP 10.0.0.0/24 overlaps 10.0.0.2/32 of peer 1');

SELECT * FROM finish();
ROLLBACK;
