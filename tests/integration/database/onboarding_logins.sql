-- Which login may onboard for which networks: what each function and view lets one do that is bound to a network.
BEGIN;
SET search_path = public, wg_provision;
SET LOCAL client_min_messages = warning;
SELECT plan(48);

CREATE FUNCTION pg_temp.key(n integer) RETURNS text LANGUAGE sql AS $$ SELECT encode(sha256(int4send(n)), 'base64') $$;
CREATE FUNCTION pg_temp.bytes(n integer) RETURNS bytea LANGUAGE sql AS $$ SELECT sha256(int4send(n)) $$;
-- All of it that is not of the network that the login is bound to.
CREATE FUNCTION pg_temp.others() RETURNS text LANGUAGE sql SECURITY DEFINER AS $$
    SELECT md5(concat((SELECT jsonb_agg(to_jsonb(p) ORDER BY id) FROM wg_provision.peers p WHERE network_id <> 1),
        (SELECT jsonb_agg(to_jsonb(a) ORDER BY peer_id, prefix) FROM wg_provision.allowed_ips a WHERE network_id <> 1),
        (SELECT jsonb_agg(to_jsonb(t) ORDER BY public_key) FROM wg_provision.tombstones t WHERE network_id <> 1),
        (SELECT jsonb_agg(to_jsonb(e) ORDER BY public_key) FROM wg_provision.expected_keys e WHERE network_id <> 1),
        (SELECT jsonb_agg(to_jsonb(s) ORDER BY public_key) FROM wg_provision.sightings s WHERE network_id <> 1),
        (SELECT jsonb_agg(to_jsonb(r) ORDER BY public_key) FROM wg_provision.retiring_keys r)))
$$;

INSERT INTO networks (name, ranges) VALUES ('office', '{10.0.0.0/8}'), ('fleet', '{10.0.0.0/8}'), ('works', NULL);
SELECT add_pool('office', '10.0.0.0/24'), add_pool('fleet', '10.0.0.0/24');
SELECT add_peer('office', pg_temp.key(1), name => 'own'), add_peer('fleet', pg_temp.key(2), name => 'other'),
    add_peer('fleet', pg_temp.key(3)), add_peer('fleet', pg_temp.key(4)), add_peer('fleet', pg_temp.key(5));
SELECT revoke_peer(pg_temp.key(3), 'stolen');
DELETE FROM peers WHERE public_key = pg_temp.bytes(4);
SELECT rotate_key(pg_temp.key(5), pg_temp.key(6), '1 day');
SELECT expect_key('fleet', pg_temp.key(7), 'expected');
SELECT record_sightings('gw', '{office,fleet,fleet}', ARRAY[pg_temp.bytes(10), pg_temp.bytes(11), pg_temp.bytes(10)],
    '{unknown_key,unknown_key,unknown_key}', '{192.0.2.1,192.0.2.2,192.0.2.1}', '{1,2,1}');
CREATE ROLE desk LOGIN IN ROLE wg_provision_onboarding;
CREATE ROLE trusted LOGIN IN ROLE wg_provision_onboarding;
SELECT throws_ok($$SELECT allow_onboarding('desk', 'nowhere')$$, '23503', NULL, 'a network that is not there');
SELECT allow_onboarding('desk', 'office'), allow_onboarding('desk', 'office');
SELECT results_eq('SELECT login, network, is_gone FROM onboarding_list', $$VALUES ('desk', 'office', false)$$, 'a row for each');
CREATE TEMPORARY TABLE before AS SELECT pg_temp.others() AS state;
GRANT SELECT ON before TO PUBLIC;

SET LOCAL SESSION AUTHORIZATION desk;
SELECT lives_ok($$SELECT wg_provision.add_peer('office', pg_temp.key(20))$$, 'it adds a peer where it may,');
SELECT is((SELECT allowed_ips FROM wg_provision.just_added(pg_temp.key(20))), '10.0.0.3/32', 'of which it is told the addresses,');
SELECT is_empty($$SELECT FROM wg_provision.just_added(pg_temp.key(1))$$, 'as of no other,');
SELECT lives_ok($$SELECT wg_provision.expect_key('office', pg_temp.key(21), 'device')$$, 'expects one,');
SELECT throws_ok($$SELECT wg_provision.add_peer('fleet', pg_temp.key(22))$$, '42501',
    'the login "desk" may not onboard for the network "fleet"', 'but adds none elsewhere,');
SELECT throws_ok($$SELECT wg_provision.add_peer('nowhere', pg_temp.key(22))$$, '42501',
    'the login "desk" may not onboard for the network "nowhere"', 'and is not told which networks there are,');
SELECT throws_ok($$SELECT wg_provision.expect_key('fleet', pg_temp.key(22))$$, '42501', NULL, 'nor expects one there');
SELECT throws_ok(format('SELECT wg_provision.add_peer(''office'', %L)', pg_temp.key(n)), '23505',
    format('the key %s is known elsewhere', pg_temp.key(n)), 'it takes no key away: added, ' || what)
    FROM (VALUES (2, 'a peer'), (3, 'revoked'), (4, 'removed'), (5, 'on its way out'), (7, 'expected')) AS k (n, what);
SELECT throws_ok(format('SELECT wg_provision.expect_key(''office'', %L)', pg_temp.key(n)), '23505',
    format('the key %s is known elsewhere', pg_temp.key(n)), 'nor expected, ' || what)
    FROM (VALUES (2, 'a peer'), (3, 'revoked'), (4, 'removed'), (5, 'on its way out'), (7, 'expected')) AS k (n, what);
