-- The audit trail has every change, who made it and why, no secret, and nobody can change it.
BEGIN;
SET search_path = public, wg_provision;
SELECT plan(26);
SET LOCAL application_name = 'registrar';

CREATE FUNCTION pg_temp.key(n integer) RETURNS text LANGUAGE sql AS $$ SELECT encode(sha256(int4send(n)), 'base64') $$;
CREATE FUNCTION pg_temp.newest(n integer DEFAULT 1) RETURNS SETOF audit LANGUAGE sql AS $$
    SELECT * FROM wg_provision.audit ORDER BY id DESC LIMIT n
$$;

INSERT INTO networks (name) VALUES ('office'), ('fleet');
SELECT is(concat_ws(' ', operation, relation, after ->> 'name'), 'insert networks fleet', 'a network') FROM pg_temp.newest();
SELECT add_pool('office', '10.0.0.0/24');
SELECT is(concat_ws(' ', operation, relation, after ->> 'prefix'), 'insert pools 10.0.0.0/24', 'a pool') FROM pg_temp.newest();

SELECT add_peer('office', pg_temp.key(1), '{10.1.0.1/32}', preshared_key => pg_temp.key(99), name => 'one');
SELECT is(concat_ws(' ', operation, relation, after ->> 'prefix', before), 'insert allowed_ips 10.1.0.1/32',
    'an allowed IP') FROM pg_temp.newest();
SELECT is(concat_ws(' ', operation, subject, after ->> 'name', after ->> 'preshared_key'), 'insert ' || pg_temp.key(1) || ' one true',
    'a peer, with its key as wg prints it') FROM audit WHERE relation = 'peers';
SELECT is(concat_ws(' ', changed_by, application, client, xid),
    concat_ws(' ', session_user, 'registrar', inet_client_addr(), pg_current_xact_id()), 'who changed it') FROM pg_temp.newest();
SELECT is(reason, NULL, 'without a reason') FROM pg_temp.newest();

UPDATE peers SET name = 'first';
SELECT is(concat_ws(' ', operation, before ->> 'name', after ->> 'name'), 'update one first', 'before and after')
    FROM pg_temp.newest();
UPDATE peers SET preshared_key = sha256('other');
SELECT is(concat_ws(' ', before ->> 'preshared_key', after ->> 'preshared_key'), 'true changed', 'another preshared key')
    FROM pg_temp.newest();
UPDATE peers SET preshared_key = NULL;
SELECT is(concat_ws(' ', before ->> 'preshared_key', after ->> 'preshared_key'), 'true', 'no preshared key any more')
    FROM pg_temp.newest();
CREATE TEMP TABLE counted AS SELECT count(*) AS rows FROM audit;
UPDATE peers SET name = name;
SELECT is((SELECT count(*) FROM audit), rows, 'an update that changes nothing leaves nothing') FROM counted;

SELECT set_reason('ticket 17');
UPDATE allowed_ips SET prefix = '10.1.0.2/32';
SELECT set_reason(NULL);
SELECT results_eq($$SELECT operation, coalesce(before, after) ->> 'prefix', reason FROM pg_temp.newest(2) ORDER BY 1$$,
    $$VALUES ('delete', '10.1.0.1/32', 'ticket 17'), ('insert', '10.1.0.2/32', 'ticket 17')$$, 'another prefix, and why');
UPDATE allowed_ips SET outside_ranges = true;
SELECT is(concat_ws(' ', operation, after ->> 'outside_ranges', reason), 'update true', 'the same prefix, no reason any more')
    FROM pg_temp.newest();
UPDATE peers SET network_id = (SELECT id FROM networks WHERE name = 'fleet');
SELECT is((SELECT array_agg(relation ORDER BY relation) FROM pg_temp.newest(2)), '{allowed_ips,peers}'::text[],
    'a move, with the allowed IPs that follow');
UPDATE networks SET name = 'works' WHERE name = 'office';
SELECT is(concat_ws(' ', before ->> 'name', after ->> 'name'), 'office works', 'a rename') FROM pg_temp.newest();

SELECT revoke_peer(pg_temp.key(1), 'stolen');
SELECT is(concat_ws(' ', operation, before ->> 'name', after, reason), 'delete first stolen',
    'revoked, with the reason') FROM audit WHERE relation = 'peers' ORDER BY id DESC LIMIT 1;
SELECT is(current_setting('wg_provision.reason'), '', 'which is of that call alone');
SELECT pardon_key(pg_temp.key(1));
SELECT is(concat_ws(' ', operation, relation, subject), 'delete tombstones ' || pg_temp.key(1), 'pardoned') FROM pg_temp.newest();
SELECT is(array_agg(relation || ' ' || operation ORDER BY relation || ' ' || operation), ARRAY['allowed_ips delete', 'allowed_ips delete',
    'allowed_ips insert', 'allowed_ips insert', 'allowed_ips update', 'allowed_ips update', 'peers delete', 'peers insert',
    'peers update', 'peers update', 'peers update', 'peers update', 'tombstones delete'], 'the history of a key')
    FROM peer_history(pg_temp.key(1));

SELECT is_empty($$SELECT * FROM audit WHERE concat(before, after) LIKE '%' || pg_temp.key(99) || '%'
    OR concat(before, after) LIKE '%' || encode(decode(pg_temp.key(99), 'base64'), 'hex') || '%'$$, 'no secret is in it');

INSERT INTO peers (network_id, public_key) SELECT 1, sha256(int4send(i)) FROM generate_series(100, 1099) i;
SELECT is(count(*), 1000::bigint, 'one row for each of a thousand') FROM audit WHERE relation = 'peers'
    AND operation = 'insert' AND subject <> pg_temp.key(1);
DELETE FROM peers WHERE network_id = 1;
SELECT is(count(*), 1000::bigint, 'and when they go') FROM audit WHERE relation = 'peers' AND operation = 'delete'
    AND subject <> pg_temp.key(1);

SELECT throws_ok(statement, '42501', 'the audit trail is append-only', statement) FROM unnest(ARRAY[
    'UPDATE wg_provision.audit SET reason = ''x''', 'DELETE FROM wg_provision.audit', 'TRUNCATE wg_provision.audit',
    'UPDATE wg_provision.audit SET reason = ''x'' WHERE false']) AS statement;
SELECT throws_ok($$INSERT INTO wg_provision.audit (operation, relation, subject) VALUES ('drop', 'peers', '1')$$, '23514');

SELECT * FROM finish();
ROLLBACK;
