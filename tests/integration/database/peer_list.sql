-- Peers in the words of wg: what the view shows and what a write to it does, moves and expiry.
BEGIN;
SET search_path = public, wg_provision;
SELECT plan(137);

CREATE FUNCTION pg_temp.key(n integer) RETURNS text LANGUAGE sql AS $$ SELECT encode(sha256(int4send(n)), 'base64') $$;
CREATE FUNCTION pg_temp.peer(n integer) RETURNS SETOF peer_list LANGUAGE sql AS $$
    SELECT * FROM wg_provision.peer_list WHERE public_key = pg_temp.key(n)
$$;
CREATE FUNCTION pg_temp.secret(n integer) RETURNS text LANGUAGE sql AS $$
    SELECT encode(preshared_key, 'base64') FROM wg_provision.peers WHERE public_key = decode(pg_temp.key(n), 'base64')
$$;
-- The statement that sets one column of peer 1 or, of another one, what is asked for.
CREATE FUNCTION pg_temp.setting(assignment text, n integer DEFAULT 1) RETURNS text LANGUAGE sql AS $$
    SELECT format('UPDATE wg_provision.peer_list SET %s WHERE public_key = %L', assignment, pg_temp.key(n))
$$;
CREATE TEMP TABLE mark AS SELECT 0::bigint AS id;
CREATE FUNCTION pg_temp.changed_ips() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(operation || ' ' || (coalesce(after, before) ->> 'prefix'), ', ' ORDER BY id)
    FROM wg_provision.audit WHERE relation = 'allowed_ips' AND id > (SELECT id FROM mark)
$$;
CREATE FUNCTION pg_temp.mark() RETURNS void LANGUAGE sql AS $$
    UPDATE mark SET id = (SELECT max(id) FROM wg_provision.audit)
