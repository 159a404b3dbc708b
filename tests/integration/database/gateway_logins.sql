-- Which gateway is which, and which login may be one: names, runs, and what each function lets a gateway's login do.
BEGIN;
SET search_path = public, wg_provision;
SELECT plan(44);

CREATE FUNCTION pg_temp.key(n integer) RETURNS bytea LANGUAGE sql AS $$ SELECT sha256(int4send(n)) $$;
CREATE FUNCTION pg_temp.run(n integer) RETURNS uuid LANGUAGE sql AS $$
    SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid $$;
CREATE FUNCTION pg_temp.alive(n integer, machine text, gateway text DEFAULT 'gw1') RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(host || CASE WHEN is_refused THEN ' refuses' ELSE '' END, ', ' ORDER BY host)
    FROM wg_provision.report_gateway(gateway, '1.0', pg_temp.run(n), machine, 'host' || n, false) $$;
-- The clock of a transaction stands still.
CREATE FUNCTION pg_temp.pass(time_passed interval) RETURNS void LANGUAGE sql AS $$
    UPDATE wg_provision.gateway_runs SET first_seen = first_seen - time_passed, last_seen = last_seen - time_passed $$;
CREATE FUNCTION pg_temp.claim(gateway text, run integer, number integer, ago interval DEFAULT '0') RETURNS integer LANGUAGE sql AS $$
    SELECT cardinality(wg_provision.claim_sessions_of(gateway, 'wg0', 'office', ARRAY[pg_temp.key(number)], '{NULL}',
        ARRAY[(extract(epoch FROM now() - ago) * 1000000)::bigint], pg_temp.run(run))) $$;
CREATE FUNCTION pg_temp.told() RETURNS bigint LANGUAGE sql AS $$
    WITH gone AS (DELETE FROM wg_provision.changes RETURNING 1) SELECT count(*) FROM gone $$;

INSERT INTO networks (name) VALUES ('office'), ('fleet');
INSERT INTO peers (network_id, public_key, name) VALUES (1, pg_temp.key(1), 'one'), (1, pg_temp.key(2), 'two'),
    (2, pg_temp.key(3), 'three');

-- one name
SELECT is(pg_temp.alive(1, 'm1'), NULL, 'a gateway that is alone');
SELECT pg_temp.claim('gw1', 1, 1, '20 s');
SELECT pg_temp.told();
SELECT pg_temp.pass('5 s');
SELECT is(pg_temp.alive(2, 'm2'), NULL, 'a restart on another machine waits for nobody');
SELECT is(pg_temp.claim('gw1', 2, 1, '10 s'), 0, 'and claims at once');
SELECT is((SELECT run FROM sessions), pg_temp.run(2), 'what is its own then');
SELECT is(pg_temp.told(), 1::bigint, 'the one before it may be alive, and is told');
SELECT pg_temp.pass('2 s');
SELECT is(pg_temp.alive(1, 'm1'), NULL, 'the first is alive, and the other may have ended');
SELECT is(pg_temp.alive(2, 'm2'), 'host1 refuses', 'which it has not: it is refused');
SELECT is(pg_temp.alive(1, 'm1'), 'host2', 'the first is told');
SELECT is((SELECT same_name FROM gateway_list), 2::bigint, 'who looks is shown');
SELECT is(pg_temp.claim('gw1', 2, 2), 1, 'a claim of the later one waits');
SELECT is((SELECT count(*) FROM sessions WHERE peer_id = 2), 0::bigint, 'and is not written');
SELECT is(pg_temp.claim('gw1', 1, 2), 0, 'one of the first is');
SELECT pg_temp.pass('31 s');
SELECT is(pg_temp.alive(2, 'm2'), NULL, 'the first is silent');
SELECT is(pg_temp.claim('gw1', 2, 2), 0, 'and the other goes on');
SELECT is(pg_temp.alive(3, 'm2', 'gw3'), NULL, 'another name is another gateway');
SELECT pg_temp.pass('2 s');
SELECT pg_temp.alive(2, 'm2', 'gw3');
SELECT is((SELECT g.name FROM gateway_runs r JOIN gateways g ON g.id = r.gateway_id WHERE run = pg_temp.run(2)), 'gw1',
    'and a run has the name that it began with');
SELECT wg_provision.report_gateway('gw1', '1.0', pg_temp.run(2), 'm2', 'host2', true);
SELECT pg_temp.told();
SELECT pg_temp.alive(4, 'm2');
SELECT pg_temp.claim('gw1', 4, 2);
SELECT is(pg_temp.told(), 0::bigint, 'a run that has ended is not told of what the next one claims');
SELECT is(pg_temp.alive(5, ''), NULL, 'a machine without an id');
SELECT pg_temp.pass('2 s');
SELECT pg_temp.alive(4, 'm2');
SELECT is(pg_temp.alive(5, ''), 'host4', 'is noticed');
SELECT is(pg_temp.claim('gw1', 5, 2), 0, 'and not refused, because it may be the same');
SELECT count(pg_temp.alive(n, 'm1')) FROM generate_series(10, 40) n;
SELECT cmp_ok((SELECT count(*) FROM gateway_runs r JOIN gateways g ON g.id = r.gateway_id WHERE g.name = 'gw1'), '<=', 17::bigint,
    'no more runs of a gateway than that are kept');

