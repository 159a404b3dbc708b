-- How a peer lives on the gateways: the rules of networks and peers, claims of sessions, totals, and how far behind they are.
BEGIN;
SET search_path = public, wg_provision;
SELECT plan(89);

CREATE FUNCTION pg_temp.key(n integer) RETURNS bytea LANGUAGE sql AS $$ SELECT sha256(int4send(n)) $$;
CREATE FUNCTION pg_temp.text_key(n integer) RETURNS text LANGUAGE sql AS $$ SELECT encode(sha256(int4send(n)), 'base64') $$;
-- One key with an initiation so many seconds from now; NULL for none. Its handshake was now, or so long ago.
CREATE FUNCTION pg_temp.claim(gateway text, n integer, seconds integer, interface text DEFAULT 'wg0',
        network text DEFAULT 'office', ago interval DEFAULT '0') RETURNS void LANGUAGE sql AS $$
    SELECT wg_provision.claim_sessions(gateway, interface, network, ARRAY[pg_temp.key(n)],
        ARRAY[wg_provision.tai64n(now() + make_interval(secs => seconds))],
        ARRAY[(extract(epoch FROM now() - ago) * 1000000)::bigint])
$$;
CREATE FUNCTION pg_temp.holder(n integer) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', gateway, interface) FROM wg_provision.sessions WHERE public_key = pg_temp.key(n)
$$;
CREATE FUNCTION pg_temp.initiation(n integer) RETURNS bytea LANGUAGE sql AS $$
    SELECT initiation FROM wg_provision.sessions WHERE public_key = pg_temp.key(n)
$$;
-- What was written to changes since the last call.
CREATE FUNCTION pg_temp.changed() RETURNS SETOF text LANGUAGE sql AS $$
    WITH gone AS (DELETE FROM wg_provision.changes RETURNING network, public_keys)
    SELECT network || ': ' || coalesce((SELECT string_agg(i::text, ',' ORDER BY i) FROM generate_series(1, 9) i
        WHERE pg_temp.key(i) = ANY (public_keys)), 'any') FROM gone
$$;
CREATE FUNCTION pg_temp.report(gateway text, n integer, received bigint, sent bigint DEFAULT 0, ago interval DEFAULT '0',
        seen_to text DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
    SELECT wg_provision.report_interface(gateway, '1', 'wg0', 'office', pg_temp.key(0), 1, ARRAY[pg_temp.key(n)],
        '{192.0.2.1}', '{4000}', ARRAY[(extract(epoch FROM now() - ago) * 1000000)::bigint], ARRAY[received], ARRAY[sent],
        seen_to)
$$;
CREATE FUNCTION pg_temp.total(n integer) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', a.gateway, a.received_bytes, a.total_received_bytes, a.total_sent_bytes), ', '
        ORDER BY a.gateway)
    FROM wg_provision.activity a JOIN wg_provision.peers p ON p.id = a.peer_id WHERE p.public_key = pg_temp.key(n)
$$;

INSERT INTO networks (name) VALUES ('office'), ('fleet');
INSERT INTO peers (network_id, public_key, name) SELECT 1, pg_temp.key(i), 'peer ' || i FROM generate_series(1, 5) i;
INSERT INTO peers (network_id, public_key, name) VALUES (2, pg_temp.key(6), 'peer 6');

-- rules
SELECT throws_ok($$UPDATE networks SET idle_timeout = '$$ || value || $$'$$, '23514', NULL, 'no idle timeout of ' || value)
    FROM unnest(ARRAY['179 s', '-1 day', '30 days 1 s']) AS value;
SELECT lives_ok($$UPDATE networks SET idle_timeout = '$$ || value || $$' WHERE name = 'fleet'$$, 'an idle timeout of ' || value)
    FROM unnest(ARRAY['3 minutes', '1 month']) AS value;