$$;
-- What attackers write into a field.
CREATE FUNCTION pg_temp.attacks() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT * FROM unnest(ARRAY['''; DROP TABLE wg_provision.peers; --', '" OR ""="', 'x'' OR ''1''=''1', '\''); --',
        '$' || '$; SELECT 1; $' || '$', '%s %I %L %1$s', '); DELETE FROM wg_provision.peers; --', '{"a": 1}'])
$$;
CREATE FUNCTION pg_temp.message_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'it was done';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END
$$;

INSERT INTO networks (name, keepalive_seconds) VALUES ('office', 15), ('fleet', 0), ('pooled', 0);
SELECT add_pool('pooled', '10.7.0.0/24'), add_pool('pooled', 'fd00:7::/64', 'derived');
INSERT INTO networks (name, ranges) VALUES ('narrow', '{10.8.0.0/16}');

-- reading
SELECT add_peer('office', pg_temp.key(1), '{10.0.0.1/32,fd00::1/128,10.0.4.0/24}', pg_temp.key(101), 25, true,
    '2020-01-01',
    '2100-01-01', 'one', 'lent', '{"site": "north"}');
SELECT is((id, network, name, allowed_ips, keepalive_seconds, enabled, not_before, expires_at, labels, comment),
    (1::bigint, 'office'::text, 'one'::text, '{10.0.0.1/32,10.0.4.0/24,fd00::1/128}'::cidr[], 25, true,
        '2020-01-01'::timestamptz, '2100-01-01'::timestamptz, '{"site": "north"}'::jsonb, 'lent'::text),
    'a peer in the words of wg') FROM pg_temp.peer(1);
SELECT is((preshared_key, created_at, updated_at), ('(set)'::text, now(), now()),
    'of the preshared key only that it is set')
    FROM pg_temp.peer(1);
SELECT add_peer('office', pg_temp.key(2), '{}');
SELECT is((allowed_ips, preshared_key, name), ('{}'::cidr[], NULL::text, NULL::text),
    'neither addresses nor a preshared key')
    FROM pg_temp.peer(2);
SELECT is(state, 'enabled', 'enabled') FROM pg_temp.peer(1);
UPDATE peers SET expires_at = now() WHERE id = 2;
SELECT is(state, 'expired', 'expired') FROM pg_temp.peer(2);
UPDATE peers SET expires_at = NULL, not_before = '2100-01-01' WHERE id = 2;
SELECT is(state, 'not_yet_valid', 'not yet valid') FROM pg_temp.peer(2);
UPDATE peers SET enabled = false WHERE id = 2;
SELECT is(state, 'disabled', 'disabled, whatever the times say') FROM pg_temp.peer(2);
UPDATE peers SET enabled = true, not_before = NULL WHERE id = 2;
SELECT is_empty($$SELECT p.id FROM wg_provision.peer_list p
    JOIN find_peers(ARRAY[p.network], ARRAY[decode(p.public_key, 'base64')]) f ON true
    WHERE f.verdict <> CASE p.state WHEN 'enabled' THEN 'found' ELSE p.state END$$,
        'the state is what the daemon finds');

-- adding
INSERT INTO peer_list (network, public_key, allowed_ips, preshared_key, keepalive_seconds, enabled, not_before,
    expires_at,
        name, comment, labels)
    VALUES ('fleet', pg_temp.key(3), '{10.0.0.3/32}', pg_temp.key(103), 7, false, '2030-01-01', '2031-01-01', 'three',
        'c',
        '{"a": 1}');
SELECT is((network, name, allowed_ips, keepalive_seconds, enabled, not_before, expires_at, labels, comment),
    ('fleet'::text, 'three'::text, '{10.0.0.3/32}'::cidr[], 7, false, '2030-01-01'::timestamptz,
        '2031-01-01'::timestamptz,
        '{"a": 1}'::jsonb, 'c'::text), 'every column is taken') FROM pg_temp.peer(3);
SELECT is(pg_temp.secret(3), pg_temp.key(103), 'and the preshared key');
INSERT INTO peer_list (network, public_key) VALUES ('pooled', pg_temp.key(4));
SELECT is((allowed_ips, enabled, labels), (ARRAY['10.7.0.2/32', derived_address('fd00:7::/64', decode(pg_temp.key(4),
    'base64'))],
    true, '{}'::jsonb), 'without addresses from the pools') FROM pg_temp.peer(4);
INSERT INTO peer_list (network, public_key, allowed_ips) VALUES ('office', pg_temp.key(5), '{}');
SELECT is(keepalive_seconds, 15, 'without a keepalive the network''s') FROM pg_temp.peer(5);
PREPARE returning_id AS INSERT INTO peer_list (network, public_key, allowed_ips) VALUES ('office', pg_temp.key(6), '{}')
    RETURNING id;
SELECT results_eq('returning_id', 'SELECT currval(pg_get_serial_sequence(''wg_provision.peers'', ''id''))',
    'RETURNING id');
INSERT INTO peer_list (network, public_key, allowed_ips) SELECT 'fleet', pg_temp.key(i), '{}'
    FROM generate_series(10, 12) i;
SELECT is(count(*), 3::bigint, 'several at once') FROM peer_list WHERE public_key IN (pg_temp.key(10), pg_temp.key(11),
    pg_temp.key(12));
SELECT throws_ok(format('INSERT INTO peer_list (network, public_key, allowed_ips, preshared_key, expires_at)
    VALUES (%L, %L, %L, %L, %L)', network, key, ips, secret, expiry), state, message, message)
    FROM (VALUES
        ('offise', pg_temp.key(20), '{}', NULL, NULL, '23503', 'there is no network "offise"'),
        (NULL, pg_temp.key(20), '{}', NULL, NULL, '22004', 'network and public_key must be given'),
        ('office', NULL, '{}', NULL, NULL, '22004', 'network and public_key must be given'),
        ('office', 'x', '{}', NULL, NULL, '22023',
            'public_key is not a WireGuard key: 44 characters of base64, as "wg pubkey" prints it'),
        ('office', pg_temp.key(20), '{}', '(set)', NULL, '22023',
            'preshared_key is not a WireGuard key: 44 characters of base64, as "wg pubkey" prints it'),
        ('office', pg_temp.key(1), '{}', NULL, NULL, '23505', 'this public key is already peer 1 of network "office"'),
        ('office', pg_temp.key(20), '{10.0.4.9/32}', NULL, NULL, '23P01',
            'allowed IP 10.0.4.9/32 overlaps 10.0.4.0/24 of peer 1'),
        ('office', pg_temp.key(20), NULL, NULL, NULL, '23514', 'the network has no address pool'),
        ('narrow', pg_temp.key(20), '{10.9.0.1/32}', NULL, NULL, '23514',
            'allowed IP 10.9.0.1/32 lies outside the ranges of network "narrow"'),
        ('office', pg_temp.key(20), '{}', NULL, '2020-01-01 00:00:00+00', '22023',
            'expires_at is in the past: ' || timestamptz '2020-01-01 00:00:00+00')
    ) AS bad (network, key, ips, secret, expiry, state, message);

-- changing one column
SELECT lives_ok(pg_temp.setting(assignment), assignment) FROM unnest(ARRAY['name = ''first''',
    'comment = ''found again''',
    'labels = ''{"site": "south"}''', 'keepalive_seconds = 30', 'enabled = false', 'not_before = ''2021-01-01''',
    'expires_at = ''2101-01-01''']) AS assignment;