-- networks by their ids
CREATE TEMPORARY TABLE reference AS SELECT reference AS of FROM find_networks('{office}');
SELECT is((SELECT name FROM find_networks(ARRAY[(SELECT of FROM reference)])), 'office', 'a network is found by its reference');
UPDATE networks SET name = 'hq' WHERE id = 1;
SELECT is((SELECT name FROM find_networks(ARRAY[(SELECT of FROM reference)])), 'hq', 'and under another name');
SELECT is((SELECT verdict FROM find_peers_of(ARRAY[(SELECT of FROM reference)], ARRAY[pg_temp.key(1)])), 'found', 'with its peers');
SELECT is((SELECT verdict FROM find_peers_of('{office}', ARRAY[pg_temp.key(1)])), 'other_network', 'not by the old name alone');
UPDATE networks SET created_at = created_at - interval '1 day' WHERE id = 1;
SELECT is_empty($$SELECT FROM find_networks(ARRAY[(SELECT of FROM reference)])$$, 'an id of another database is none of ours');
UPDATE networks SET name = 'office' WHERE id = 1;
SELECT is((SELECT ordinal || name FROM find_networks('{nothing,office,#,x#y@z}')), '2office', 'what is no reference is no network');

-- logins
CREATE ROLE bound LOGIN IN ROLE wg_provision_daemon;
CREATE ROLE trusted LOGIN IN ROLE wg_provision_daemon;
SELECT allow_gateway('bound', 'gw7', 'office');
SELECT throws_ok($$SELECT allow_gateway('bound', 'gw7', 'nowhere')$$);
GRANT USAGE ON SCHEMA wg_provision TO bound;
CREATE TEMPORARY TABLE before AS SELECT next_position AS position FROM changes_after(NULL);
GRANT SELECT ON before, reference TO PUBLIC;
SET LOCAL SESSION AUTHORIZATION bound;
SELECT throws_ok($$SELECT wg_provision.report_gateway('gw1', '1', pg_temp.run(50), '', 'h', false)$$, '42501',
    'the login "bound" may not be the gateway "gw1"', 'a login is no other gateway: not in reports,');
SELECT throws_ok($$SELECT pg_temp.claim('gw1', 50, 1)$$, '42501', NULL, 'in claims,');
SELECT throws_ok($$SELECT wg_provision.record_sightings_of('gw1', '{}', '{}', '{}', '{}', '{}')$$, '42501', NULL, 'in sightings,');
SELECT throws_ok($$SELECT wg_provision.enrol_peer_of('gw1', 'office', pg_temp.key(9))$$, '42501', NULL, 'in enrolments,');
SELECT throws_ok($$SELECT wg_provision.report_interface_of('gw1', '1', 'wg0', 'office', pg_temp.key(0), 0, '{}', '{}', '{}', '{}', '{}',
    '{}', '')$$, '42501', NULL, 'or of its interfaces');
SELECT lives_ok($$SELECT wg_provision.report_gateway('gw7', '1', pg_temp.run(51), '', 'h', false)$$, 'it is its own,');
SELECT is(pg_temp.claim('gw7', 51, 1), 0, 'and claims what is in its network');
SELECT is((SELECT verdict FROM wg_provision.find_peers_of('{office}', ARRAY[pg_temp.key(1)])), 'found', 'which it reads');
SELECT is((SELECT verdict || coalesce(allowed_ips::text, '') FROM wg_provision.find_peers_of('{fleet}', ARRAY[pg_temp.key(3)])),
    'other_network', 'but no other');
SELECT is((SELECT string_agg(name, ' ') FROM wg_provision.find_networks('{office,fleet}')), 'office', 'nor finds it');
SELECT throws_ok($$SELECT * FROM wg_provision.find_peers('{fleet}', ARRAY[pg_temp.key(3)])$$, '42501', NULL,
    'nor by the function behind');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT gateway FROM sessions WHERE peer_id = 1), 'gw7', 'the claim was written');
SET LOCAL SESSION AUTHORIZATION trusted;
SELECT throws_ok($$SELECT wg_provision.report_gateway('gw7', '1', pg_temp.run(52), '', 'h', false)$$, '42501', NULL,
    'a login without a row is no gateway that is another''s');
SELECT lives_ok($$SELECT wg_provision.report_gateway('gw8', '1', pg_temp.run(53), '', 'h', false)$$, 'but any other');
RESET SESSION AUTHORIZATION;
SELECT is(forbid_gateway('bound', 'gw7'), true, 'what was allowed is taken back');

-- no end of gateways
INSERT INTO gateways (name, version) SELECT 'made' || n, '1' FROM generate_series((SELECT count(*) FROM gateways) + 1, 4096) n;
SELECT throws_ok($$SELECT wg_provision.report_gateway('one more', '1', pg_temp.run(60), '', 'h', false)$$, '54000',
    'there are 4096 gateways already', 'there is a cap');

SELECT * FROM finish();
ROLLBACK;