SELECT throws_ok(format('UPDATE %s SET allowed_sources = %L', relation, value), '23514', NULL,
    relation || ' without the sources ' || left(value, 20))
    FROM unnest(ARRAY['networks', 'peers']) AS relation, unnest(ARRAY['{}', '{NULL}', '{{10.0.0.0/8}}', '[2:2]={10.0.0.0/8}',
        (SELECT '{' || string_agg('10.0.' || i || '.0/24', ',') || '}' FROM generate_series(1, 65) i)]) AS value;
SELECT throws_ok($$UPDATE peers SET allowed_sources = '{10.0.0.1/8}'$$, '22P02', NULL, 'no host bits in a source');
SELECT lives_ok(format('UPDATE networks SET allowed_sources = %L WHERE name = %L', (SELECT '{' ||
    string_agg('10.0.' || i || '.0/24', ',') || '}' FROM generate_series(1, 64) i), 'fleet'), '64 sources');
SELECT throws_ok('UPDATE networks SET ' || name || ' = NULL', '23502', NULL, name || ' of a network is known')
    FROM unnest(ARRAY['roaming', 'several_gateways']) AS name;
SELECT throws_ok('UPDATE peers SET evict_last = NULL', '23502', NULL, 'evict_last of a peer is known');

-- each reaches the gateways, and the audit trail
UPDATE networks SET idle_timeout = NULL, allowed_sources = NULL;
SELECT count(*) FROM pg_temp.changed();
UPDATE networks SET comment = 'x' WHERE name = 'office';
SELECT is_empty('SELECT * FROM pg_temp.changed()', 'a comment is nothing for a gateway');
UPDATE networks SET idle_timeout = '1 hour' WHERE name = 'office';
SELECT results_eq('SELECT * FROM pg_temp.changed()', ARRAY['office: any'], 'an idle timeout is');
UPDATE networks SET allowed_sources = '{192.0.2.0/24}' WHERE name = 'office';
SELECT results_eq('SELECT * FROM pg_temp.changed()', ARRAY['office: any'], 'so are sources');
UPDATE networks SET roaming = false WHERE name = 'office';
SELECT results_eq('SELECT * FROM pg_temp.changed()', ARRAY['office: any'], 'and roaming');
UPDATE networks SET several_gateways = true WHERE name = 'office';
SELECT results_eq('SELECT * FROM pg_temp.changed()', ARRAY['office: any'], 'and several gateways');
UPDATE peers SET evict_last = true WHERE name = 'peer 2';
SELECT results_eq('SELECT * FROM pg_temp.changed()', ARRAY['office: 2'], 'and what is of one peer');
SELECT is(after ->> 'allowed_sources', '["192.0.2.0/24"]', 'the audit trail has the sources') FROM audit
    WHERE relation = 'networks' AND subject = '1' AND before ->> 'allowed_sources' IS NULL
    AND after ->> 'allowed_sources' IS NOT NULL;
SELECT is(concat_ws(' ', before ->> 'evict_last', after ->> 'evict_last'), 'false true', 'and what is of one peer') FROM audit
    WHERE relation = 'peers' AND operation = 'update' ORDER BY id DESC LIMIT 1;

-- look-up
CREATE FUNCTION pg_temp.life(n integer, network text DEFAULT 'office') RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', verdict, session_gateway, session_interface, encode(newest_initiation, 'hex'), idle_timeout_s,
        allowed_sources, roaming, several_gateways, evict_last)
    FROM wg_provision.find_peers(ARRAY[network], ARRAY[pg_temp.key(n)])
