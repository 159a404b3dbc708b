-- What changed is told once per statement and network, with its keys or as "many"; deleted keys leave a tombstone, and
-- revoked ones do not come back.
BEGIN;
SET search_path = public, wg_provision;
SELECT plan(33);

CREATE FUNCTION pg_temp.key(n integer) RETURNS bytea LANGUAGE sql AS $$ SELECT sha256(int4send(n)) $$;
CREATE FUNCTION pg_temp.base64(n integer) RETURNS text LANGUAGE sql AS $$ SELECT encode(sha256(int4send(n)), 'base64') $$;
-- What was told since the last call.
CREATE FUNCTION pg_temp.told() RETURNS SETOF text LANGUAGE sql AS $$
    WITH gone AS (DELETE FROM changes RETURNING id, network, cardinality(public_keys) AS keys)
    SELECT network || ' ' || coalesce(keys::text, 'many') FROM gone ORDER BY id
$$;

INSERT INTO networks (name) VALUES ('office'), ('fleet');
SELECT is_empty('SELECT pg_temp.told()', 'a network without peers is no news');

INSERT INTO peers (network_id, public_key) SELECT 1, pg_temp.key(i) FROM generate_series(1, 100) i;
SELECT results_eq('SELECT pg_temp.told()', $$VALUES ('office 100')$$, 'a statement is told once, with up to 100 keys');
INSERT INTO peers (network_id, public_key) SELECT 1, pg_temp.key(i) FROM generate_series(101, 201) i;
SELECT results_eq('SELECT pg_temp.told()', $$VALUES ('office many')$$, 'and as many from 101');
INSERT INTO peers (network_id, public_key) SELECT 1 + i % 2, pg_temp.key(i) FROM generate_series(300, 303) i;
SELECT results_eq('SELECT pg_temp.told()', $$VALUES ('fleet 2'), ('office 2')$$, 'once per network');
UPDATE peers SET enabled = false WHERE public_key = pg_temp.key(1);
SELECT results_eq('SELECT pg_temp.told()', $$VALUES ('office 1')$$, 'an update is told');
UPDATE peers SET network_id = 2 WHERE public_key = pg_temp.key(1);
SELECT results_eq('SELECT pg_temp.told()', $$VALUES ('fleet 1'), ('office 1')$$, 'a move is told in both networks');
UPDATE peers SET enabled = true WHERE false;
SELECT is_empty('SELECT pg_temp.told()', 'a statement that changes nothing is no news');
INSERT INTO allowed_ips SELECT id, network_id, '10.0.0.1/32' FROM peers WHERE public_key = pg_temp.key(2);
SELECT results_eq('SELECT pg_temp.told()', $$VALUES ('office 1')$$, 'an allowed IP is told as its peer');
UPDATE allowed_ips SET prefix = '10.0.0.2/32';
SELECT results_eq('SELECT pg_temp.told()', $$VALUES ('office 1')$$, 'so is its change');
DELETE FROM allowed_ips;
SELECT results_eq('SELECT pg_temp.told()', $$VALUES ('office 1')$$, 'and its end');
UPDATE networks SET name = 'bureau' WHERE id = 1;
SELECT results_eq('SELECT pg_temp.told()', $$VALUES ('office many'), ('bureau many')$$, 'a renamed network is told by both names');
UPDATE networks SET name = 'office' WHERE id = 1;
SELECT count(*) FROM pg_temp.told() \gset ignored_

-- Positions. All of this is one transaction, which its own snapshots do not see as finished.
SELECT is(count(*), 1::bigint, 'a position alone is one row') FROM changes_after(NULL);
SELECT is((network, public_key, is_many), (NULL::text, NULL::bytea, false), 'without a change') FROM changes_after(NULL);
UPDATE peers SET enabled = false WHERE public_key IN (pg_temp.key(2), pg_temp.key(3));
SELECT set_eq(format('SELECT network, public_key, is_many FROM changes_after(%L)', pg_current_snapshot()),
    $$SELECT 'office' AS network, pg_temp.key(i) AS public_key, false AS is_many FROM generate_series(2, 3) i$$, 'one row per key');
SELECT count(*) FROM pg_temp.told() \gset ignored_
UPDATE networks SET comment = 'x';
SELECT is_empty('SELECT pg_temp.told()', 'a comment is no news');

-- Tombstones.
DELETE FROM peers WHERE public_key = pg_temp.key(4);
SELECT results_eq('SELECT pg_temp.told()', $$VALUES ('office 1')$$, 'a deletion is told');
SELECT is((network_id, revoked_by = session_user, reason, is_barred), (1, true, NULL::text, false), 'and leaves a tombstone')
    FROM tombstones WHERE public_key = pg_temp.key(4);
SELECT is((SELECT verdict FROM find_peers('{office}', ARRAY[pg_temp.key(4)])), 'revoked', 'its look-up says revoked');
SELECT lives_ok('INSERT INTO peers (network_id, public_key) VALUES (2, pg_temp.key(4))', 'a deleted key may be added again');
SELECT is_empty('SELECT FROM tombstones WHERE public_key = pg_temp.key(4)', 'which takes its tombstone away');
UPDATE peers SET public_key = pg_temp.key(1004), name = 'phone' WHERE public_key = pg_temp.key(4);
SELECT is((SELECT verdict FROM find_peers('{office}', ARRAY[pg_temp.key(4)])), 'revoked', 'a replaced key is revoked');
SELECT is((SELECT verdict FROM find_peers('{fleet}', ARRAY[pg_temp.key(1004)])), 'found', 'the new one is not');

SELECT is(revoke_peer(pg_temp.base64(5), 'stolen'), (SELECT 5::bigint), 'revoke_peer returns the id');
SELECT is((reason, is_barred), ('stolen'::text, true), 'and keeps the reason') FROM tombstones WHERE public_key = pg_temp.key(5);
SELECT throws_ok('INSERT INTO peers (network_id, public_key) VALUES (2, pg_temp.key(5))', '23514',
    format('the key %s was revoked on %s', pg_temp.base64(5), to_char(now(), 'YYYY-MM-DD HH24:MI TZ')),
    'a revoked key is not added again');
SELECT throws_ok('UPDATE peers SET public_key = pg_temp.key(5) WHERE public_key = pg_temp.key(6)', '23514', NULL,
    'nor taken by another peer');
SELECT throws_ok(format('SELECT revoke_peer(%L)', pg_temp.base64(5)), 'P0002', NULL, 'nor revoked twice');
SELECT throws_ok($$SELECT revoke_peer('x')$$, '22023', NULL, 'revoke_peer wants a key');
SELECT throws_ok('SELECT revoke_peer(NULL)', '22004', NULL, 'and not nothing');
SELECT lives_ok(format('SELECT pardon_key(%L)', pg_temp.base64(5)), 'pardon_key');
SELECT lives_ok('INSERT INTO peers (network_id, public_key) VALUES (2, pg_temp.key(5))', 'lets it in again');
SELECT throws_ok(format('SELECT pardon_key(%L)', pg_temp.base64(5)), 'P0002', NULL, 'and says when there is nothing to pardon');
SELECT throws_ok('TRUNCATE peers CASCADE', '0A000', NULL, 'a TRUNCATE would be told to nobody');

SELECT * FROM finish();
ROLLBACK;
