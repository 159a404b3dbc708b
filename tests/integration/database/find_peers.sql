-- wg_provision.find_peers: one row per asked key, judged by the server's clock, and nothing about a refused peer.
BEGIN;
SET search_path = public, wg_provision;
SELECT plan(13);

CREATE FUNCTION pg_temp.key(n integer) RETURNS bytea LANGUAGE sql AS $$ SELECT sha256(int4send(n)) $$;

INSERT INTO networks (name) VALUES ('office'), ('fleet');
INSERT INTO peers (network_id, public_key, preshared_key, keepalive_seconds, enabled, not_before, expires_at) VALUES
    (1, pg_temp.key(1), sha256('psk'), 25, true, now() - interval '1 day', '2100-01-01 00:00:00.5+00'),
    (1, pg_temp.key(2), sha256('psk'), 25, false, NULL, NULL),
    (1, pg_temp.key(3), sha256('psk'), 25, true, now() + interval '1 second', NULL),
    (1, pg_temp.key(4), sha256('psk'), 25, true, NULL, now()),
    (2, pg_temp.key(5), sha256('psk'), 25, true, NULL, NULL),
    (1, pg_temp.key(6), NULL, 0, true, now(), now() + interval '1 second');
INSERT INTO allowed_ips SELECT id, network_id, set_masklen('10.0.0.0'::inet + id, 32)::cidr FROM peers;
INSERT INTO allowed_ips VALUES (1, 1, 'fd00::/64');

CREATE TEMP TABLE answers AS
    SELECT * FROM find_peers(array_fill('office'::text, ARRAY[7]), ARRAY(SELECT pg_temp.key(i) FROM generate_series(1, 7) i));

SELECT results_eq('SELECT ordinal, verdict FROM answers ORDER BY ordinal', $$VALUES
    (1, 'found'), (2, 'disabled'), (3, 'not_yet_valid'), (4, 'expired'), (5, 'other_network'), (6, 'found'),
    (7, 'unknown')$$, 'one verdict per key');
SELECT results_eq('SELECT public_key FROM answers ORDER BY ordinal', 'SELECT pg_temp.key(i) FROM generate_series(1, 7) i',
    'the asked keys come back');
SELECT is((peer_id, preshared_key, keepalive_seconds), (1::bigint, sha256('psk'), 25), 'a found peer')
    FROM answers WHERE ordinal = 1;
SELECT is((SELECT array_agg(p ORDER BY p) FROM unnest(allowed_ips) p), '{10.0.0.1/32,fd00::/64}'::cidr[], 'its allowed IPs')
    FROM answers WHERE ordinal = 1;
SELECT is(expires_at_us, 4102444800500000, 'its expiry in microseconds') FROM answers WHERE ordinal = 1;
SELECT is((preshared_key, keepalive_seconds), (NULL::bytea, 0), 'a found peer without a preshared key')
    FROM answers WHERE ordinal = 6;
SELECT is(count(*), 0::bigint, 'nothing is told about a refused peer') FROM answers
    WHERE verdict <> 'found'
    AND num_nonnulls(peer_id, preshared_key, keepalive_seconds, allowed_ips, expires_at_us) > 0;

SELECT results_eq(
    $$SELECT ordinal, verdict FROM find_peers('{fleet,office,office,office}',
        ARRAY[pg_temp.key(5), pg_temp.key(1), pg_temp.key(1), pg_temp.key(5)]) ORDER BY ordinal$$,
    $$VALUES (1, 'found'), (2, 'found'), (3, 'found'), (4, 'other_network')$$, 'a key may be asked twice, per network');
SELECT is_empty($$SELECT * FROM find_peers('{}', '{}')$$, 'no keys, no rows');
SELECT results_eq(
    $$SELECT verdict FROM find_peers('{office,NULL}', ARRAY[NULL, pg_temp.key(1), pg_temp.key(2)]) ORDER BY ordinal$$,
    $$VALUES ('unknown'), ('other_network'), ('other_network')$$, 'a NULL finds nothing');
SELECT results_eq($$SELECT verdict FROM find_peers('{office,office}', '{"",\\x00}')$$,
    $$VALUES ('unknown'), ('unknown')$$, 'a key of another length finds nothing');

-- Against tables that were never analysed and look empty to the planner.
SELECT ok(
    (SELECT proconfig FROM pg_proc WHERE oid = 'wg_provision.find_peers(text[],bytea[])'::regprocedure)
        @> '{enable_seqscan=off,enable_hashjoin=off,enable_mergejoin=off}', 'the plan is pinned to the indexes');

SELECT is_empty($$SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'wg_provision'::regnamespace
    AND 'enable_seqscan=off' = ANY (proconfig) AND 'jit=off' <> ALL (proconfig)$$, 'and where it is, nothing is compiled');

SELECT * FROM finish();
ROLLBACK;