$$;
SELECT is(pg_temp.life(2), 'found 3600 {192.0.2.0/24} f t t', 'a peer has the rules of its network');
UPDATE peers SET allowed_sources = '{10.0.0.0/8}', roaming = true, several_gateways = false WHERE name = 'peer 3';
SELECT is(pg_temp.life(3), 'found 3600 {10.0.0.0/8} t f f', 'its own go before');
SELECT is(pg_temp.life(6, 'fleet'), 'found t f f', 'and there need be none');
SELECT is(pg_temp.life(6), 'other_network', 'of a refused peer nothing is told');
SELECT add_pool('office', '10.7.0.0/24');
SELECT expect_key('office', pg_temp.text_key(7));
SELECT is(pg_temp.life(7), 'expected 3600 {192.0.2.0/24} f t', 'who is expected has the rules of the network');
SELECT allow_trials('office', pg_temp.text_key(99));
SELECT is(pg_temp.life(8), 'trial 3600 {192.0.2.0/24} f t', 'and who is on trial');
SELECT is(concat_ws(' ', verdict, idle_timeout_s, allowed_sources, roaming, evict_last), 'found 3600 {192.0.2.0/24} f f',
    'and who is enrolled') FROM enrol_peer('gw1', 'office', pg_temp.key(8));
SELECT end_trials('office');
UPDATE networks SET several_gateways = false WHERE name = 'office';

-- TAI64N
SELECT is(tai64n('1970-01-01 00:00+00'), '\x400000000000000a00000000', 'TAI64N begins at 2^62 + 10');
SELECT is(tai64n('2023-11-14 22:13:20.123456+00'), '\x400000006553f10a075bca00', 'and has nanoseconds');
SELECT ok(tai64n(now()) < tai64n(now() + interval '1 microsecond'), 'it sorts as times do');

-- claims
SELECT count(*) FROM pg_temp.changed();
SELECT pg_temp.claim('gw1', 1, -10);
SELECT is(pg_temp.holder(1), 'gw1 wg0', 'the first claim takes the session');
SELECT is(pg_temp.life(1), concat('found gw1 wg0 ', encode(tai64n(now() - interval '10 s'), 'hex'), ' 3600 {192.0.2.0/24} f f f'),
    'and is told');
SELECT is_empty('SELECT * FROM pg_temp.changed()', 'it is no change');
SELECT pg_temp.claim('gw2', 1, -9);
SELECT is(pg_temp.holder(1), 'gw2 wg0', 'a newer one moves it');
SELECT results_eq('SELECT * FROM pg_temp.changed()', ARRAY['office: 1'], 'of which the gateways hear');
SELECT pg_temp.claim('gw1', 1, -10);
SELECT is(pg_temp.holder(1), 'gw2 wg0', 'an older one comes too late');
SELECT is(pg_temp.initiation(1), tai64n(now() - interval '9 s'), 'and leaves the initiation');
SELECT pg_temp.claim('gw2', 1, -9);
SELECT is_empty('SELECT * FROM pg_temp.changed()', 'the same once more is no change');
SELECT pg_temp.claim('gw2', 1, -9, 'wg1');
SELECT is(pg_temp.holder(1), 'gw2 wg1', 'an equal one counts');
SELECT results_eq('SELECT * FROM pg_temp.changed()', ARRAY['office: 1'], 'another interface is another place');
SELECT pg_temp.claim('gw1', 1, NULL, ago => '1 s');
SELECT is(pg_temp.holder(1), 'gw2 wg1', 'one without initiation whose handshake was before comes too late');
SELECT pg_temp.claim('gw1', 1, NULL);
SELECT is(pg_temp.holder(1), 'gw1 wg0', 'one whose handshake was not takes the session');
SELECT is(pg_temp.initiation(1), tai64n(now() - interval '9 s'), 'and leaves the initiation as it is');
SELECT pg_temp.claim('gw2', 1, 86400);
SELECT is(pg_temp.initiation(1), tai64n(now() + interval '10 seconds'), 'a clock that is ahead counts ten seconds at most');
SELECT pg_temp.claim('gw1', 1, 9);
SELECT is(pg_temp.holder(1), 'gw2 wg0', 'until then the right time is old');
SELECT pg_temp.claim('gw3', 1, 86401);
SELECT is(pg_temp.holder(1), 'gw3 wg0', 'and one as far ahead is new');
SELECT count(*) FROM pg_temp.changed();
UPDATE peers SET several_gateways = true WHERE name = 'peer 2';
SELECT pg_temp.claim('gw1', 2, 1), pg_temp.claim('gw2', 2, 2);
SELECT count(*) FROM pg_temp.changed();
SELECT pg_temp.claim('gw3', 2, 3);
SELECT is(pg_temp.holder(2), 'gw3 wg0', 'a peer that may be on several gateways has its latest too');
SELECT is_empty('SELECT * FROM pg_temp.changed()', 'but nobody drops it');
SELECT lives_ok($$SELECT claim_sessions('gw9', 'wg0', 'office', ARRAY[pg_temp.key(3), pg_temp.key(50), NULL, pg_temp.key(3),
    pg_temp.key(6), pg_temp.key(4)], ARRAY[tai64n(now()), NULL, NULL, tai64n(now() - interval '1 s'), NULL, NULL],
    array_fill(0::bigint, ARRAY[6]))$$,
    'keys may come twice, be nobody''s or another network''s');
