-- What outlives a peer and a gateway, and how long.
BEGIN;
SET search_path = public, wg_provision;
SELECT plan(46);

CREATE FUNCTION pg_temp.key(n integer) RETURNS bytea LANGUAGE sql AS $$ SELECT sha256(int4send(n)) $$;
CREATE FUNCTION pg_temp.text_key(n integer) RETURNS text LANGUAGE sql AS $$ SELECT encode(sha256(int4send(n)), 'base64') $$;
-- A session whose initiation was so many seconds from now; NULL for none that was seen.
CREATE FUNCTION pg_temp.claim(n integer, seconds integer, gateway text DEFAULT 'gw1') RETURNS void LANGUAGE sql AS $$
    SELECT wg_provision.claim_sessions(gateway, 'wg0', 'office', ARRAY[pg_temp.key(n)],
        ARRAY[wg_provision.tai64n(now() + make_interval(secs => seconds))],
        ARRAY[(extract(epoch FROM now()) * 1000000)::bigint])
$$;
-- What a gateway is told: the holder, and how many seconds from now the newest initiation was.
CREATE FUNCTION pg_temp.told(n integer) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', f.verdict, f.session_gateway, s.seconds) FROM wg_provision.find_peers('{office}', ARRAY[pg_temp.key(n)]) f
    LEFT JOIN generate_series(-20, 20) AS s (seconds)
        ON wg_provision.tai64n(now() + make_interval(secs => s.seconds)) = f.newest_initiation
$$;
CREATE FUNCTION pg_temp.report() RETURNS void LANGUAGE sql AS $$
    SELECT wg_provision.report_interface('gw1', '1', 'wg0', 'office', pg_temp.key(0), 0, '{}', '{}', '{}', '{}', '{}', '{}')
$$;
-- A report a minute later.
CREATE FUNCTION pg_temp.sweep() RETURNS void LANGUAGE sql AS $$
    UPDATE wg_provision.sweeps SET swept_at = now() - interval '1 minute';
    SELECT pg_temp.report()
$$;

INSERT INTO networks (name) VALUES ('office'), ('fleet');
SELECT add_peer('office', pg_temp.text_key(i), '{}', name => 'peer ' || i) FROM generate_series(1, 6) i;

-- a peer that is added again
SELECT pg_temp.claim(1, -10);
SELECT is(pg_temp.told(1), 'found gw1 -10', 'a session is told');
DELETE FROM peers WHERE name = 'peer 1';
SELECT is(pg_temp.told(1), 'revoked', 'of a deleted peer nothing is');
SELECT add_peer('office', pg_temp.text_key(1), '{}', name => 'peer 1');
SELECT is(pg_temp.told(1), 'found -10', 'one that is added again has no session, but its initiations are old');
DELETE FROM peers WHERE name = 'peer 1';
SELECT add_peer('office', pg_temp.text_key(1), '{}', name => 'peer 1');
SELECT is(pg_temp.told(1), 'found -10', 'also when that happens twice');
SELECT pg_temp.claim(1, -12);
SELECT is(pg_temp.told(1), 'found gw1 -10', 'a session without a newer one changes nothing');
SELECT pg_temp.claim(1, -5);
SELECT is(pg_temp.told(1), 'found gw1 -5', 'a newer one counts');
DELETE FROM peers WHERE name = 'peer 1';
SELECT add_peer('office', pg_temp.text_key(1), '{}', name => 'peer 1');
SELECT is(pg_temp.told(1), 'found -5', 'and is kept in its turn');
SELECT forget_initiations(pg_temp.text_key(1));
SELECT is(pg_temp.told(1), 'found', 'until an administrator forgets it');

-- other ways to lose a session, and to come back
SELECT pg_temp.claim(2, -10);
SELECT revoke_peer(pg_temp.text_key(2));
SELECT pardon_key(pg_temp.text_key(2));
SELECT expect_key('office', pg_temp.text_key(2));
SELECT is(pg_temp.told(2), 'expected -10', 'a device that is expected was a peer');
SELECT add_pool('office', '10.7.0.0/24');
SELECT is((SELECT verdict FROM enrol_peer('gw1', 'office', pg_temp.key(2))), 'found', 'it is enrolled');
SELECT is(pg_temp.told(2), 'found -10', 'and remembered still');
SELECT pg_temp.claim(3, -10);
SELECT rotate_key(pg_temp.text_key(3), pg_temp.text_key(13));
SELECT pg_temp.claim(13, -3);
SELECT is_empty('SELECT FROM sessions WHERE public_key = pg_temp.key(3)', 'a former key has no session');
SELECT pardon_key(pg_temp.text_key(3));
SELECT allow_trials('office', pg_temp.text_key(99));
SELECT is(pg_temp.told(3), 'trial -10', 'but may come back as a device on trial');
SELECT is(pg_temp.told(50), 'trial', 'of which nothing is remembered otherwise');
SELECT pg_temp.claim(4, NULL);
DELETE FROM peers WHERE name = 'peer 4';
SELECT is_empty('SELECT FROM past_initiations WHERE public_key = pg_temp.key(4)', 'without an initiation nothing is kept');

