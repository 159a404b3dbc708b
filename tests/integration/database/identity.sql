-- The database has a name; it tells a peer that it removed from one that it never had; and changes that another cluster has
-- written are no news.
BEGIN;
SET search_path = public, wg_provision;
SELECT plan(17);

CREATE FUNCTION pg_temp.key(n integer) RETURNS bytea LANGUAGE sql AS $$ SELECT sha256(int4send(n)) $$;
CREATE FUNCTION pg_temp.base64(n integer) RETURNS text LANGUAGE sql AS $$ SELECT encode(sha256(int4send(n)), 'base64') $$;
CREATE FUNCTION pg_temp.removed() RETURNS integer[] LANGUAGE sql AS $$
    SELECT array_agg(i ORDER BY i) FROM generate_series(1, 9) i
    WHERE pg_temp.key(i) IN (SELECT removed_peers(ARRAY(SELECT pg_temp.key(j) FROM generate_series(1, 9) j)))
$$;

SELECT is(database_identity(), (SELECT id::text FROM identity), 'the database has an identity');
SELECT isnt(database_identity(), gen_random_uuid()::text, 'of its own');
SELECT throws_ok('INSERT INTO identity DEFAULT VALUES', '23505', NULL, 'and no second one');

INSERT INTO networks (name) VALUES ('office'), ('fleet');
INSERT INTO peers (network_id, public_key) SELECT 1, pg_temp.key(i) FROM generate_series(1, 4) i;
INSERT INTO peers (network_id, public_key) SELECT 2, pg_temp.key(i) FROM generate_series(5, 6) i;
SELECT is(pg_temp.removed(), NULL, 'who is there, and who never was, was not removed');
SELECT revoke_peer(pg_temp.base64(1)), revoke_peer(pg_temp.base64(2)) \gset ignored_
DELETE FROM peers WHERE public_key = pg_temp.key(3);
SELECT is(pg_temp.removed(), '{1,2,3}', 'who has a tombstone was');
SELECT pardon_key(pg_temp.base64(2)) \gset ignored_
SELECT is(pg_temp.removed(), '{1,2,3}', 'and stays so when it is pardoned');
INSERT INTO peers (network_id, public_key) VALUES (1, pg_temp.key(2));
SELECT is(pg_temp.removed(), '{1,3}', 'until it is added again');
DELETE FROM peers WHERE network_id = 2;
DELETE FROM networks WHERE id = 2;
SELECT isnt_empty('SELECT FROM tombstones WHERE public_key = pg_temp.key(5)', 'a network that goes leaves its tombstones');
SELECT is(pg_temp.removed(), '{1,3,5,6}', 'and what was removed is known all the same');
SELECT is(array_agg(k), NULL, 'no key is no answer') FROM removed_peers('{}') k;

-- A cluster that has come further wrote these.
DELETE FROM changes;
INSERT INTO changes (network, public_keys, xid)
    SELECT 'office', CASE WHEN i % 2 = 0 THEN ARRAY[pg_temp.key(i)] END, '900000000'::xid8 FROM generate_series(1, 200) i;
SELECT results_eq(format('SELECT network, is_many FROM changes_after(%L)', '4:4:'), $$VALUES (NULL::text, false)$$,
    'what this cluster cannot have written is no news');
SELECT results_eq(format('SELECT network, is_many FROM changes_after(%L)', '900000001:900000001:'),
    $$VALUES ('office'::text, true)$$, 'a position that it has not come to yet tells of every network');
UPDATE peers SET enabled = false WHERE public_key = pg_temp.key(4);
SELECT results_eq(format('SELECT network, public_key FROM changes_after(%L)', '4:4:'),
    $$VALUES ('office'::text, pg_temp.key(4))$$, 'what it writes itself is news');
SELECT is(count(*), 100::bigint, 'and takes 100 of the others away') FROM changes WHERE xid = '900000000'::xid8;
UPDATE peers SET enabled = true WHERE public_key = pg_temp.key(4);
SELECT is(count(*), 2::bigint, 'the next one the rest, and none of its own') FROM changes;

-- One that is far ahead of what is stored.
INSERT INTO changes (network, xid) VALUES ('office', '3'::xid8);
SELECT results_eq(format('SELECT network FROM changes_after(%L)', '4:4:'),
    $$VALUES ('office'::text), ('office')$$, 'rows from long ago are no news either: these are the two of this transaction');
SELECT results_eq($$SELECT network, is_many FROM changes_after(NULL)$$, $$VALUES (NULL::text, false)$$, 'a position alone is one row');

SELECT * FROM finish();
ROLLBACK;