SELECT results_eq($$SELECT p.name FROM sessions s JOIN peers p ON p.id = s.peer_id WHERE gateway = 'gw9' ORDER BY name$$,
    $$VALUES ('peer 3'), ('peer 4')$$, 'which are passed over');
SELECT is(pg_temp.initiation(3), tai64n(now()), 'of two the newer counts');
SELECT lives_ok($$SELECT claim_sessions('gw1', 'wg0', 'office', '{}', '{}', '{}')$$, 'nothing may be claimed');
SELECT lives_ok($$SELECT claim_sessions('gw1', 'wg0', 'nowhere', ARRAY[pg_temp.key(3)], '{NULL}', '{0}')$$, 'nor is there a network');
SELECT is(pg_temp.holder(3), 'gw9 wg0', 'for that');
SELECT throws_ok($$SELECT claim_sessions('gw1', 'wg0', 'office', ARRAY[pg_temp.key(5)], '{"\\x40"}', '{0}')$$, '23514', NULL,
    'an initiation has twelve bytes');
SELECT is_empty($$SELECT * FROM audit WHERE relation = 'sessions'$$, 'sessions are not audited');

-- a retiring key, and forgetting
SELECT rotate_key(pg_temp.text_key(1), pg_temp.text_key(9), '1 hour');
SELECT pg_temp.claim('gw5', 1, NULL), pg_temp.claim('gw5', 9, 5);
SELECT is(count(DISTINCT peer_id), 1::bigint, 'a retiring key is its peer') FROM sessions WHERE gateway = 'gw5';
SELECT count(*) FROM pg_temp.changed();
SELECT forget_initiations(pg_temp.text_key(9));
SELECT is(count(initiation), 0::bigint, 'the initiations of all of its keys are forgotten') FROM sessions WHERE gateway = 'gw5';
SELECT results_eq('SELECT * FROM pg_temp.changed()', ARRAY['office: 1,9'], 'and the gateways hear of it');
SELECT is(pg_temp.holder(9), 'gw5 wg0', 'the session stays');
SELECT throws_ok($$SELECT forget_initiations(pg_temp.text_key(77))$$, 'P0002', NULL, 'a key that is no peer');
SELECT pg_temp.report('gw5', 1, 1000), pg_temp.report('gw5', 9, 10), pg_temp.report('gw5', 1, 1001);
SELECT is(sum(total_received_bytes), 1011::numeric, 'each key has its own counters') FROM activity WHERE gateway = 'gw5';
DELETE FROM retiring_keys;
SELECT pg_temp.claim('gw5', 9, 6);
SELECT is(pg_temp.holder(1), NULL, 'a key that is nobody''s any more has no session');
SELECT is(pg_temp.holder(9), 'gw5 wg0', 'the one that replaced it has');
DELETE FROM peers WHERE public_key = pg_temp.key(9);
SELECT is_empty($$SELECT * FROM sessions WHERE gateway = 'gw5'$$, 'sessions go with their peer');

