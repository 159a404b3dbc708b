-- What lies in which range, where the addresses of new peers come from, and what nobody writes by mistake. All of this
-- is one transaction, in which now() stands still: what is held for no time is free at once.
BEGIN;
SET search_path = public, wg_provision;
SELECT plan(260);

CREATE FUNCTION pg_temp.key(n integer) RETURNS bytea LANGUAGE sql AS $$ SELECT sha256(int4send(n)) $$;
CREATE FUNCTION pg_temp.base64(n integer) RETURNS text LANGUAGE sql AS $$
    SELECT encode(pg_temp.key(n), 'base64')
$$;
-- Adds a peer and tells its addresses.
CREATE FUNCTION pg_temp.given(network text, n integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    added CONSTANT bigint := wg_provision.add_peer(network, pg_temp.base64(n));
BEGIN
    RETURN (SELECT string_agg(host(prefix), ' ' ORDER BY prefix) FROM wg_provision.allowed_ips WHERE peer_id = added);
END
$$;
CREATE FUNCTION pg_temp.by_hand(network text, n integer, VARIADIC prefixes cidr[]) RETURNS bigint LANGUAGE sql AS $$
    SELECT wg_provision.add_peer(network, pg_temp.base64(n), prefixes)
$$;
CREATE FUNCTION pg_temp.remove(n integer) RETURNS void LANGUAGE sql AS $$
    DELETE FROM wg_provision.peers WHERE public_key = pg_temp.key(n)
$$;
-- The statement fails with this constraint's name.
CREATE FUNCTION pg_temp.refused_by(statement text, wanted text, words text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    actual text;
BEGIN
    EXECUTE statement;
    RETURN fail(wanted || ' refuses ' || words);
EXCEPTION WHEN integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS actual = CONSTRAINT_NAME;
    RETURN is(actual, wanted, wanted || ' refuses ' || words);
END
$$;
CREATE FUNCTION pg_temp.peer_refused(col text, val anyelement, wanted text, words text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.refused_by(format(
        'INSERT INTO wg_provision.peers (network_id, public_key, %I) VALUES (1, sha256(''new''), %L)',
        col, val), wanted, words)
$$;
CREATE FUNCTION pg_temp.peer_taken(col text, val anyelement, words text) RETURNS text LANGUAGE sql AS $$
    SELECT lives_ok(format(
        'INSERT INTO wg_provision.peers (network_id, public_key, %I) VALUES (1, sha256(convert_to(%L, ''UTF8'')), %L)',
        col, words, val), words)
$$;
CREATE FUNCTION pg_temp.network_refused(col text, val text, wanted text, words text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.refused_by(format('INSERT INTO wg_provision.networks (name, %I) VALUES (''new'', %L)', col, val),
        wanted, words)
$$;
CREATE FUNCTION pg_temp.network_taken(col text, val text, words text) RETURNS text LANGUAGE sql AS $$
    SELECT lives_ok(format('UPDATE wg_provision.networks SET %I = %L WHERE name = ''spare''', col, val), words)
$$;
CREATE FUNCTION pg_temp.pool_refused(arguments text, wanted text, words text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.refused_by(format('SELECT wg_provision.add_pool(''spare'', %s)', arguments), wanted, words)
$$;
-- First and last address of a new pool, which is deleted again.
CREATE FUNCTION pg_temp.extent(prefix cidr, first_address inet DEFAULT NULL,
    last_address inet DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql AS $$
DECLARE
    added CONSTANT integer := wg_provision.add_pool('spare', prefix, 'sequential', first_address, last_address);
    found wg_provision.pools;
BEGIN
    DELETE FROM wg_provision.pools p WHERE p.id = added RETURNING * INTO found;
    RETURN host(found.first_address) || ' ' || host(found.last_address);
END
$$;

INSERT INTO networks (name) VALUES ('office'), ('spare');

-- keys of low order, as in RFC 7748 and with the bit that is ignored
CREATE TEMP TABLE low_order (n, key) AS SELECT n, decode(hex, 'hex') FROM (VALUES
    (0, repeat('00', 32)),
    (1, '01' || repeat('00', 31)),
    (2, 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'),
    (3, '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157'),
    (4, 'ec' || repeat('ff', 30) || '7f'),
    (5, 'ed' || repeat('ff', 30) || '7f'),
    (6, 'ee' || repeat('ff', 30) || '7f')) AS points (n, hex);
SELECT pg_temp.refused_by(format('INSERT INTO wg_provision.peers (network_id, public_key) VALUES (1, %L)', key),
    CASE n WHEN 0 THEN 'peers_public_key_shape' ELSE 'peers_public_key_usable' END,
        'low-order key ' || n) FROM low_order;
SELECT pg_temp.refused_by(format('INSERT INTO wg_provision.peers (network_id, public_key) VALUES (1, %L)',
    set_byte(key, 31, get_byte(key, 31) | 128)), 'peers_public_key_usable',
        format('low-order key %s with the highest bit', n))
    FROM low_order;
SELECT pg_temp.refused_by(format('SELECT wg_provision.add_peer(''office'', %L, ''{}'')', encode(key, 'base64')),
    'peers_public_key_usable', 'one through add_peer') FROM low_order WHERE n = 4;
SELECT lives_ok(format('INSERT INTO wg_provision.peers (network_id, public_key) VALUES (1, %L)', good),
    'the key beside it ' || left(good::text, 6))
    FROM unnest(ARRAY['\x02' || decode(repeat('00', 31), 'hex'), '\xeb' || decode(repeat('ff', 30) || '7f', 'hex'),
        '\xef' || decode(repeat('ff', 30) || '7f', 'hex')]) AS good;

-- names and comments
SELECT pg_temp.peer_refused('name', 'a' || chr(bad) || 'b', 'peers_name_printable', format('U+%s', to_hex(bad)))
    FROM unnest(ARRAY[1, 9, 10, 13, 27, 31, 127, 128, 155, 159]) AS bad;
SELECT pg_temp.peer_refused('name', E'a\n'::text, 'peers_name_printable', 'a line end at the end');
SELECT pg_temp.peer_taken('name', good, 'name ' || good)
    FROM unnest(ARRAY[' ', 'Zoë’s 電話', U&'a\00A0b', '[\u0001]']) AS good;
SELECT pg_temp.peer_refused('comment', 'a' || chr(bad) || 'b', 'peers_comment_printable', format('U+%s', to_hex(bad)))
    FROM unnest(ARRAY[1, 8, 11, 13, 27, 31, 127, 155, 159]) AS bad;
SELECT pg_temp.peer_taken('comment', E'two lines\n\tand a tab'::text, 'a comment of two lines');
SELECT pg_temp.network_refused('comment', 'a' || chr(bad) || 'b', 'networks_comment_printable',
    format('U+%s', to_hex(bad)))
    FROM unnest(ARRAY[1, 8, 11, 27, 127, 155]) AS bad;
SELECT pg_temp.network_taken('comment', E'two lines\n\tand a tab', 'a network''s comment of two lines');

-- labels
SELECT pg_temp.peer_refused('labels', bad::jsonb, 'peers_labels_shape', 'labels ' || left(bad, 10))
    FROM unnest(ARRAY['[]', 'null', '"x"', '1', 'true', format('{"a": "%s"}', repeat('x', 8184))]) AS bad;
SELECT pg_temp.peer_taken('labels', good::jsonb, 'labels ' || left(good, 10))
    FROM unnest(ARRAY['{}', format('{"a": "%s"}', repeat('x', 8183))]) AS good;
SELECT throws_ok($$INSERT INTO wg_provision.peers (network_id, public_key, labels) VALUES (1, sha256('x'), NULL)$$,
    '23502');
SELECT isnt(add_peer('office', pg_temp.base64(1), '{}', labels => '{"site": "north", "tags": ["a", "b"]}'), NULL,
    'labels are given');
SELECT isnt(add_peer('office', pg_temp.base64(2), '{}', labels => '{"site": "south"}'), NULL, 'to two peers');
SELECT isnt(add_peer('office', pg_temp.base64(3), '{}', labels => NULL), NULL, 'and NULL is none');
SELECT is(labels, '{}'::jsonb, 'an empty object') FROM peers WHERE public_key = pg_temp.key(3);
SELECT results_eq(format('SELECT public_key FROM wg_provision.peers WHERE labels @> %L', asked),
    ARRAY[pg_temp.key(1)], 'found by ' || asked)
    FROM unnest(ARRAY['{"site": "north"}', '{"tags": ["b"]}']) AS asked;
CREATE FUNCTION pg_temp.plan_of(statement text) RETURNS SETOF text LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    RETURN QUERY EXECUTE 'EXPLAIN ' || statement;
END
$$;
SELECT ok(bool_or(line LIKE '%on peers_labels%'), 'by way of the index')
    FROM pg_temp.plan_of($$SELECT FROM wg_provision.peers WHERE labels @> '{"site": "north"}'$$) AS line;

-- what a network tells its clients
SELECT pg_temp.network_refused('keepalive_seconds', bad, 'networks_keepalive_seconds_range', 'keepalive ' || bad)
    FROM unnest(ARRAY['-1', '65536']) AS bad;
SELECT pg_temp.network_taken('keepalive_seconds', good, 'keepalive ' || good) FROM unnest(ARRAY['65535', '0']) AS good;
SELECT pg_temp.network_refused('endpoint', bad, 'networks_endpoint_shape',
    format('endpoint %s', to_json(left(bad, 20))))
    FROM unnest(ARRAY['', 'vpn.example.org', ':51820', 'vpn.example.org:', 'vpn.example.org:port',
        'vpn.example.org:518200', 'fd00::1:51820', '[fd00::1]', '[vpn]:51820', 'a b:1', '-a:1', 'a-:1', E'a:1\n',
        E'a\nb:1', repeat('a', 254) || ':1']) AS bad;
SELECT pg_temp.network_taken('endpoint', good, 'endpoint ' || left(good, 20))
    FROM unnest(ARRAY['vpn.example.org:51820', 'a:1', '192.0.2.1:65535', '[fd00::1]:51820', '[::ffff:192.0.2.1]:1',
        repeat('a', 253) || ':1']) AS good;
SELECT pg_temp.network_refused('client_dns', bad, 'networks_client_dns_shape', 'DNS ' || left(bad, 20))
    FROM unnest(ARRAY['{}', '{NULL}', '{10.0.0.1,NULL}', '{' || repeat('10.0.0.1,', 8) || 'fd00::1}']) AS bad;
SELECT pg_temp.network_taken('client_dns', good, 'DNS ' || left(good, 20))
    FROM unnest(ARRAY['{10.0.0.1}', '{' || repeat('10.0.0.1,', 7) || 'fd00::1}']) AS good;
SELECT pg_temp.network_refused('client_allowed_ips', bad, 'networks_client_allowed_ips_shape',
    'client_allowed_ips ' || left(bad, 20))
    FROM unnest(ARRAY['{}', '{NULL}', '{' || repeat('10.0.0.0/8,', 64) || '::/0}']) AS bad;
SELECT pg_temp.network_taken('client_allowed_ips', good, 'client_allowed_ips ' || left(good, 20))
    FROM unnest(ARRAY['{0.0.0.0/0,::/0}', '{' || repeat('10.0.0.0/8,', 63) || '::/0}']) AS good;

-- ranges
INSERT INTO networks (name) VALUES ('ranged'), ('free');
SELECT pg_temp.network_refused('ranges', bad, 'networks_ranges_shape', 'ranges ' || bad)
    FROM unnest(ARRAY['{}', '{NULL}', '{10.0.0.0/8,NULL}']) AS bad;
SELECT pg_temp.network_refused('ranges',
    (SELECT array_agg(format('10.0.%s.0/24', i)) FROM generate_series(1, 65) i)::text, 'networks_ranges_shape',
    '65 ranges');
SELECT pg_temp.network_taken('ranges',
    (SELECT array_agg(format('10.0.%s.0/24', i)) FROM generate_series(1, 64) i)::text, '64 ranges');
SELECT pg_temp.network_refused('ranges', bad, 'networks_ranges_overlap', bad)
    FROM unnest(ARRAY['{10.0.0.0/8,10.1.0.0/16}', '{10.1.0.0/16,fd00::/8,10.0.0.0/8}', '{fd00::/64,fd00::/64}']) AS bad;
SELECT pg_temp.refused_by($$UPDATE wg_provision.networks SET ranges = '{0.0.0.0/0,10.0.0.0/8}' WHERE name = 'ranged'$$,
    'networks_ranges_overlap', 'an update as well');
SELECT throws_ok($$INSERT INTO wg_provision.networks (name, ranges) VALUES ('new', '{10.0.0.0/8,10.1.0.0/16}')$$,
    '23514',
    'the ranges 10.0.0.0/8 and 10.1.0.0/16 of network "new" overlap', 'and says which');
SELECT pg_temp.network_taken('ranges', good, 'ranges ' || coalesce(good, 'NULL'))
    FROM unnest(ARRAY['{0.0.0.0/0,::/0}', '{10.0.0.0/9,10.128.0.0/9}', NULL]) AS good;

UPDATE networks SET ranges = '{10.0.0.0/16,10.2.0.0/16,10.6.0.0/16,fd00::/48,fd02::/48}' WHERE name = 'ranged';
SELECT isnt(pg_temp.by_hand('ranged', 10, '10.0.0.0/16', '10.2.0.9/32', 'fd00::/64'), NULL,
    'allowed IPs in the ranges');
SELECT pg_temp.refused_by(format('SELECT pg_temp.by_hand(''ranged'', 11, %L)', bad), 'allowed_ips_in_ranges', bad)
    FROM unnest(ARRAY['10.1.0.1/32', '10.6.0.0/15', '11.0.0.0/8', 'fd01::1/128', 'fd02::/47']) AS bad;
SELECT throws_ok($$SELECT pg_temp.by_hand('ranged', 11, '10.2.0.1/32', '10.1.0.1/32')$$, '23514',
    'allowed IP 10.1.0.1/32 lies outside the ranges of network "ranged"', 'with words');
SELECT is_empty('SELECT FROM wg_provision.peers WHERE public_key = pg_temp.key(11)', 'and without the peer');
SELECT pg_temp.refused_by($$UPDATE wg_provision.allowed_ips SET prefix = '10.1.0.9/32' WHERE prefix = '10.2.0.9/32'$$,
    'allowed_ips_in_ranges', 'an update as well');
SELECT lives_ok($$UPDATE wg_provision.allowed_ips SET prefix = '10.2.0.10/32' WHERE prefix = '10.2.0.9/32'$$,
    'inside it is taken');
SELECT isnt(pg_temp.by_hand('free', 12, '10.1.0.1/32'), NULL, 'a network without ranges takes any');
SELECT pg_temp.refused_by($$UPDATE wg_provision.peers SET network_id =
    (SELECT id FROM wg_provision.networks WHERE name = 'ranged')
    WHERE public_key = pg_temp.key(12)$$, 'allowed_ips_in_ranges', 'a peer that moves in');
SELECT lives_ok($$UPDATE wg_provision.peers SET network_id = (SELECT id FROM wg_provision.networks WHERE name = 'free')
    WHERE public_key = pg_temp.key(10)$$, 'one that moves out does not care');
UPDATE peers SET network_id = (SELECT id FROM networks WHERE name = 'ranged') WHERE public_key = pg_temp.key(10);

SELECT isnt(add_peer('ranged', pg_temp.base64(13), '{192.0.2.0/24}', outside_ranges => true), NULL,
    'outside_ranges, where it is meant');
SELECT is(outside_ranges, true, 'which is kept') FROM allowed_ips WHERE prefix = '192.0.2.0/24';
SELECT is(bool_or(outside_ranges), false, 'and not the default') FROM allowed_ips WHERE prefix <> '192.0.2.0/24';
SELECT pg_temp.refused_by($$UPDATE wg_provision.allowed_ips SET outside_ranges = false WHERE prefix = '192.0.2.0/24'$$,
    'allowed_ips_in_ranges', 'taking the mark away');
SELECT isnt(pg_temp.by_hand('ranged', 14, VARIADIC '{}'), NULL, 'no allowed IPs, none outside');

SELECT pg_temp.refused_by(format('UPDATE wg_provision.networks SET ranges = %L WHERE name = ''ranged''', bad),
    'networks_ranges_hold_peers', 'ranges ' || bad)
    FROM unnest(ARRAY['{10.0.0.0/16,fd00::/48}', '{10.0.0.0/17,10.2.0.0/16,fd00::/48}', '{10.0.0.0/14}']) AS bad;
SELECT throws_ok($$UPDATE wg_provision.networks SET ranges = '{10.0.0.0/16,fd00::/64}' WHERE name = 'ranged'$$, '23514',
    'allowed IP 10.2.0.10/32 would lie outside the ranges of network "ranged"', 'with words');
SELECT lives_ok(format('UPDATE wg_provision.networks SET ranges = %L WHERE name = ''ranged''', good), 'ranges ' || good)
    FROM unnest(ARRAY['{10.0.0.0/15,10.2.0.0/15,fd00::/48}', '{10.0.0.0/8,fd00::/64}']) AS good;
INSERT INTO pools (network_id, prefix) SELECT id, '10.9.0.0/16' FROM networks WHERE name = 'ranged';
SELECT pg_temp.refused_by($$UPDATE wg_provision.networks SET ranges = '{10.0.0.0/13,10.9.0.0/17,fd00::/64}'
    WHERE name = 'ranged'$$,
    'networks_ranges_hold_pools', 'ranges that cut a pool');
SELECT throws_ok($$SELECT add_pool('ranged', '11.0.0.0/16')$$, '23514',
    'the pool 11.0.0.0/16 lies outside the ranges of network "ranged"', 'a pool outside is refused');
SELECT pg_temp.refused_by($$SELECT wg_provision.add_pool('ranged', 'fd00::/63')$$, 'pools_in_ranges',
    'a pool wider than the ranges');
SELECT pg_temp.refused_by($$SELECT wg_provision.add_pool('ranged', 'fd00:1::/64', 'derived')$$, 'pools_in_ranges',
    'a derived pool outside');
SELECT lives_ok($$UPDATE wg_provision.networks SET ranges = NULL WHERE name = 'ranged'$$, 'no ranges, no rule');

-- pools: their shape
SELECT is(pg_temp.extent(prefix), wanted, 'extent of ' || prefix) FROM (VALUES
    ('10.0.0.0/24'::cidr, '10.0.0.2 10.0.0.254'), ('10.0.0.0/30', '10.0.0.2 10.0.0.2'),
    ('10.0.0.4/31', '10.0.0.4 10.0.0.5'),
    ('10.0.0.7/32', '10.0.0.7 10.0.0.7'), ('0.0.0.0/0', '0.0.0.2 255.255.255.254'), ('fd00::/120', 'fd00::2 fd00::ff'),
    ('fd00::/126', 'fd00::2 fd00::3'), ('fd00::4/127', 'fd00::4 fd00::5'), ('fd00::7/128', 'fd00::7 fd00::7'),
    ('fd00::/66', 'fd00::2 fd00::3fff:ffff:ffff:ffff'), ('fd00::/64', 'fd00::2 fd00::4000:0:0:2'),
    ('fd00::/48', 'fd00::2 fd00::4000:0:0:2')) AS pool (prefix, wanted);
SELECT is(pg_temp.extent('10.0.0.0/24', '10.0.0.100'), '10.0.0.100 10.0.0.254', 'a first address of its own');
SELECT is(pg_temp.extent('10.0.0.0/24', NULL, '10.0.0.99'), '10.0.0.2 10.0.0.99', 'a last one');
SELECT is(pg_temp.extent('10.0.0.0/24', '10.0.0.0', '10.0.0.255'), '10.0.0.0 10.0.0.255', 'both');
SELECT is(pg_temp.extent('fd00::/64', 'fd00::1:0'), 'fd00::1:0 fd00::4000:0:1:0',
    'at most 2^62 addresses after the first');
SELECT is_empty('SELECT FROM wg_provision.fresh_ranges f JOIN wg_provision.pools p ON p.id = f.pool_id
    WHERE p.network_id = 2', 'a deleted pool leaves nothing');
SELECT pg_temp.pool_refused(bad, 'pools_sequential_shape', bad) FROM unnest(ARRAY[
    $$'10.0.0.0/24', 'sequential', '10.0.1.1'$$, $$'10.0.0.0/24', 'sequential', '10.0.0.9', '10.0.0.8'$$,
    $$'10.0.0.0/24', 'sequential', '10.0.0.1', '10.0.1.0'$$, $$'10.0.0.0/24', 'sequential', '10.0.0.2/24'$$,
    $$'10.0.0.0/24', 'sequential', '10.0.0.2', '10.0.0.9/31'$$, $$'10.0.0.0/24', 'sequential', 'fd00::1', 'fd00::2'$$,
    $$'10.0.0.0/24', 'sequential', '10.0.0.1', 'fd00::2'$$, $$'fd00::/64', 'sequential', '::1', 'fd00::2'$$]) AS bad;
SELECT pg_temp.pool_refused(bad, 'pools_derived_shape', bad) FROM unnest(ARRAY[
    $$'10.0.0.0/8', 'derived'$$, $$'fd00::/65', 'derived'$$, $$'fd00::/64', 'derived', 'fd00::2'$$,
    $$'fd00::/64', 'derived', NULL, 'fd00::2'$$]) AS bad;
SELECT pg_temp.pool_refused($$'10.0.0.0/24', 'random'$$, 'pools_method', 'another method');
SELECT pg_temp.pool_refused(format($$'10.0.0.0/24', hold_time => %L$$, bad), 'pools_hold_time_range',
    'hold time ' || bad)
    FROM unnest(ARRAY['-1 second', '10 years 1 day']) AS bad;
SELECT pg_temp.pool_refused(format($$'10.0.0.0/24', comment => %L$$, repeat('x', 1001)), 'pools_comment_length',
    'a long comment');
SELECT throws_ok($$SELECT add_pool('nowhere', '10.0.0.0/24')$$, '23503', 'there is no network "nowhere"',
    'a pool of no network');
SELECT throws_ok($$SELECT add_pool('spare', '10.0.0.1/24')$$, '22P02', NULL, 'no host bits');
SELECT throws_ok('SELECT add_pool(''spare'', NULL)', '23502', NULL, 'a pool without a prefix');

SELECT lives_ok(format('SELECT add_pool(''spare'', %s)', good), 'pool ' || good) FROM unnest(ARRAY[
    $$'10.0.0.0/24', hold_time => '0', comment => 'phones'$$, $$'10.0.1.0/24', hold_time => '10 years'$$,
    $$'fd00::/64', 'derived'$$, $$'fd01::/16', 'derived'$$]) AS good;
SELECT pg_temp.pool_refused(format('%L', bad), 'pools_no_overlap', bad)
    FROM unnest(ARRAY['10.0.0.0/24', '10.0.0.128/25', '10.0.0.0/8', 'fd00::/64', 'fd00::/96']) AS bad;
SELECT lives_ok($$SELECT add_pool('free', '10.0.0.0/24')$$, 'networks share addresses');
SELECT throws_ok(format('UPDATE pools SET %s WHERE prefix = ''10.0.0.0/24''', changed), '0A000',
    'the addresses of a pool cannot be changed', 'fixed: ' || changed)
    FROM unnest(ARRAY['network_id = 1', $$prefix = '10.9.0.0/24'$$, $$method = 'derived'$$,
        $$first_address = '10.0.0.9'$$,
        $$last_address = '10.0.0.9'$$]) AS changed;
SELECT lives_ok($$UPDATE pools SET hold_time = '1 day', comment = NULL WHERE prefix = '10.0.0.0/24'$$,
    'hold time and comment change');
SELECT lives_ok($$DELETE FROM networks WHERE name = 'spare'$$, 'pools go with their network');
SELECT is_empty('SELECT FROM pools WHERE network_id = 2', 'all of them');

-- sequential pools
INSERT INTO networks (name, keepalive_seconds) VALUES ('small', 25), ('big', 0);
SELECT throws_ok($$SELECT pg_temp.given('small', 100)$$, '23514', 'the network has no address pool', 'without a pool');
SELECT pg_temp.refused_by($$SELECT pg_temp.given('small', 100)$$, 'pools_have_addresses', 'allocation without a pool');
SELECT add_pool('small', '10.0.0.0/28', hold_time => '7 days') AS small \gset
SELECT isnt(pg_temp.by_hand('small', 99, '10.0.0.4/32', '10.0.0.6/31', '10.0.0.8/30'), NULL, 'some are taken by hand');
SELECT is(pg_temp.given('small', 100), '10.0.0.2', 'the first address');
SELECT is(keepalive_seconds, 25, 'the keepalive of the network') FROM peers WHERE public_key = pg_temp.key(100);
SELECT is(masklen(prefix), 32, 'a single address') FROM allowed_ips WHERE prefix = '10.0.0.2';
SELECT is(pg_temp.given('small', 101), '10.0.0.3', 'then the second');
SELECT is(pg_temp.given('small', 102), '10.0.0.5', 'an address held by hand is passed over');
SELECT is(pg_temp.given('small', 103), '10.0.0.12', 'prefixes as well');
SELECT isnt(add_peer('small', pg_temp.base64(104), '{10.0.0.13/32}', keepalive_seconds => 0), NULL, 'one more by hand');
SELECT is(keepalive_seconds, 0, 'with a keepalive of its own') FROM peers WHERE public_key = pg_temp.key(104);
SELECT pg_temp.remove(104);
SELECT is(pg_temp.given('small', 105), '10.0.0.13', 'an address that the pool had not reached is free again');
SELECT is(pg_temp.given('small', 106), '10.0.0.14', 'the last one');
SELECT throws_ok($$SELECT pg_temp.given('small', 107)$$, '23514', 'the pool 10.0.0.0/28 has no address left',
    'no more');
SELECT pg_temp.refused_by($$SELECT pg_temp.given('small', 107)$$, 'pools_have_addresses',
    'allocation from an empty pool');
SELECT isnt(pg_temp.by_hand('small', 107, '10.0.0.1/32'), NULL, 'addresses by hand need no pool');

SELECT pg_temp.remove(102);
SELECT results_eq(format('SELECT prefix, free_from FROM returned_prefixes WHERE pool_id = %s AND prefix <> ''10.0.0.13/32''', :small),
    $$VALUES ('10.0.0.5/32'::cidr, now() + interval '7 days')$$, 'an address comes back');
SELECT throws_ok($$SELECT pg_temp.given('small', 108)$$, '23514', NULL, 'and is held');
UPDATE returned_prefixes SET free_from = now() + interval '1 second';
SELECT throws_ok($$SELECT pg_temp.given('small', 108)$$, '23514', NULL, 'for all of the time');
UPDATE returned_prefixes SET free_from = now();
SELECT is(pg_temp.given('small', 108), '10.0.0.5', 'then it is used again');
SELECT is_empty(format('SELECT FROM returned_prefixes WHERE pool_id = %s', :small), 'once');
UPDATE pools SET hold_time = '0' WHERE id = :small;
UPDATE allowed_ips SET outside_ranges = true WHERE prefix = '10.0.0.5/32';
SELECT is_empty(format('SELECT FROM returned_prefixes WHERE pool_id = %s', :small),
    'what its peer keeps does not come back');
UPDATE allowed_ips SET prefix = '10.0.0.0/32' WHERE prefix = '10.0.0.5/32';
SELECT is(pg_temp.given('small', 109), '10.0.0.5', 'what it has changed does');
UPDATE peers SET network_id = (SELECT id FROM networks WHERE name = 'free') WHERE public_key = pg_temp.key(109);
SELECT is(pg_temp.given('small', 110), '10.0.0.5', 'and what it has taken to another network');
SELECT revoke_peer(pg_temp.base64(110));
SELECT is(pg_temp.given('small', 111), '10.0.0.5', 'and that of a revoked peer');

-- 10.0.0.6/31 and 10.0.0.8/30, of which one address is taken by hand again
SELECT pg_temp.remove(99);
SELECT isnt(pg_temp.by_hand('small', 112, '10.0.0.9/32'), NULL, 'one address of a returned prefix by hand');
SELECT set_eq($$SELECT pg_temp.given('small', i) FROM generate_series(113, 118) i$$,
    $$SELECT '10.0.0.' || i FROM unnest(ARRAY[4, 6, 7, 8, 10, 11]) i$$, 'the other addresses of returned prefixes');
SELECT throws_ok($$SELECT pg_temp.given('small', 119)$$, '23514', NULL, 'each once');
SELECT pg_temp.remove(112);
SELECT is(pg_temp.given('small', 119), '10.0.0.9', 'the one by hand comes back as well');
SELECT is((SELECT array_agg(prefix ORDER BY prefix) FROM allowed_ips a JOIN networks n ON n.id = a.network_id
    AND n.name = 'small'
    WHERE a.prefix <<= '10.0.0.0/28'),
    (SELECT array_agg(set_masklen('10.0.0.0'::inet + i, 32)::cidr ORDER BY i) FROM generate_series(0, 14) i),
    'now the pool is full');
SELECT pg_temp.remove(107);
SELECT throws_ok($$SELECT pg_temp.given('small', 120)$$, '23514', NULL,
    'an address before the first one does not come back');

SELECT add_pool('small', '10.0.1.0/31') IS NULL AS nothing,
    add_pool('small', 'fd00::/64', 'derived') IS NULL AS nothing \gset ignored_
SELECT is(pg_temp.given('small', 120), '10.0.1.0 ' || host(derived_address('fd00::/64', pg_temp.key(120))),
    'the second pool takes over, and there is one address of each family');
SELECT pg_temp.remove(117);
SELECT is(split_part(pg_temp.given('small', 121), ' ', 1), host(wanted), 'the first one goes first again')
    FROM (SELECT prefix AS wanted FROM returned_prefixes WHERE pool_id = :small AND prefix <> '10.0.0.5/32') AS back;
SELECT is(split_part(pg_temp.given('small', 122), ' ', 1), '10.0.1.1', 'else the second');
SELECT throws_ok($$SELECT pg_temp.given('small', 123)$$, '23514', NULL,
    'a family without addresses is an error, whatever the other has');

SELECT add_pool('big', '10.0.0.0/8') IS NULL AS nothing, add_pool('big', 'fd00::/48') IS NULL AS nothing \gset ignored_
SELECT isnt(pg_temp.by_hand('big', 999, '10.0.0.70/32', '10.0.1.0/24', 'fd00::40/122'), NULL,
    'some by hand in a large pool');
SELECT results_eq($$SELECT pg_temp.given('big', i) FROM generate_series(1001, 1400) i$$, $$
    SELECT format('%s %s', host('10.0.0.1'::inet + i + CASE WHEN i < 69 THEN 0 WHEN i < 254 THEN 1 ELSE 257 END),
        host('fd00::1'::inet + i + CASE WHEN i < 63 THEN 0 ELSE 64 END)) FROM generate_series(1, 400) i$$,
    'a large pool hands out both families in order, around what is held by hand');
SELECT cmp_ok((SELECT count(*) FROM fresh_ranges), '<', 20::bigint, 'and remembers little');

-- derived addresses: by another computation, and one from outside
CREATE FUNCTION pg_temp.expected(prefix_digits text, key bytea) RETURNS text LANGUAGE sql AS $$
    SELECT host(string_agg(substr(prefix_digits || right(left(digits, 32), 32 - length(prefix_digits)), 4 * i + 1, 4),
        ':' ORDER BY i)::inet)
    FROM encode(sha256(convert_to('wg-provision address', 'UTF8') || key), 'hex') AS digits,
        generate_series(0, 7) AS i GROUP BY digits
$$;
SELECT is(host(derived_address(prefix, decode('xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=', 'base64'))), wanted,
    'derived in ' || prefix)
    FROM (VALUES ('fd00:1:2:3::/64'::cidr, 'fd00:1:2:3:59f1:f9f9:2e1d:1612'),
        ('fd00:1:2:ab00::/56', 'fd00:1:2:ab5f:59f1:f9f9:2e1d:1612'),
        ('fd00:1:2:8::/61', 'fd00:1:2:f:59f1:f9f9:2e1d:1612')) AS known (prefix, wanted);
INSERT INTO networks (name) VALUES ('derived'), ('wide');
SELECT add_pool('derived', 'fd00:1:2:3::/64', 'derived') IS NULL AS nothing,
    add_pool('wide', 'fd00:1:2:ab00::/56', 'derived') IS NULL AS nothing \gset ignored_
SELECT is(pg_temp.given('derived', n), pg_temp.expected('fd00000100020003', pg_temp.key(n)), 'derived, /64')
    FROM generate_series(2000, 2003) n;
SELECT is(pg_temp.given('wide', n), pg_temp.expected('fd0000010002ab', pg_temp.key(n)), 'derived, /56')
    FROM generate_series(2004, 2007) n;
SELECT is(derived_address('fd00:1:2:3::/64', pg_temp.key(2000))
    <> derived_address('fd00:1:2:3::/64', pg_temp.key(2001)), true,
    'each key has its own');
SELECT pg_temp.remove(2000);
SELECT is(pg_temp.given('derived', 2000), pg_temp.expected('fd00000100020003', pg_temp.key(2000)),
    'the same key, the same address');
SELECT is_empty('SELECT FROM returned_prefixes r JOIN pools p ON p.id = r.pool_id WHERE p.method = ''derived''',
    'it is not held');
SELECT pg_temp.by_hand('derived', 2008, derived_address('fd00:1:2:3::/64', pg_temp.key(2009))) AS holder \gset
SELECT throws_ok($$SELECT pg_temp.given('derived', 2009)$$, '23P01',
    format('allowed IP %1$s/128 overlaps %1$s/128 of peer %2$s',
        pg_temp.expected('fd00000100020003', pg_temp.key(2009)), :holder),
    'a derived address that is taken');
SELECT throws_ok($$SELECT derived_address('10.0.0.0/8', sha256('x'))$$, '22023', NULL, 'IPv6 only');

-- the other arguments
SELECT throws_ok(format('SELECT add_peer(''free'', %L, ''{}'', expires_at => %L)', pg_temp.base64(3000), at), '22023',
    format('expires_at is in the past: %s', at), 'expired at once: ' || at)
    FROM unnest(ARRAY[now(), now() - interval '1 second', '-infinity']) AS at;
SELECT isnt(add_peer('free', pg_temp.base64(3000), '{}', expires_at => now() + interval '1 second'), NULL,
    'a later end');
SELECT pg_temp.refused_by(format('SELECT wg_provision.add_peer(''free'', %L, keepalive_seconds => 65536)',
    pg_temp.base64(3001)),
    'peers_keepalive_seconds_range', 'a long keepalive');
SELECT is(pg_temp.given('free', 3001), '10.0.0.2', 'what failed has taken no address');
SELECT isnt(add_peer('free', pg_temp.base64(3002), '{}'), NULL, 'an empty array is no wish for an address');
SELECT is_empty($$SELECT FROM allowed_ips a JOIN peers p ON p.id = a.peer_id WHERE p.public_key = pg_temp.key(3002)$$,
    'and gets none');

SELECT * FROM finish();
ROLLBACK;
