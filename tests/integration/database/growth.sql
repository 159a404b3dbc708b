-- What grows with the fleet: plans made while tables were empty, triggers after a bulk change, changes that are none, the trail.
BEGIN;
SET search_path = public, wg_provision;
SET LOCAL client_min_messages = warning;
SELECT plan(28);

CREATE FUNCTION pg_temp.key(n integer) RETURNS bytea LANGUAGE sql AS $$ SELECT sha256(int4send(n)) $$;
-- Rows of a table that this transaction has read, however it found them.
CREATE FUNCTION pg_temp.rows_read(tables text[]) RETURNS bigint LANGUAGE sql AS $$
    SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_xact_user_tables
    WHERE schemaname = 'wg_provision' AND relname = ANY (tables) $$;
CREATE FUNCTION pg_temp.told() RETURNS SETOF text LANGUAGE sql AS $$
    WITH gone AS (DELETE FROM changes RETURNING id, network, cardinality(public_keys) AS keys)
    SELECT network || ' ' || coalesce(keys::text, 'many') FROM gone ORDER BY id $$;

INSERT INTO networks (name) VALUES ('office'), ('fleet');

-- plans
ANALYZE peers, allowed_ips, sessions, past_initiations, retiring_keys;
SELECT count(*) FROM find_peers_of('{office}', ARRAY[pg_temp.key(1)]) \gset ignored_
INSERT INTO peers (network_id, public_key, name) SELECT 1, pg_temp.key(n), 'peer ' || n FROM generate_series(1, 10000) n;
INSERT INTO sessions (public_key, peer_id, gateway, interface) SELECT public_key, id, 'gw', 'wg0' FROM peers;
INSERT INTO past_initiations (public_key, initiation) SELECT public_key, substr(public_key, 1, 12) FROM peers;
INSERT INTO retiring_keys (public_key, peer_id, ends_at) SELECT sha256(public_key), id, now() + interval '1 day' FROM peers;
INSERT INTO allowed_ips (peer_id, network_id, prefix) SELECT id, 1, set_masklen(cidr '10.0.0.0/8' + id, 32) FROM peers;
SELECT pg_temp.rows_read('{peers,allowed_ips,sessions,past_initiations,retiring_keys}') AS before \gset
SELECT is((SELECT count(*) FROM find_peers_of(array_fill('office'::text, '{128}'), ARRAY(
    SELECT pg_temp.key(n) FROM generate_series(1, 64) n UNION ALL SELECT sha256(pg_temp.key(n)) FROM generate_series(1, 64) n))
    WHERE verdict = 'found'), 128::bigint, 'a batch, by keys of both kinds');
SELECT cmp_ok(pg_temp.rows_read('{peers,allowed_ips,sessions,past_initiations,retiring_keys}') - :before, '<=', 1024::bigint,
    'with a plan of when the tables were empty each key is looked up by itself');
SELECT is_empty($$SELECT indexrelid::regclass FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
    WHERE i.indrelid = 'wg_provision.activity'::regclass AND i.indkey::text ~ (SELECT '\m' || attnum || '\M' FROM pg_attribute
        WHERE attrelid = 'wg_provision.activity'::regclass AND attname = 'last_handshake')$$,
    'no index keeps the updates of reports from staying on their page');

-- triggers
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'wg_provision'::regnamespace
    AND p.prorettype = 'trigger'::regtype AND NOT coalesce(p.proconfig @> '{jit=off}', false)
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')$$, 'no trigger compiles its plans');
UPDATE peers SET keepalive_seconds = 25;
SELECT is((SELECT count(*) FROM audit WHERE operation = 'update'), 10000::bigint, 'a bulk change is in the trail');
CREATE FUNCTION pg_temp.ms_of_singles() RETURNS double precision LANGUAGE plpgsql AS $$
DECLARE
    begun CONSTANT timestamptz := clock_timestamp();
BEGIN
    FOR n IN 1..50 LOOP
        UPDATE wg_provision.peers SET keepalive_seconds = n WHERE public_key = pg_temp.key(n);
    END LOOP;
    RETURN extract(epoch FROM clock_timestamp() - begun) * 1000;
END
$$;
SELECT cmp_ok(pg_temp.ms_of_singles(), '<', 1000::double precision, 'after it 50 single ones take less than 20 ms each');
SELECT is((SELECT (operation, before ->> 'keepalive_seconds', after ->> 'keepalive_seconds', after ->> 'public_key') FROM audit
    WHERE relation = 'peers' AND subject = encode(pg_temp.key(7), 'base64') ORDER BY id DESC LIMIT 1),
    ('update'::text, '25'::text, '7'::text, encode(pg_temp.key(7), 'base64')), 'and are in the trail');
UPDATE peers SET preshared_key = pg_temp.key(90) WHERE public_key = pg_temp.key(7);
UPDATE peers SET preshared_key = pg_temp.key(91) WHERE public_key = pg_temp.key(7);
SELECT results_eq($$SELECT before -> 'preshared_key', after -> 'preshared_key' FROM audit WHERE relation = 'peers'
    AND subject = encode(pg_temp.key(7), 'base64') ORDER BY id DESC LIMIT 2$$,
    $$VALUES (jsonb 'true', jsonb '"changed"'), ('null', 'true')$$, 'which never has a secret');
UPDATE peers SET public_key = pg_temp.key(20007) WHERE public_key = pg_temp.key(7);
SELECT is((SELECT (before ->> 'public_key', subject) FROM audit WHERE relation = 'peers' ORDER BY id DESC LIMIT 1),
    (encode(pg_temp.key(7), 'base64'), encode(pg_temp.key(20007), 'base64')), 'and a key that was replaced by both');