-- totals
SELECT pg_temp.report('gw1', 5, 100, 10, '3 s');
SELECT is(pg_temp.total(5), 'gw1 100 100 10', 'the first report is the total');
SELECT pg_temp.report('gw1', 5, 150, 10, '2 s');
SELECT is(pg_temp.total(5), 'gw1 150 150 10', 'the next adds the difference');
SELECT pg_temp.report('gw1', 5, 30, 4, '1 s');
SELECT is(pg_temp.total(5), 'gw1 30 180 14', 'a counter that began anew adds all of it');
SELECT pg_temp.claim('gw2', 5, 1);
SELECT pg_temp.report('gw1', 5, 99999);
SELECT is(pg_temp.total(5), 'gw1 30 180 14', 'a gateway that lost the session has nothing to say');
SELECT pg_temp.report('gw2', 5, 7);
SELECT is(pg_temp.total(5), 'gw1 30 180 14, gw2 7 7 0', 'the one that has it does');
SELECT is(concat_ws(' ', gateway, received_bytes, total_received_bytes, total_sent_bytes), 'gw2 7 187 14',
    'the totals are of all gateways') FROM active_peers WHERE name = 'peer 5';
SELECT pg_temp.report('gw2', 5, 8, 0, '-1 year');
SELECT is(last_handshake, now(), 'a gateway whose clock is ahead reports no future') FROM activity WHERE gateway = 'gw2'
    AND received_bytes = 8;
SELECT is(last_seen, now(), 'the peer was seen at its latest handshake') FROM peer_list WHERE name = 'peer 5';
SELECT pg_temp.report('gw1', 2, 1), pg_temp.report('gw2', 2, 1);
SELECT is(pg_temp.total(2), 'gw1 1 1 0, gw2 1 1 0', 'a peer that may be on several is reported by all');

-- how far behind
SELECT is(changes_behind, NULL, 'a gateway that tells no position') FROM gateway_list WHERE gateway = 'gw1';
SELECT pg_temp.report('gw1', 2, 1, 0, '0', '900:900:');
DELETE FROM changes;
SELECT is(changes_behind, 0, 'is not behind when nothing changed') FROM gateway_list WHERE gateway = 'gw1';
INSERT INTO changes (network, xid, changed_at) VALUES ('office', '1000', now() - interval '90 s'),
    ('fleet', '1000', now() - interval '1 hour'), ('office', '1001', now() - interval '5 s');
SELECT is(changes_behind, 90, 'it is by the oldest change of its network') FROM gateway_list WHERE gateway = 'gw1';
UPDATE changes SET xid = '899';
SELECT is(changes_behind, 0, 'but not by one that it has heard of') FROM gateway_list WHERE gateway = 'gw1';
SELECT throws_ok($$SELECT pg_temp.report('gw1', 2, 1, 0, '0', 'x')$$, '22P02', NULL, 'a position is a snapshot');

-- peer_list
UPDATE peer_list SET allowed_sources = '{10.1.0.0/16}', roaming = false, several_gateways = true, evict_last = true
    WHERE name = 'peer 4';
SELECT is((allowed_sources::cidr[], roaming, several_gateways, evict_last), ('{10.1.0.0/16}'::cidr[], false, true, true),
    'what is of one peer is written in the view') FROM peers WHERE name = 'peer 4';
INSERT INTO peer_list (network, public_key, name, roaming) VALUES ('office', pg_temp.text_key(20), 'peer 20', false);
SELECT is((allowed_sources::cidr[], roaming, several_gateways, evict_last), (NULL::cidr[], false, NULL::boolean, false),
    'also when a peer is added') FROM peer_list WHERE name = 'peer 20';

SELECT * FROM finish();
ROLLBACK;