SELECT is((name, comment, labels, keepalive_seconds, enabled, not_before, expires_at),
    ('first'::text, 'found again'::text, '{"site": "south"}'::jsonb, 30, false, '2021-01-01'::timestamptz,
        '2101-01-01'::timestamptz), 'each has its new value') FROM pg_temp.peer(1);
SELECT is((pg_temp.secret(1), network, allowed_ips), (pg_temp.key(101), 'office'::text,
    '{10.0.0.1/32,10.0.4.0/24,fd00::1/128}'::cidr[]), 'the others are untouched') FROM pg_temp.peer(1);
SELECT lives_ok(pg_temp.setting('name = NULL, comment = NULL, not_before = NULL, expires_at = NULL'),
    'what may be empty');
SELECT is(num_nulls(name, comment, not_before, expires_at), 4, 'is empty') FROM pg_temp.peer(1);
SELECT throws_ok(pg_temp.setting(assignment), state, NULL, assignment) FROM (VALUES
    ('public_key = NULL', '23502'), ('keepalive_seconds = NULL', '23502'), ('enabled = NULL', '23502'),
    ('labels = NULL', '23502'), ('keepalive_seconds = 65536', '23514'), ('name = ''''', '23514'), ('labels = ''[]''',
        '23514'),
    ('expires_at = ''infinity''', '23514'), ('name = E''a\nb''', '23514')) AS bad (assignment, state);
SELECT throws_ok(pg_temp.setting('id = 77'), '0A000', 'id, state, created_at and updated_at cannot be written');
SELECT is(pg_temp.secret(1), pg_temp.key(101), 'and nothing was changed');
PREPARE renaming AS UPDATE peer_list SET name = 'first' WHERE id = 1 RETURNING id, name, preshared_key;
SELECT results_eq('renaming', $$VALUES (1::bigint, 'first', '(set)')$$, 'RETURNING tells no preshared key');
UPDATE peer_list SET comment = 'all' WHERE network = 'fleet';
SELECT is(count(*), 4::bigint, 'several at once') FROM peers WHERE comment = 'all';

-- the key
SELECT lives_ok(pg_temp.setting(format('public_key = %L', pg_temp.key(30))), 'another key');
SELECT is((id, pg_temp.secret(30)), (1::bigint, pg_temp.key(101)), 'of the same peer') FROM pg_temp.peer(30);
SELECT is(count(*), 1::bigint, 'the old one is buried') FROM tombstones
    WHERE public_key = decode(pg_temp.key(1), 'base64');
SELECT lives_ok(pg_temp.setting(format('public_key = %L', pg_temp.key(1)), 30), 'and back');
SELECT throws_ok(pg_temp.setting(format('public_key = %L', pg_temp.key(2))), '23505', NULL,
    'not the key of another peer');
SELECT throws_ok(pg_temp.setting('public_key = ''x'''), '22023',
    'public_key is not a WireGuard key: 44 characters of base64, as "wg pubkey" prints it');

-- the preshared key
SELECT lives_ok(pg_temp.setting('preshared_key = ''(set)'''), 'what the view shows may be written back');
SELECT is(pg_temp.secret(1), pg_temp.key(101), 'and changes nothing');
SELECT lives_ok(pg_temp.setting('preshared_key = ' || quote_literal(pg_temp.key(102))), 'another preshared key');
SELECT is(pg_temp.secret(1), pg_temp.key(102), 'is in place');
SELECT lives_ok(pg_temp.setting('preshared_key = NULL'), 'none any more');
SELECT is((pg_temp.secret(1), preshared_key), (NULL::text, NULL::text), 'is gone') FROM pg_temp.peer(1);
SELECT throws_ok(pg_temp.setting('preshared_key = ''(set)'''), '22023',
    'preshared_key is not a WireGuard key: 44 characters of base64, as "wg pubkey" prints it', '(set) is no key');
SELECT lives_ok(pg_temp.setting('preshared_key = ' || quote_literal(pg_temp.key(101))), 'a first preshared key');
SELECT is(pg_temp.secret(1), pg_temp.key(101), 'is in place');
SELECT throws_ok(pg_temp.setting('preshared_key = ' || quote_literal(encode(decode(repeat('00', 32), 'hex'),
    'base64'))),
    '23514', NULL, 'not all zero');