-- changes that are none
DELETE FROM allowed_ips;
SELECT count(*) FROM pg_temp.told() \gset ignored_
UPDATE peers SET comment = 'x', name = 'y', labels = '{"a": "b"}' WHERE public_key = pg_temp.key(1);
UPDATE peers SET enabled = enabled, keepalive_seconds = keepalive_seconds;
INSERT INTO allowed_ips (peer_id, network_id, prefix) SELECT id, 1, '10.0.0.1/32' FROM peers WHERE public_key = pg_temp.key(1);
INSERT INTO allowed_ips (peer_id, network_id, prefix) SELECT id, 1, '10.0.0.2/32' FROM peers WHERE public_key = pg_temp.key(2);
SELECT results_eq('SELECT pg_temp.told()', $$VALUES ('office 1'), ('office 1')$$, 'a comment and a row written as it was wake nobody');
UPDATE allowed_ips SET prefix = prefix;
SELECT is_empty('SELECT pg_temp.told()', 'an allowed IP written as it was neither');
UPDATE peers SET allowed_sources = '{10.0.0.0/8}' WHERE public_key = pg_temp.key(1);
UPDATE peers SET roaming = false WHERE public_key = pg_temp.key(1);
UPDATE peers SET evict_last = true WHERE public_key = pg_temp.key(1);
UPDATE peers SET expires_at = now() + interval '1 day' WHERE public_key = pg_temp.key(1);
UPDATE peers SET preshared_key = pg_temp.key(92) WHERE public_key = pg_temp.key(1);
SELECT results_eq('SELECT pg_temp.told()', $$SELECT 'office 1' FROM generate_series(1, 5)$$, 'what a gateway is told does');

-- addresses exchanged
SELECT lives_ok($$UPDATE allowed_ips SET prefix = CASE prefix WHEN '10.0.0.1/32' THEN cidr '10.0.0.2/32' ELSE '10.0.0.1/32' END$$,
    'two peers exchange their addresses in one statement');
SELECT results_eq('SELECT pg_temp.told()', $$VALUES ('office 2')$$, 'of which both are told');
SELECT throws_ok($$UPDATE allowed_ips SET prefix = '10.0.0.0/24'$$, '23P01', NULL, 'what overlaps at its end is refused');
SELECT throws_ok($$INSERT INTO allowed_ips (peer_id, network_id, prefix) SELECT id, 1, '10.0.0.0/24' FROM peers
    WHERE public_key = pg_temp.key(3)$$, '23P01', NULL, 'at once');

-- the trail
INSERT INTO audit (operation, relation, subject, changed_at) SELECT 'insert', 'pools', 'old', now() - interval '2 years'
    FROM generate_series(1, 1000);
ANALYZE audit;
CREATE FUNCTION pg_temp.plan_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    plan text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || statement LOOP
        plan := plan || line || E'\n';
    END LOOP;
    RETURN plan;
END
$$;
SELECT pg_temp.rows_read('{audit}') AS before \gset
SELECT is((SELECT array_agg(operation || ' ' || relation) FROM peer_history(encode(pg_temp.key(1), 'base64'))),
    ARRAY['insert peers', 'insert allowed_ips', 'update peers', 'update peers', 'delete allowed_ips', 'update peers',
        'insert allowed_ips', 'update peers', 'update peers', 'update peers', 'update peers', 'update peers', 'delete allowed_ips',
        'insert allowed_ips'], 'the history of a peer');
SELECT cmp_ok(pg_temp.rows_read('{audit}') - :before, '<=', 200::bigint, 'without reading the trail through');
SELECT throws_ok('DELETE FROM audit', '42501', 'the audit trail is append-only', 'nobody changes the trail');
SELECT is(prune_audit(now() - interval '1 year', 600), 600::bigint, 'its owner shortens it, a part at a time');
SELECT is(prune_audit(now() - interval '1 year'), 400::bigint, 'until nothing is left');
SELECT is(prune_audit(now() - interval '1 year'), 0::bigint, 'of before then');
SELECT throws_ok('DELETE FROM audit', '42501', NULL, 'and nobody changes it after that');
SELECT alike(pg_temp.plan_of($$SELECT * FROM wg_provision.peer_list WHERE public_key = 'x'$$), '%peers_public_key_text%',
    'a peer is found by its key as wg prints it');
SET LOCAL enable_seqscan = off;
SELECT alike(pg_temp.plan_of($$SELECT FROM wg_provision.peers WHERE expires_at < now()$$), '%peers_expires_at%', 'by its end');
SELECT alike(pg_temp.plan_of($$SELECT FROM wg_provision.audit WHERE changed_by = 'x'$$), '%audit_changed_by%',
    'and a change by whom it was made');
RESET enable_seqscan;

-- a revoked key outlives its network
SELECT add_pool('fleet', '10.9.0.0/24');
SELECT add_peer('fleet', encode(pg_temp.key(30000), 'base64'));
SELECT revoke_peer(encode(pg_temp.key(30000), 'base64'), 'stolen');
DELETE FROM networks WHERE name = 'fleet';
SELECT throws_ok(format('SELECT add_peer(''office'', %L, ''{}'')', encode(pg_temp.key(30000), 'base64')), '23514', NULL,
    'a key that was revoked stays so when its network goes');
SELECT is((SELECT verdict FROM find_peers('{office}', ARRAY[pg_temp.key(30000)])), 'revoked', 'for the gateways too');

SELECT * FROM finish();
ROLLBACK;
