-- Every rule of schema/ is kept by the database itself: each bad row is refused, by the constraint that says why.
BEGIN;
SET search_path = public, wg_provision;
SELECT plan(58);

CREATE FUNCTION pg_temp.key(n integer) RETURNS bytea LANGUAGE sql AS $$ SELECT sha256(int4send(n)) $$;

-- The statement fails with this constraint's name.
CREATE FUNCTION pg_temp.refused_by(statement text, wanted text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    actual text;
BEGIN
    EXECUTE statement;
    RETURN fail(wanted || ' refuses ' || statement);
EXCEPTION WHEN integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS actual = CONSTRAINT_NAME;
    RETURN is(actual, wanted, wanted || ' refuses ' || left(statement, 90));
END
$$;
CREATE FUNCTION pg_temp.peer_refused(columns text, vals text, wanted text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.refused_by(
        format('INSERT INTO wg_provision.peers (network_id, public_key%s) VALUES (1, sha256(''new'')%s)', columns, vals),
        wanted)
$$;

INSERT INTO networks (name) VALUES ('office'), ('fleet');
INSERT INTO peers (network_id, public_key, name) VALUES
    (1, pg_temp.key(1), 'one'), (1, pg_temp.key(2), 'two'), (2, pg_temp.key(3), 'three');
INSERT INTO allowed_ips (peer_id, network_id, prefix) VALUES (1, 1, '10.0.0.1/32'), (2, 1, '10.1.0.0/16');

-- networks
SELECT pg_temp.refused_by($$INSERT INTO wg_provision.networks (name) VALUES ('office')$$, 'networks_name_unique');
SELECT pg_temp.refused_by(format('INSERT INTO wg_provision.networks (name) VALUES (%L)', bad), 'networks_name_shape')
    FROM unnest(ARRAY['', 'Office', '-office', 'office-', 'two words', 'a/b', E'line\nbreak', repeat('a', 64)]) AS bad;
SELECT lives_ok(format('INSERT INTO wg_provision.networks (name) VALUES (%L)', good), 'network ' || good)
    FROM unnest(ARRAY['a', 'a.b_c-d9', repeat('a', 63)]) AS good;
SELECT pg_temp.refused_by(
    format('INSERT INTO wg_provision.networks (name, comment) VALUES (''long'', %L)', repeat('x', 1001)),
    'networks_comment_length');
SELECT pg_temp.refused_by('DELETE FROM wg_provision.networks WHERE id = 1', 'peers_network_id_fkey');

-- peers
SELECT pg_temp.refused_by(format('INSERT INTO wg_provision.peers (network_id, public_key) VALUES (2, %L)', pg_temp.key(1)),
    'peers_public_key_unique');
SELECT pg_temp.refused_by(format('INSERT INTO wg_provision.peers (network_id, public_key) VALUES (1, %L)', bad),
    'peers_public_key_shape')
    FROM unnest(ARRAY[''::bytea, '\x00', decode(repeat('11', 31), 'hex'), decode(repeat('11', 33), 'hex'),
        decode(repeat('00', 32), 'hex')]) AS bad;
SELECT pg_temp.peer_refused(', preshared_key', format(', %L', bad), 'peers_preshared_key_shape')
    FROM unnest(ARRAY[''::bytea, decode(repeat('11', 31), 'hex'), decode(repeat('11', 33), 'hex'),
        decode(repeat('00', 32), 'hex')]) AS bad;
SELECT pg_temp.peer_refused(', keepalive_seconds', ', ' || bad, 'peers_keepalive_seconds_range')
    FROM unnest(ARRAY[-1, 65536]) AS bad;
SELECT pg_temp.peer_refused(', not_before', format(', %L', bad), 'peers_not_before_finite')
    FROM unnest(ARRAY['infinity', '-infinity']) AS bad;
SELECT pg_temp.peer_refused(', expires_at', format(', %L', bad), 'peers_expires_at_range')
    FROM unnest(ARRAY['infinity', '-infinity', '2200-01-01 00:00:00+00', '294276-12-31 00:00:00+00']) AS bad;
SELECT pg_temp.peer_refused(', not_before, expires_at', $$, '2030-01-01', '2030-01-01'$$, 'peers_validity_order');
SELECT pg_temp.peer_refused(', name', $$, 'one'$$, 'peers_name_unique');
SELECT pg_temp.peer_refused(', name', $$, ''$$, 'peers_name_length');
SELECT pg_temp.peer_refused(', name', format(', %L', repeat('x', 129)), 'peers_name_length');
SELECT pg_temp.peer_refused(', comment', format(', %L', repeat('x', 1001)), 'peers_comment_length');
SELECT throws_ok($$INSERT INTO wg_provision.peers (network_id, public_key) VALUES (99, sha256('x'))$$, '23503');
SELECT throws_ok($$INSERT INTO wg_provision.peers (network_id, public_key) VALUES (1, NULL)$$, '23502');
SELECT throws_ok($$INSERT INTO wg_provision.peers (network_id, public_key) VALUES (NULL, sha256('x'))$$, '23502');
SELECT throws_ok($$INSERT INTO wg_provision.peers (id, network_id, public_key) VALUES (1, 1, sha256('x'))$$, '428C9');

-- allowed IPs
SELECT pg_temp.refused_by(
    format('INSERT INTO wg_provision.allowed_ips (peer_id, network_id, prefix) VALUES (1, 1, %L)', bad),
    'allowed_ips_no_overlap')
    FROM unnest(ARRAY['10.1.2.3/32', '10.0.0.0/8', '0.0.0.0/0']) AS bad;
SELECT pg_temp.refused_by($$INSERT INTO wg_provision.allowed_ips VALUES (1, 1, '10.0.0.1/32')$$, 'allowed_ips_key');
SELECT pg_temp.refused_by($$INSERT INTO wg_provision.allowed_ips VALUES (1, 2, '10.9.0.0/16')$$, 'allowed_ips_of_peer');
SELECT throws_ok($$INSERT INTO wg_provision.allowed_ips VALUES (1, 1, '10.9.0.1/16')$$, '22P02', NULL, 'no host bits');
SELECT lives_ok($$INSERT INTO wg_provision.allowed_ips VALUES (3, 2, '10.1.0.0/16')$$, 'networks share addresses');
SELECT lives_ok($$INSERT INTO wg_provision.allowed_ips VALUES (1, 1, '::/0')$$, 'families do not overlap');
SELECT lives_ok(
    $$INSERT INTO wg_provision.allowed_ips SELECT 3, 2, set_masklen('10.2.0.0'::inet + 256 * i, 24)::cidr
      FROM generate_series(0, 255) i$$, '257 allowed IPs');
SELECT lives_ok(
    $$INSERT INTO wg_provision.allowed_ips SELECT 3, 2, set_masklen('10.3.0.0'::inet + 256 * i, 24)::cidr
      FROM generate_series(0, 766) i$$, '1024 allowed IPs');
SELECT pg_temp.refused_by($$INSERT INTO wg_provision.allowed_ips VALUES (3, 2, '172.16.0.0/24')$$, 'allowed_ips_limit');
INSERT INTO allowed_ips VALUES (2, 1, '172.16.0.0/24');
UPDATE peers SET network_id = 2 WHERE id = 1;
SELECT is((SELECT array_agg(network_id) FROM allowed_ips WHERE peer_id = 1), ARRAY[2, 2],
    'allowed IPs follow their peer to another network');
SELECT pg_temp.refused_by('UPDATE wg_provision.peers SET network_id = 2 WHERE id = 2', 'allowed_ips_no_overlap');
DELETE FROM peers WHERE id = 3;
SELECT is((SELECT count(*) FROM allowed_ips WHERE peer_id = 3), 0::bigint, 'allowed IPs go with their peer');

-- the rest
UPDATE peers SET updated_at = '2000-01-01' WHERE id = 1;
SELECT is((SELECT updated_at FROM peers WHERE id = 1), now(), 'updated_at is kept');
SELECT throws_ok($$INSERT INTO wg_provision.schema_version (version) VALUES (7)$$, '23505');
SELECT throws_ok($$INSERT INTO wg_provision.schema_version (only_row, version) VALUES (false, 7)$$, '23514');

SELECT * FROM finish();
ROLLBACK;