-- for how long
UPDATE past_initiations SET kept_since = now() - interval '90 days';
SELECT pg_temp.sweep();
SELECT is(count(*), 2::bigint, 'it is kept for 90 days') FROM past_initiations;
UPDATE past_initiations SET kept_since = now() - interval '90 days 1 second' WHERE public_key = pg_temp.key(3);
SELECT pg_temp.report();
SELECT is(count(*), 2::bigint, 'nothing is tidied up within a minute') FROM past_initiations;
SELECT pg_temp.sweep();
SELECT is(pg_temp.told(3), 'trial', 'then it goes');
SELECT is(pg_temp.told(2), 'found -10', 'and the rest stays');
SELECT is(swept_at, now(), 'whoever tidies up says so') FROM sweeps;
INSERT INTO past_initiations SELECT pg_temp.key(i), tai64n(now()), now() - interval '91 days' FROM generate_series(1000, 2009) i;
SELECT pg_temp.sweep();
SELECT is(count(*), 11::bigint, 'a thousand at once') FROM past_initiations;
SELECT pg_temp.sweep();
SELECT is(count(*), 1::bigint, 'then the others') FROM past_initiations;

-- rows of gateways that are gone
CREATE FUNCTION pg_temp.report(gateway text, n integer, received bigint, interface text DEFAULT 'wg0') RETURNS void
    LANGUAGE sql AS $$
    SELECT wg_provision.report_interface(gateway, '1', interface, 'office', pg_temp.key(0), 1, ARRAY[pg_temp.key(n)],
        '{192.0.2.1}', '{4000}', ARRAY[(extract(epoch FROM now()) * 1000000)::bigint], ARRAY[received], ARRAY[received / 10])
$$;
-- Nothing of this gateway was reported since so long ago.
CREATE FUNCTION pg_temp.age(ago interval, which text DEFAULT 'gw%') RETURNS void LANGUAGE sql AS $$
    UPDATE wg_provision.interfaces i SET last_seen = now() - ago FROM wg_provision.gateways g
        WHERE g.id = i.gateway_id AND g.name LIKE which;
    UPDATE wg_provision.activity SET reported_at = now() - ago, last_handshake = now() - ago WHERE gateway LIKE which;
    UPDATE wg_provision.sessions SET claimed_at = now() - ago WHERE gateway LIKE which
$$;
CREATE FUNCTION pg_temp.places(n integer) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(concat_ws(' ', a.gateway, a.interface), ', ' ORDER BY a.gateway, a.interface), 'none')
    FROM wg_provision.activity a JOIN wg_provision.peers p ON p.id = a.peer_id WHERE p.name = 'peer ' || n
$$;
CREATE FUNCTION pg_temp.past(n integer) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', x.total_received_bytes, x.total_sent_bytes) FROM wg_provision.past_activity x
    JOIN wg_provision.peers p ON p.id = x.peer_id WHERE p.name = 'peer ' || n
$$;
DELETE FROM past_initiations;
UPDATE networks SET several_gateways = true;
SELECT pg_temp.report('gw2', 5, 100), pg_temp.report('gw2', 5, 1000, 'wg1'), pg_temp.report('gw3', 5, 20);
SELECT pg_temp.report('gw2', 6, 7);
SELECT pg_temp.claim(5, -10, 'gw2'), pg_temp.claim(6, NULL, 'gw2');
SELECT pg_temp.sweep();
SELECT is(pg_temp.places(5), 'gw2 wg0, gw2 wg1, gw3 wg0', 'what is reported stays');
SELECT pg_temp.age('30 days', 'gw2');
SELECT pg_temp.sweep();
SELECT is(pg_temp.places(5), 'gw2 wg0, gw2 wg1, gw3 wg0', 'for 30 days');
SELECT pg_temp.age('30 days 1 second', 'gw2');
UPDATE interfaces SET last_seen = now() WHERE name = 'wg1';
SELECT pg_temp.sweep();
SELECT is(pg_temp.places(5), 'gw2 wg1, gw3 wg0', 'then what no interface has reported any more goes');
SELECT is(pg_temp.past(5), '100 10', 'but for the totals');
SELECT is(last_seen, now() - interval '30 days 1 second', 'and when the peer was seen') FROM peer_list WHERE name = 'peer 6';
SELECT is(concat_ws(' ', total_received_bytes, total_sent_bytes), '1120 112', 'the sum is what it was') FROM active_peers
    WHERE name = 'peer 5';
