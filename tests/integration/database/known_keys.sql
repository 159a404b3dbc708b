-- Which keys a gateway is told that there are: all of which a look-up could answer with a peer, page by page.
BEGIN;
SET search_path = public, wg_provision;
SET LOCAL client_min_messages = warning;
SELECT plan(21);

CREATE FUNCTION pg_temp.key(n integer) RETURNS bytea LANGUAGE sql AS $$ SELECT sha256(int4send(n)) $$;
-- The numbers of the keys, read in pages.
CREATE FUNCTION pg_temp.known(network text, page integer DEFAULT 100) RETURNS integer[] LANGUAGE plpgsql AS $$
DECLARE
    behind bytea;
    read   bytea[];
    known  bytea[] := '{}';
BEGIN
    LOOP
        read := ARRAY(SELECT wg_provision.known_keys_of(network, behind, page));
        known := known || read;
        EXIT WHEN cardinality(read) < page;
        behind := read[cardinality(read)];
    END LOOP;
    RETURN ARRAY(SELECT n FROM generate_series(1, 50) n WHERE pg_temp.key(n) = ANY (known) ORDER BY n);
END
$$;

INSERT INTO networks (name) VALUES ('office'), ('fleet');
INSERT INTO peers (network_id, public_key) SELECT 1, pg_temp.key(n) FROM generate_series(1, 5) n;
INSERT INTO peers (network_id, public_key) SELECT 2, pg_temp.key(n) FROM generate_series(6, 9) n;
SELECT is(pg_temp.known('office'), '{1,2,3,4,5}', 'the peers of a network');
SELECT is(pg_temp.known('fleet'), '{6,7,8,9}', 'and of another');
SELECT is(pg_temp.known('nowhere'), '{}', 'none of one that is not there');
SELECT is(pg_temp.known('office', 1), '{1,2,3,4,5}', 'page by page');
SELECT is(pg_temp.known('office', 2), '{1,2,3,4,5}', 'of any size');
SELECT is(pg_temp.known('office', 5), '{1,2,3,4,5}', 'and where the last one is full');
SELECT results_eq($$SELECT known_keys_of('office', NULL, 100)$$,
    $$SELECT pg_temp.key(n) FROM generate_series(1, 5) n ORDER BY 1$$, 'in their order');

UPDATE peers SET enabled = false WHERE public_key = pg_temp.key(1);
UPDATE peers SET not_before = now() + interval '1 hour' WHERE public_key = pg_temp.key(2);
SELECT is(pg_temp.known('office'), '{2,3,4,5}', 'not one that is disabled, but one whose time comes without a change');
DELETE FROM peers WHERE public_key = pg_temp.key(3);
SELECT is(pg_temp.known('office'), '{2,4,5}', 'nor one that was deleted');
SELECT expect_key('office', encode(pg_temp.key(20), 'base64')), expect_key('fleet', encode(pg_temp.key(21), 'base64')) \gset ignored_
SELECT is(pg_temp.known('office', 2), '{2,4,5,20}', 'keys that are expected');
SELECT rotate_key(encode(pg_temp.key(4), 'base64'), encode(pg_temp.key(30), 'base64'), '1 hour') \gset ignored_
SELECT is(pg_temp.known('office', 2), '{2,4,5,20,30}', 'both keys of a peer that changes its');
UPDATE retiring_keys SET ends_at = now() - interval '1 second';
SELECT is(pg_temp.known('office', 2), '{2,5,20,30}', 'until the overlap is over');
SELECT is((SELECT array_agg(n ORDER BY n) FROM generate_series(1, 50) n, LATERAL find_peers_of('{office}', ARRAY[pg_temp.key(n)]) f
    WHERE f.verdict IN ('found', 'expected', 'not_yet_valid')), '{2,5,20,30}', 'which are those that a look-up answers with');

INSERT INTO trial_enrolments (network_id, preshared_key) VALUES (1, pg_temp.key(99));
SELECT results_eq($$SELECT known_keys_of('office', NULL, 100)$$, 'SELECT NULL::bytea', 'any key where devices come on trial');
UPDATE trial_enrolments SET ends_at = now() - interval '1 second';
SELECT is(pg_temp.known('office'), '{2,5,20,30}', 'until that ends');

CREATE ROLE bound LOGIN IN ROLE wg_provision_daemon;
SELECT allow_gateway('bound', 'gw7', 'office');
GRANT USAGE ON SCHEMA wg_provision TO bound;
SET LOCAL SESSION AUTHORIZATION bound;
SELECT is((SELECT count(*) FROM wg_provision.known_keys_of('office', NULL, 100)), 4::bigint, 'a login reads its network');
SELECT is_empty($$SELECT wg_provision.known_keys_of('fleet', NULL, 100)$$, 'and no other');
RESET SESSION AUTHORIZATION;
CREATE ROLE stranger LOGIN;
GRANT USAGE ON SCHEMA wg_provision TO stranger;
SET LOCAL SESSION AUTHORIZATION stranger;
SELECT throws_ok($$SELECT wg_provision.known_keys_of('office', NULL, 100)$$, '42501', NULL, 'who is no daemon reads none');
RESET SESSION AUTHORIZATION;

-- The plan was made while there was next to nothing.
INSERT INTO peers (network_id, public_key) SELECT 2, pg_temp.key(n) FROM generate_series(1001, 31000) n;
INSERT INTO peers (network_id, public_key) SELECT 1, pg_temp.key(n) FROM generate_series(31001, 41000) n;
CREATE FUNCTION pg_temp.rows_read() RETURNS bigint LANGUAGE sql AS $$
    SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_xact_user_tables
    WHERE schemaname = 'wg_provision' AND relname IN ('peers', 'expected_keys', 'retiring_keys') $$;
SELECT pg_temp.rows_read() AS before \gset
SELECT is((SELECT count(*) FROM known_keys_of('office', pg_temp.key(2), 1000)), 1000::bigint, 'a page among many');
SELECT cmp_ok(pg_temp.rows_read() - :before, '<', 1100::bigint, 'costs what it has, whatever the network beside it has');
SELECT is((SELECT max(octet_length(k)) FROM known_keys_of('office', NULL, 2000000000) k), 32, 'there is a largest page');

SELECT * FROM finish();
ROLLBACK;