-- allowed IPs
UPDATE allowed_ips SET outside_ranges = true WHERE prefix = '10.0.0.1/32' AND peer_id = 1;
CREATE TEMP TABLE untouched AS SELECT a.ctid AS place, a.* FROM allowed_ips a WHERE prefix = '10.0.0.1/32'
    AND peer_id = 1;
SELECT pg_temp.mark();
SELECT lives_ok(pg_temp.setting('allowed_ips = ''{10.0.0.1/32,10.0.5.0/24,fd00::1/128}'''),
    'one address instead of another');
SELECT is(allowed_ips, '{10.0.0.1/32,10.0.5.0/24,fd00::1/128}'::cidr[], 'the view shows it') FROM pg_temp.peer(1);
SELECT is(pg_temp.changed_ips(), 'delete 10.0.4.0/24, insert 10.0.5.0/24', 'and nothing else was written');
SELECT results_eq($$SELECT ctid, outside_ranges FROM allowed_ips WHERE prefix = '10.0.0.1/32' AND peer_id = 1$$,
    'SELECT place, outside_ranges FROM untouched', 'the row of an address that stays is the same');
SELECT pg_temp.mark();
SELECT lives_ok(pg_temp.setting('allowed_ips = ''{fd00::1/128,10.0.0.1/32,10.0.5.0/24}'''), 'in another order');
SELECT is(pg_temp.changed_ips(), NULL, 'writes nothing');
SELECT lives_ok(pg_temp.setting('allowed_ips = allowed_ips || cidr ''10.0.6.0/24'''), 'one more');
SELECT is(pg_temp.changed_ips(), 'insert 10.0.6.0/24', 'writes one');
SELECT lives_ok(pg_temp.setting('allowed_ips = ''{10.0.5.0/25,10.0.0.1/32}'''), 'a part of what it had');
SELECT is(allowed_ips, '{10.0.0.1/32,10.0.5.0/25}'::cidr[], 'in place of the whole') FROM pg_temp.peer(1);
SELECT lives_ok(pg_temp.setting('allowed_ips = ''{}''', 4), 'no addresses');
SELECT is(allowed_ips, '{}'::cidr[], 'are none, although there is a pool') FROM pg_temp.peer(4);
SELECT lives_ok(pg_temp.setting('allowed_ips = NULL'), 'NULL');
SELECT is(allowed_ips, '{}'::cidr[], 'takes them all away') FROM pg_temp.peer(1);
SELECT lives_ok(pg_temp.setting('allowed_ips = ''{10.0.0.1/32,10.0.4.0/24}'''), 'and back');
SELECT throws_ok(pg_temp.setting('allowed_ips = ''{10.0.9.0/24,10.0.4.128/25}''', 2), '23P01', NULL,
    'not what another peer has');
SELECT throws_ok(pg_temp.setting('allowed_ips = ''{10.0.9.0/24,10.0.9.1/32}''', 2), '23P01', NULL,
    'nor overlapping each other');
SELECT is(allowed_ips, '{}'::cidr[], 'and nothing was changed') FROM pg_temp.peer(2);

-- another network through the view
SELECT lives_ok(pg_temp.setting('network = ''fleet'', name = ''moved'''), 'to a network without a pool');
SELECT is((id, network, name, allowed_ips), (1::bigint, 'fleet'::text, 'moved'::text,
    '{10.0.0.1/32,10.0.4.0/24}'::cidr[]),
    'the addresses and the other columns go with it') FROM pg_temp.peer(1);
SELECT lives_ok(pg_temp.setting('network = ''office'', allowed_ips = ''{10.0.0.8/32}'''), 'with other addresses');
SELECT is((network, allowed_ips), ('office'::text, '{10.0.0.8/32}'::cidr[]), 'which it has') FROM pg_temp.peer(1);
SELECT lives_ok(pg_temp.setting('network = ''pooled'''), 'to a network with pools');
SELECT is((network, allowed_ips), ('pooled'::text, ARRAY['10.7.0.3/32',
    derived_address('fd00:7::/64', decode(pg_temp.key(1), 'base64'))]), 'it gets their addresses') FROM pg_temp.peer(1);
SELECT throws_ok(pg_temp.setting('network = ''offise'''), '23503', 'there is no network "offise"');
SELECT throws_ok(pg_temp.setting('network = ''narrow''', 3), '23514',
    'allowed IP 10.0.0.3/32 lies outside the ranges of network "narrow"', 'not where its addresses do not fit');