SELECT is(pg_temp.told(5), 'found -10', 'the place of a session is forgotten, its initiation is not');
SELECT is_empty($$SELECT FROM sessions WHERE public_key = pg_temp.key(6)$$, 'a session without one goes');
SELECT is_empty('SELECT FROM past_initiations', 'and leaves none');
DELETE FROM gateways WHERE name = 'gw2';
SELECT pg_temp.sweep();
SELECT is(pg_temp.places(5), 'gw3 wg0', 'an interface that an administrator deleted has gone');
SELECT is(pg_temp.past(5), '1100 110', 'totals add up');
DELETE FROM gateways WHERE name = 'gw3';
SELECT pg_temp.sweep();
SELECT is(pg_temp.places(5), 'gw3 wg0', 'but what was reported lately stays');

-- a gateway that comes back
UPDATE networks SET several_gateways = false;
DELETE FROM changes;
SELECT pg_temp.report('gw2', 5, 50);
SELECT is(pg_temp.places(5), 'gw2 wg0, gw3 wg0', 'a gateway that comes back may report');
SELECT is(concat_ws(' ', total_received_bytes, total_sent_bytes), '1170 117', 'which adds to the totals') FROM active_peers
    WHERE name = 'peer 5';
SELECT pg_temp.claim(5, -5, 'gw2');
SELECT is(pg_temp.told(5), 'found gw2 -5', 'and have the session');
SELECT is_empty('SELECT FROM changes', 'which it takes from nobody');
SELECT pg_temp.claim(5, -4, 'gw3');
SELECT isnt_empty('SELECT FROM changes', 'unlike the next');

-- keys that are gone, on a gateway that is not
UPDATE networks SET several_gateways = true;
SELECT pg_temp.report('gw1', 6, 30), pg_temp.claim(6, -10);
SELECT rotate_key(pg_temp.text_key(6), pg_temp.text_key(16), '1 hour');
SELECT pg_temp.report('gw1', 16, 3);
UPDATE activity SET reported_at = now() - interval '31 days' WHERE public_key IN (pg_temp.key(6), pg_temp.key(16));
UPDATE sessions SET claimed_at = now() - interval '31 days' WHERE public_key = pg_temp.key(6);
SELECT pg_temp.sweep();
SELECT is(pg_temp.places(6), 'gw1 wg0, gw1 wg0', 'a retiring key is its peer''s');
UPDATE retiring_keys SET ends_at = now();
SELECT pg_temp.sweep();
SELECT is(pg_temp.places(6), 'gw1 wg0', 'a former one is nobody''s');
SELECT is(pg_temp.past(6), '37 3', 'and adds to the totals of its peer');
SELECT results_eq('SELECT initiation FROM past_initiations WHERE public_key = pg_temp.key(6)',
    $$SELECT tai64n(now() - interval '10 s')$$, 'its initiation is kept for a while');

-- a little at a time
INSERT INTO peers (network_id, public_key) SELECT 2, pg_temp.key(i) FROM generate_series(3001, 4000) i;
INSERT INTO activity SELECT p.id, 'old', 'wg0', NULL, NULL, now(), now(), 1, 2, now() - interval '31 days', p.public_key, 1, 2
    FROM peers p WHERE p.network_id = 2;
UPDATE sweeps SET next_peer = 0;
SELECT pg_temp.sweep();
SELECT is((SELECT count(*) FROM activity WHERE gateway = 'old') + (SELECT count(*) FROM past_activity), 1002::bigint,
    'nothing is lost');
SELECT ok(count(*) BETWEEN 1 AND 999, 'a thousand peers at once') FROM activity WHERE gateway = 'old';
SELECT pg_temp.sweep();
SELECT is((SELECT count(*) FROM activity WHERE gateway = 'old') + (SELECT next_peer FROM sweeps), 0::bigint,
    'then the others, and all over again');

SELECT * FROM finish();
ROLLBACK;