SELECT throws_ok($$SELECT wg_provision.add_peer('office', pg_temp.key(1))$$, '23505',
    'this public key is already peer 1 of network "office"', 'of its own it is told all');
SELECT results_eq('SELECT network, public_key FROM wg_provision.pending_keys', $$VALUES ('office', pg_temp.key(10))$$,
    'it sees who knocks at its own network');
SELECT throws_ok($$SELECT wg_provision.approve_key(pg_temp.key(11))$$, 'P0002', NULL, 'approves nobody at another,');
SELECT throws_ok($$SELECT wg_provision.approve_key(pg_temp.key(11), 'fleet')$$, 'P0002',
    format('no gateway has seen the key %s in network fleet', pg_temp.key(11)), 'by its name neither,');
SELECT lives_ok($$SELECT wg_provision.approve_key(pg_temp.key(10))$$, 'and of one that knocks at both, at its own');
SELECT lives_ok($$INSERT INTO wg_provision.import (network, public_key, keepalive_seconds, outside_ranges, allowed_ips)
    VALUES ('office', pg_temp.key(30), '', '', ''), ('fleet', pg_temp.key(31), '', '', ''), ('nowhere', pg_temp.key(32), '', '', ''),
        ('fleet', pg_temp.key(33), 'x', '', ''), ('office', pg_temp.key(2), '', '', ''), ('office', pg_temp.key(3), '', '', ''),
        ('office', pg_temp.key(7), '', '', ''), ('office', pg_temp.key(34), '', '192.0.2.0/24', '192.0.2.0/24'),
        ('', pg_temp.key(35), '', '', '')$$, 'an import');
SELECT results_eq('SELECT line::integer, reason FROM wg_provision.import_report', $$VALUES
    (2, 'the login "desk" may not onboard for the network "fleet"'),
    (3, 'the login "desk" may not onboard for the network "nowhere"'),
    (4, 'the login "desk" may not onboard for the network "fleet"'), (5, 'the key is known elsewhere'),
    (6, 'the key is known elsewhere'), (7, 'the key is known elsewhere'), (8, 'outside_ranges is for administrators'),
    (9, 'network and public_key must be given')$$, 'does not get further');
SELECT throws_ok($$SELECT wg_provision.add_peer('office', pg_temp.key(40), '{192.0.2.1/32}', outside_ranges => true)$$, '42501',
    'outside_ranges is for administrators', 'what lies outside the ranges is not for it');
SELECT throws_ok('SELECT ' || call, '42501', NULL, 'it does not bind or free itself: ' || call)
    FROM unnest(ARRAY['wg_provision.allow_onboarding(''desk'', ''fleet'')', 'wg_provision.forbid_onboarding(''desk'')',
        'wg_provision.trust_onboarding(''desk'')', 'wg_provision.may_onboard(2)', 'wg_provision.is_known_elsewhere('''')',
        'wg_provision.onboarding_network(''fleet'')']) AS call;
SELECT throws_ok('SELECT FROM wg_provision.' || relation, '42501', NULL, 'nor reads ' || relation)
    FROM unnest(ARRAY['onboarding_logins', 'onboarding_list', 'networks']) AS relation;
RESET SESSION AUTHORIZATION;
SELECT is(pg_temp.others(), (SELECT state FROM before), 'all of this has changed nothing but its own network');
SELECT is((SELECT array_agg(public_key ORDER BY public_key) FROM peer_list WHERE network = 'office'),
    (SELECT array_agg(pg_temp.key(n) ORDER BY pg_temp.key(n)) FROM unnest(ARRAY[1, 10, 20, 30]) AS n), 'where its peers are');

SET LOCAL SESSION AUTHORIZATION trusted;
SELECT lives_ok($$SELECT wg_provision.add_peer('works', pg_temp.key(50), '{}')$$, 'a login without a row is trusted');
SELECT is((SELECT count(*) FROM wg_provision.pending_keys), 1::bigint, 'and sees all');
SELECT throws_ok($$SELECT wg_provision.add_peer('works', pg_temp.key(51), '{}', outside_ranges => true)$$, '42501', NULL,
    'but is no administrator');
RESET SESSION AUTHORIZATION;

-- what binds and frees
SELECT forbid_onboarding('desk', 'office');
SELECT results_eq('SELECT login, network, is_gone FROM onboarding_list', $$VALUES ('desk', NULL::text, false)$$,
    'who loses its last network');
SET LOCAL SESSION AUTHORIZATION desk;
SELECT throws_ok($$SELECT wg_provision.add_peer('office', pg_temp.key(60))$$, '42501', NULL, 'onboards nowhere');
RESET SESSION AUTHORIZATION;
SELECT allow_onboarding('desk', 'works'), allow_gateway('desk', 'gw', 'works');
DELETE FROM peers WHERE network_id = 3;
DELETE FROM networks WHERE name = 'works';
SELECT results_eq('SELECT login, network, is_gone FROM onboarding_list', $$VALUES ('desk', NULL::text, true)$$,
    'a network that is deleted');
SET LOCAL SESSION AUTHORIZATION desk;
SELECT throws_ok($$SELECT wg_provision.add_peer('office', pg_temp.key(60))$$, '42501', NULL, 'frees nobody');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT count(*) FROM gateway_logins), 1::bigint, 'nor a gateway''s login');
SELECT is(trust_onboarding('desk'), true, 'an administrator does');
SELECT is(trust_onboarding('desk'), false, 'once');

SELECT * FROM finish();
ROLLBACK;