SELECT lives_ok(pg_temp.setting(format('network = ''fleet'', public_key = %L, allowed_ips = ''{}''', pg_temp.key(31))),
    'another network and another key at once');
SELECT is((id, network, allowed_ips, pg_temp.secret(31)), (1::bigint, 'fleet'::text, '{}'::cidr[], pg_temp.key(101)),
    'of the same peer') FROM pg_temp.peer(31);

-- removing
SELECT lives_ok(format('DELETE FROM wg_provision.peer_list WHERE public_key = %L', pg_temp.key(31)),
    'a peer is forgotten');
SELECT is((SELECT count(*) FROM peers WHERE id = 1), 0::bigint, 'it is gone');
SELECT is(is_barred, false, 'its key is not barred') FROM tombstones
    WHERE public_key = decode(pg_temp.key(31), 'base64');
SELECT lives_ok($$DELETE FROM wg_provision.peer_list WHERE network = 'fleet' AND name IS NULL$$, 'several at once');
SELECT is(count(*), 1::bigint, 'no more than asked for') FROM peer_list WHERE network = 'fleet';

-- move_peer
SELECT add_peer('office', pg_temp.key(40), '{10.4.0.1/32,10.4.1.0/24}', pg_temp.key(140), name => 'forty');
SELECT is(move_peer(pg_temp.key(40), 'fleet'), '{10.4.0.1/32,10.4.1.0/24}'::cidr[],
    'where there is no pool addresses stay');
SELECT is(move_peer(pg_temp.key(40), 'office', '{10.4.0.2/32,10.4.1.0/24}'), '{10.4.0.2/32,10.4.1.0/24}'::cidr[],
    'with addresses');
SELECT is(move_peer(pg_temp.key(40), 'narrow', '{10.8.0.1/32}'), '{10.8.0.1/32}'::cidr[],
    'the old addresses need not fit');
SELECT is(move_peer(pg_temp.key(40), 'pooled'), ARRAY['10.7.0.4/32',
    derived_address('fd00:7::/64', decode(pg_temp.key(40), 'base64'))], 'from the pools');
SELECT is((network, name, pg_temp.secret(40)), ('pooled'::text, 'forty'::text, pg_temp.key(140)),
    'everything else is as it was')
    FROM pg_temp.peer(40);
SELECT is(move_peer(pg_temp.key(40), 'pooled'), (SELECT allowed_ips
    FROM pg_temp.peer(40)), 'to the same network: as they were');
SELECT is(move_peer(pg_temp.key(40), 'pooled', '{10.7.0.9/32}'), '{10.7.0.9/32}'::cidr[], 'or other addresses there');
SELECT is(move_peer(pg_temp.key(40), 'pooled', '{}'), '{}'::cidr[], 'or none');
SELECT is(move_peer(pg_temp.key(40), 'office', '{10.4.0.1/32}'), '{10.4.0.1/32}'::cidr[], 'away from a pool');
SELECT is(array_agg(prefix ORDER BY prefix), '{10.7.0.2/32,10.7.0.3/32,10.7.0.4/32}'::cidr[],
    'which has its addresses back')
    FROM returned_prefixes WHERE prefix <= '10.7.0.4/32';
SELECT add_peer('fleet', pg_temp.key(41), '{10.4.0.0/24}', name => 'forty-one');
SELECT throws_ok(format('SELECT move_peer(%L, ''fleet'')', pg_temp.key(40)), '23P01', NULL,
    'not onto another peer''s address');
SELECT throws_ok(format('SELECT move_peer(%L, ''fleet'', ''{10.9.0.0/24,10.4.0.128/25}'')', pg_temp.key(40)), '23P01',
    NULL,
    'nor with one of these');
UPDATE peers SET name = 'forty' WHERE public_key = decode(pg_temp.key(41), 'base64');
SELECT throws_ok(format('SELECT move_peer(%L, ''fleet'', ''{}'')', pg_temp.key(40)), '23505', NULL,
    'nor onto its name');
SELECT is((network, allowed_ips), ('office'::text, '{10.4.0.1/32}'::cidr[]), 'and nothing was changed')
    FROM pg_temp.peer(40);
SELECT throws_ok(format('SELECT move_peer(%L, ''offise'')', pg_temp.key(40)), '23503', 'there is no network "offise"');

-- set_expiry
SELECT lives_ok(format('SELECT set_expiry(%L, ''2099-01-01'')', pg_temp.key(40)), 'an expiry');
SELECT is(expires_at, '2099-01-01'::timestamptz, 'is set') FROM pg_temp.peer(40);
SELECT throws_ok(format('SELECT set_expiry(%L, %L)', pg_temp.key(40), past), '22023',
    'expires_at is in the past: ' || past,
    'not ' || words) FROM (VALUES (now() - interval '1 second', 'a second ago'), (now(), 'now'), ('-infinity', 'never'))
    AS bad (past, words);
SELECT throws_ok(format('SELECT set_expiry(%L, ''infinity'')', pg_temp.key(40)), '23514', NULL, 'nor infinity');
SELECT lives_ok(format('SELECT set_expiry(%L, NULL)', pg_temp.key(40)), 'for ever');
SELECT is(expires_at, NULL, 'is set') FROM pg_temp.peer(40);

-- a key that is none
SELECT throws_ok(format(call, quote_nullable(key)), state, message, format(call, coalesce(left(key, 8), 'NULL')))
    FROM unnest(ARRAY['SELECT peer_id(%s)', 'SELECT set_expiry(%s, NULL)', 'SELECT move_peer(%s, ''office'')']) AS call,
    (VALUES (NULL, '22004', 'public_key must be given'),
        ('x', '22023', 'public_key is not a WireGuard key: 44 characters of base64, as "wg pubkey" prints it'),
        (pg_temp.key(99), 'P0002', 'there is no peer with the key ' || pg_temp.key(99))) AS bad (key, state, message);
SELECT is(peer_id(pg_temp.key(40)), (SELECT id FROM pg_temp.peer(40)), 'the id of a peer');

-- text that looks like SQL
INSERT INTO peer_list (network, public_key, allowed_ips, name, comment, labels)
    SELECT 'office', pg_temp.key(200 + n::integer), '{}', attack, attack, jsonb_build_object(attack, attack)
    FROM pg_temp.attacks() WITH ORDINALITY AS a (attack, n);
SELECT results_eq($$SELECT name, comment, labels FROM peer_list WHERE name = comment ORDER BY name$$,
    $$SELECT attack, attack, jsonb_build_object(attack, attack) FROM pg_temp.attacks() AS attack ORDER BY 1$$,
    'it is stored as it is');
UPDATE peer_list SET name = name || '!', comment = comment || '!' WHERE name = comment;
SELECT results_eq($$SELECT name, comment FROM peer_list WHERE name = comment ORDER BY name$$,
    $$SELECT attack || '!', attack || '!' FROM pg_temp.attacks() AS attack ORDER BY 1$$, 'and changed');
SELECT is_empty($$SELECT attack FROM pg_temp.attacks() AS attack, unnest(ARRAY[
        format('INSERT INTO peer_list (network, public_key) VALUES (%L, pg_temp.key(300))', attack),
        format('UPDATE peer_list SET network = %L', attack), format('SELECT move_peer(pg_temp.key(40), %L)', attack),
        format('SELECT add_pool(%L, ''10.66.0.0/16'')', attack)]) AS statement
    WHERE pg_temp.message_of(statement) <> format('there is no network "%s"', attack)$$, 'as a network it is none');
SELECT is_empty($$SELECT attack FROM pg_temp.attacks() AS attack, unnest(ARRAY[
        format('INSERT INTO peer_list (network, public_key) VALUES (''office'', %L)', attack),
        format('UPDATE peer_list SET public_key = %L', attack), format('UPDATE peer_list SET preshared_key = %L',
            attack),
        format('SELECT peer_id(%L)', attack), format('SELECT set_expiry(%L, NULL)', attack),
        format('SELECT move_peer(%L, ''office'')', attack), format('SELECT revoke_peer(%L)', attack),
        format('SELECT pardon_key(%L)', attack)]) AS statement
    WHERE pg_temp.message_of(statement) NOT LIKE '%key is not a WireGuard key: 44 characters %'$$,
        'as a key it is none');
SELECT is_empty($$SELECT peer_history(attack) FROM pg_temp.attacks() AS attack$$, 'it has no history');
SELECT lives_ok(format('SELECT revoke_peer(pg_temp.key(201), %L)', string_agg(attack, ' ')), 'as a reason')
    FROM pg_temp.attacks() AS attack;
SELECT is(t.reason, (SELECT string_agg(attack, ' ') FROM pg_temp.attacks() AS attack), 'it is stored as it is')
    FROM tombstones t WHERE is_barred;

SELECT * FROM finish();
ROLLBACK;
