-- A manifest: each line becomes a peer or is refused with its number and the reason, and no line hurts another.
BEGIN;
SET search_path = public, wg_provision;
SET LOCAL client_min_messages = warning;
SELECT plan(142);

CREATE FUNCTION pg_temp.key(n integer) RETURNS text LANGUAGE sql AS $$ SELECT encode(sha256(int4send(n)), 'base64') $$;
CREATE FUNCTION pg_temp.zero(first text) RETURNS text LANGUAGE sql AS $$
    SELECT encode(decode(first || repeat('00', 31), 'hex'), 'base64')
$$;
-- The reasons of the last import in one line.
CREATE FUNCTION pg_temp.report() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(format('%s: %s', line, reason), '; ' ORDER BY line) FROM wg_provision.import_report
$$;
CREATE FUNCTION pg_temp.counts() RETURNS text LANGUAGE sql AS $$
    SELECT format('%s added, %s refused', added, refused) FROM wg_provision.imports ORDER BY id DESC LIMIT 1
$$;
-- Imports lines of a network and its allowed IPs, tells what was refused and removes the peers again.
CREATE SEQUENCE pg_temp.spare START 100000;
CREATE FUNCTION pg_temp.overlaps(VARIADIC lines text[]) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO wg_provision.import (network, public_key, allowed_ips, comment)
        SELECT split_part(line, ' ', 1), pg_temp.key(nextval('pg_temp.spare')::integer), substring(line
            FROM ' (.*)'), 'gone'
        FROM unnest(lines) WITH ORDINALITY AS l (line, n) ORDER BY n;
    DELETE FROM wg_provision.peers WHERE comment = 'gone';
    RETURN coalesce(pg_temp.report(), 'none');
END
$$;
-- All that an error says.
CREATE FUNCTION pg_temp.failure(statement text) RETURNS TABLE (message text, detail text, everything text)
    LANGUAGE plpgsql AS $$
DECLARE
    hint    text;
    context text;
BEGIN
    EXECUTE statement;
    RETURN QUERY SELECT 'it was done', NULL, NULL;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT,
        context = PG_EXCEPTION_CONTEXT;
    everything := concat_ws(' ', message, detail, hint, context);
    RETURN NEXT;
END
$$;
CREATE FUNCTION pg_temp.world() RETURNS text LANGUAGE sql AS $$
    SELECT md5(concat((SELECT jsonb_agg(to_jsonb(p) ORDER BY id) FROM wg_provision.peers p),
        (SELECT jsonb_agg(to_jsonb(a) ORDER BY peer_id, prefix) FROM wg_provision.allowed_ips a),
        (SELECT jsonb_agg(to_jsonb(f) ORDER BY id) FROM wg_provision.fresh_ranges f),
        (SELECT jsonb_agg(to_jsonb(r) ORDER BY pool_id, prefix) FROM wg_provision.returned_prefixes r),
        (SELECT jsonb_agg(to_jsonb(t) ORDER BY public_key) FROM wg_provision.tombstones t),
        (SELECT jsonb_agg(to_jsonb(i) ORDER BY id) FROM wg_provision.imports i),
        (SELECT count(*) FROM wg_provision.import_refusals), (SELECT max(id) FROM wg_provision.audit)))
$$;

INSERT INTO networks (name, keepalive_seconds) VALUES ('office', 15), ('fleet', 0), ('pooled', 0), ('tiny', 0),
    ('empty', 0);
INSERT INTO networks (name, ranges) VALUES ('narrow', '{10.8.0.0/16,fd00:8::/64}');
SELECT add_pool('pooled', '10.7.0.0/24'), add_pool('pooled', 'fd00:7::/64', 'derived'), add_pool('tiny', '10.9.0.0/30');
SELECT add_peer('office', pg_temp.key(1), '{10.1.0.0/24,fd00:1::/64}', name => 'taken');
SELECT add_peer('office', pg_temp.key(2), '{}'), add_peer('office', pg_temp.key(3), '{}'),
    add_peer('office', pg_temp.key(4), '{10.11.0.0/24}');
SELECT revoke_peer(pg_temp.key(2), 'stolen');
DELETE FROM peer_list WHERE public_key = pg_temp.key(3);

-- a real COPY
COPY import (network, public_key, name, allowed_ips, preshared_key, expires_at, labels)
    FROM STDIN WITH (FORMAT csv, HEADER);
network,public_key,name,allowed_ips,preshared_key,expires_at,labels
office,xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=,"Anna, laptop","10.2.0.1,
    fd00:2::1",gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA=,2099-01-01,"{""site"": ""north""}"
office,TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0,broken,10.2.0.2,,,
offise,TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=,,10.2.0.3,,,
office,TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=,,10.2.0.4,,,
\.
SELECT results_eq('SELECT line, reason, network, public_key, name FROM import_report', $$VALUES
    (2::bigint, 'public_key is not a WireGuard key: 44 characters of base64, as "wg pubkey" prints it', 'office',
        'TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0', 'broken'),
    (3, 'there is no network "offise"', 'offise', 'TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=', NULL)$$,
    'COPY: the report counts from 1 without the header');
SELECT is((name, allowed_ips, preshared_key, expires_at, labels), ('Anna, laptop'::text,
    '{10.2.0.1/32,fd00:2::1/128}'::cidr[],
    '(set)'::text, '2099-01-01'::timestamptz, '{"site": "north"}'::jsonb), 'COPY: a line with quotes becomes a peer')
    FROM peer_list WHERE public_key = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=';
SELECT is(allowed_ips, '{10.2.0.4/32}'::cidr[], 'COPY: so does the line after the broken ones')
    FROM peer_list WHERE public_key = 'TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=';
SELECT is_empty('SELECT * FROM wg_provision.import', 'COPY: the table is empty again');

-- every reason once
CREATE TEMP TABLE cases (
    line bigint GENERATED ALWAYS AS IDENTITY, network text DEFAULT 'office', key integer DEFAULT NULL, public_key text,
    name text, allowed_ips text, preshared_key text, keepalive_seconds text, enabled text, not_before text,
        expires_at text,
    labels text, comment text, reason text);
INSERT INTO cases (public_key, name, allowed_ips) VALUES (pg_temp.key(10), 'first', '10.3.0.0/24');
INSERT INTO cases (network, public_key, reason) VALUES
    (NULL, pg_temp.key(11), 'network and public_key must be given'), ('', pg_temp.key(11),
        'network and public_key must be given'),
    ('office', NULL, 'network and public_key must be given'), ('office', '', 'network and public_key must be given'),
    ('offise', pg_temp.key(11), 'there is no network "offise"'), ('office ', pg_temp.key(11),
        'there is no network "office "'),
    ('office', 'x', 'public_key is not a WireGuard key: 44 characters of base64, as "wg pubkey" prints it');
INSERT INTO cases (preshared_key, reason) VALUES
    ('x', 'preshared_key is not a WireGuard key: 44 characters of base64, as "wg pubkey" prints it'),
    ('(set)', 'its preshared key is not in the manifest: write it there, or empty the field to have none');
INSERT INTO cases (keepalive_seconds, reason) VALUES
    ('abc', 'keepalive_seconds: invalid input syntax for type integer: "abc"'),
    ('99999999999', 'keepalive_seconds: value "99999999999" is out of range for type integer');
INSERT INTO cases (enabled, reason) VALUES ('maybe', 'enabled: invalid input syntax for type boolean: "maybe"');
INSERT INTO cases (not_before, reason) VALUES
    ('soon', 'not_before: invalid input syntax for type timestamp with time zone: "soon"');
INSERT INTO cases (expires_at, reason) VALUES
    ('2030-02-30', 'expires_at: date/time field value out of range: "2030-02-30"'),
    ('2030-01-01 Europe/Nowhere', 'expires_at: time zone "europe/nowhere" not recognized'),
    ('2020-01-01', 'expires_at is in the past: 2020-01-01'), ('now', 'expires_at is in the past: now');
INSERT INTO cases (labels, reason) VALUES ('{', 'labels: invalid input syntax for type json');
INSERT INTO cases (allowed_ips, reason) VALUES
    ('10.3.9.1/24', 'allowed_ips: invalid cidr value: "10.3.9.1/24"'),
    ('10.3.9.1 or so', 'allowed_ips: invalid input syntax for type cidr: "or"'),
    ('10.3.9.1,', 'allowed_ips: invalid input syntax for type cidr: ""'),
    ('10.3.9.1,NULL', 'allowed_ips: invalid input syntax for type cidr: "NULL"'),
    ((SELECT string_agg(set_masklen('10.32.0.0'::inet + 256 * i, 24)::text, ',') FROM generate_series(0, 1024) i),
        'more than 1024 allowed IPs');
-- the constraints of peers
INSERT INTO cases (comment, reason) VALUES (repeat('x', 1001), 'breaks the rule peers_comment_length'),
    (E'a\x01b', 'breaks the rule peers_comment_printable');
INSERT INTO cases (expires_at, reason) VALUES ('2200-01-01 00:00:00+00', 'breaks the rule peers_expires_at_range');
INSERT INTO cases (keepalive_seconds, reason) VALUES ('65536', 'breaks the rule peers_keepalive_seconds_range');
INSERT INTO cases (labels, reason) VALUES ('[]', 'breaks the rule peers_labels_shape');
INSERT INTO cases (name, reason) VALUES (repeat('x', 129), 'breaks the rule peers_name_length'),
    (E'two\nlines', 'breaks the rule peers_name_printable');
INSERT INTO cases (not_before, reason) VALUES ('infinity', 'breaks the rule peers_not_before_finite');
INSERT INTO cases (preshared_key, reason) VALUES (pg_temp.zero('00'), 'breaks the rule peers_preshared_key_shape');
INSERT INTO cases (public_key, reason) VALUES (pg_temp.zero('00'), 'breaks the rule peers_public_key_shape'),
    (pg_temp.zero('01'), 'breaks the rule peers_public_key_usable');
INSERT INTO cases (not_before, expires_at, reason) VALUES ('2031-01-01', '2030-01-01',
    'breaks the rule peers_validity_order');
SELECT set_eq($$SELECT 'breaks the rule ' || conname FROM pg_constraint
    WHERE conrelid = 'wg_provision.peers'::regclass AND contype = 'c'$$,
    $$SELECT reason FROM cases WHERE reason LIKE 'breaks the rule %'$$, 'a line for each rule of peers');
-- quarrels with others
INSERT INTO cases (network, public_key, name, allowed_ips, reason) VALUES
    ('office', pg_temp.key(10), NULL, '10.3.1.1', 'the same key as line 1'),
    ('fleet', pg_temp.key(10), NULL, '10.3.1.1', 'the same key as line 1'),
    ('office', NULL, 'first', '10.3.1.1', 'the same name as line 1'),
    ('fleet', NULL, 'first', '10.3.0.0/24', NULL),
    ('office', pg_temp.key(1), NULL, '10.3.1.1', 'this public key is already peer 1 of network "office"'),
    ('fleet', pg_temp.key(4), NULL, '10.3.1.1', 'this public key is already peer 4 of network "office"'),
    ('office', pg_temp.key(2), NULL, '10.3.1.1', 'the key was revoked on ' || to_char(now(), 'YYYY-MM-DD HH24:MI TZ')),
    ('office', pg_temp.key(3), NULL, '10.3.1.3', NULL),
    ('office', NULL, 'taken', '10.3.1.1', 'peer 1 has this name'), ('fleet', NULL, 'taken', '10.3.1.1', NULL),
    ('narrow', NULL, NULL, '10.8.0.1, 10.10.0.1',
        'allowed IP 10.10.0.1/32 lies outside the ranges of network "narrow"'),
    ('narrow', NULL, NULL, '10.0.0.0/8', 'allowed IP 10.0.0.0/8 lies outside the ranges of network "narrow"'),
    ('narrow', NULL, NULL, 'fd00::1', 'allowed IP fd00::1/128 lies outside the ranges of network "narrow"'),
    ('narrow', NULL, NULL, '10.8.0.2 fd00:8::2', NULL),
    ('office', NULL, NULL, '10.3.0.7', 'allowed IP 10.3.0.7/32 overlaps 10.3.0.0/24 of line 1'),
    ('office', NULL, NULL, '10.1.0.7', 'allowed IP 10.1.0.7/32 overlaps 10.1.0.0/24 of peer 1'),
    ('office', NULL, NULL, '10.11.0.0/16', 'allowed IP 10.11.0.0/16 overlaps 10.11.0.0/24 of peer 4'),
    ('office', NULL, NULL, 'fd00:1::7', 'allowed IP fd00:1::7/128 overlaps fd00:1::/64 of peer 1'),
    ('fleet', NULL, NULL, '10.1.0.7 fd00:1::7', NULL),
    ('tiny', NULL, NULL, NULL, NULL), ('tiny', NULL, NULL, '', 'the pool 10.9.0.0/30 has no address left'),
    ('fleet', NULL, NULL, ' ', 'the network has no address pool'), ('pooled', NULL, NULL, NULL, NULL);
INSERT INTO cases (public_key, name, allowed_ips) VALUES (pg_temp.key(11), 'last', '10.3.2.0/24');
UPDATE cases SET public_key = pg_temp.key(2000 + line::integer) WHERE public_key IS NULL AND line NOT IN (4, 5);
UPDATE cases SET preshared_key = pg_temp.key(9000 + line::integer) WHERE preshared_key IS NULL;

INSERT INTO import (network, public_key, name, allowed_ips, preshared_key, keepalive_seconds, enabled, not_before,
    expires_at,
        labels, comment)
    SELECT network, public_key, name, allowed_ips, preshared_key, keepalive_seconds, enabled, not_before, expires_at,
        labels,
        comment FROM cases ORDER BY line;
SELECT is(r.reason, c.reason, format('line %s: %s', c.line, coalesce(c.reason, 'is right')))
    FROM cases c FULL JOIN import_report r USING (line) ORDER BY line;
SELECT is(pg_temp.counts(), (SELECT format('%s added, %s refused', count(*) - count(reason), count(reason)) FROM cases),
    'both are counted');
SELECT set_eq($$SELECT p.public_key FROM peer_list p JOIN cases c USING (public_key, network)
        WHERE p.preshared_key = '(set)'$$,
    'SELECT public_key FROM cases WHERE reason IS NULL',
    'and the lines that are right became peers');
SELECT results_eq('SELECT network, public_key, name FROM import_report',
    'SELECT network, public_key, name FROM cases WHERE reason IS NOT NULL ORDER BY line',
        'the report has what stood there');
SELECT is_empty('SELECT * FROM wg_provision.import', 'the table is empty again');
SELECT is_empty($$SELECT c.line FROM cases c JOIN peers p ON encode(p.preshared_key, 'base64') = c.preshared_key
    CROSS JOIN find_peers(ARRAY[c.network], ARRAY[p.public_key]) f
    WHERE (f.verdict, f.preshared_key) <> ('found', p.preshared_key)$$, 'the daemon finds them');

-- what is kept of it
SELECT is(array_agg(DISTINCT reason), (SELECT ARRAY['import ' || max(id)]
    FROM imports), 'the audit trail knows the import')
    FROM audit a WHERE relation IN ('peers', 'allowed_ips') AND operation = 'insert'
    AND coalesce(after ->> 'peer_id', after ->> 'id')::bigint IN (
        SELECT p.id FROM peer_list p JOIN cases c USING (public_key) WHERE c.reason IS NULL);
SELECT is(current_setting('wg_provision.reason'), '', 'a later change has no such reason');
CREATE TEMP TABLE secrets AS SELECT preshared_key AS secret, encode(decode(preshared_key, 'base64'), 'hex') AS hex
    FROM cases WHERE CASE WHEN length(preshared_key) = 44 THEN preshared_key <> pg_temp.zero('00') END;
CREATE FUNCTION pg_temp.secrets_in(shown text) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM secrets WHERE strpos(shown, secret) > 0 OR strpos(shown, hex) > 0
$$;
SELECT is(pg_temp.secrets_in(string_agg(to_jsonb(p)::text, ' ')), (SELECT count(*) FROM cases WHERE reason IS NULL),
    'preshared keys of peers are recognized') FROM peers p;
SELECT is(pg_temp.secrets_in(string_agg(shown.line, ' ')), 0::bigint, 'no preshared key is in ' || words)
    FROM (SELECT to_jsonb(r)::text, 'the report' FROM import_refusals r UNION ALL SELECT to_jsonb(a)::text,
        'the audit trail'
          FROM audit a UNION ALL SELECT to_jsonb(c)::text, 'the changes' FROM changes c) AS shown (line, words)
    GROUP BY words ORDER BY words;

-- all values, and none
INSERT INTO import (network, public_key, name, allowed_ips, preshared_key, keepalive_seconds, enabled, not_before,
    expires_at,
        labels, comment) VALUES
    ('office', pg_temp.key(20), 'twenty', '10.4.0.1,10.4.1.0/24', pg_temp.key(120), '25', 'false',
        '2030-01-01 12:00+01',
        '2031-01-01', '{"a": [1, "b"]}', 'a comment'),
    ('office', pg_temp.key(21), '', '10.4.0.2', '', '', '', '', '', '', ''),
    ('office', pg_temp.key(22), NULL, '10.4.0.3', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
SELECT is((network, name, allowed_ips, keepalive_seconds, enabled, not_before, expires_at, labels, comment),
    ('office'::text, 'twenty'::text, '{10.4.0.1/32,10.4.1.0/24}'::cidr[], 25, false, '2030-01-01 11:00+00'::timestamptz,
        '2031-01-01'::timestamptz, '{"a": [1, "b"]}'::jsonb, 'a comment'::text), 'every value arrives')
    FROM peer_list WHERE public_key = pg_temp.key(20);
SELECT is(encode(preshared_key, 'base64'), pg_temp.key(120), 'and the preshared key') FROM peers WHERE name = 'twenty';
SELECT is((name, preshared_key, keepalive_seconds, enabled, not_before, expires_at, labels, comment),
    (NULL::text, NULL::text, 15, true, NULL::timestamptz, NULL::timestamptz, '{}'::jsonb, NULL::text),
    words || ' takes the defaults') FROM peer_list
    JOIN (VALUES (pg_temp.key(21), 'empty'), (pg_temp.key(22), 'NULL')) AS w (public_key, words) USING (public_key);
SELECT is_empty('SELECT * FROM import_report', 'and nothing is refused');

-- where and how a peer may be
INSERT INTO import (network, public_key, allowed_ips, outside_ranges, allowed_sources, roaming, several_gateways, evict_last)
    VALUES ('narrow', pg_temp.key(23), '10.8.1.0/24, 192.0.2.0/24', '192.0.2.0/24', '198.51.100.0/24 2001:db8::/32', 'no',
        'yes', 'true'),
    ('narrow', pg_temp.key(24), 'none', '', '', '', '', ''), ('narrow', pg_temp.key(25), '10.8.2.0/24', '192.0.2.0/24',
        NULL, NULL, NULL, NULL),
    ('narrow', pg_temp.key(26), '10.8.3.0/24', NULL, '198.51.100.1/24', NULL, NULL, NULL),
    ('narrow', pg_temp.key(27), '10.8.4.0/24', NULL, NULL, 'maybe', NULL, NULL),
    ('narrow', pg_temp.key(28), '10.8.5.0/24', NULL, (SELECT string_agg('10.0.' || n || '.0/24', ' ')
        FROM generate_series(1, 65) n), NULL, NULL, NULL);
SELECT is((allowed_sources::cidr[], roaming, several_gateways, evict_last),
    ('{198.51.100.0/24,2001:db8::/32}'::cidr[], false, true, true), 'rules of its own arrive')
    FROM peer_list WHERE public_key = pg_temp.key(23);
SELECT is(array_agg((a.prefix, a.outside_ranges)::text ORDER BY a.prefix), '{"(10.8.1.0/24,f)","(192.0.2.0/24,t)"}',
    'and what may lie outside the ranges') FROM allowed_ips a JOIN peers p ON p.id = a.peer_id
    WHERE p.public_key = decode(pg_temp.key(23), 'base64');
SELECT is((allowed_ips, allowed_sources::cidr[], roaming, several_gateways, evict_last),
    ('{}'::cidr[], NULL::cidr[], NULL::boolean, NULL::boolean, false), 'none takes no addresses, and empty no rules')
    FROM peer_list WHERE public_key = pg_temp.key(24);
SELECT is(r.reason, w.reason, 'line ' || w.line) FROM (VALUES
    (3, 'outside_ranges names a prefix that is none of allowed_ips'),
    (4, 'allowed_sources: invalid cidr value: "198.51.100.1/24"'),
    (5, 'roaming: invalid input syntax for type boolean: "maybe"'), (6, 'more than 64 allowed sources')) AS w (line, reason)
    FULL JOIN import_report r USING (line) ORDER BY w.line;
INSERT INTO import (network, public_key, allowed_ips, preshared_key) VALUES ('narrow', pg_temp.key(29), '10.8.6.0/24', '(set)');
SELECT is(pg_temp.report(), '1: its preshared key is not in the manifest: write it there, or empty the field to have none',
    'who had a preshared key is not imported without');
SELECT is_empty(format($$SELECT FROM peers WHERE public_key = decode(%L, 'base64')$$, pg_temp.key(29)), 'at all');

-- notations
CREATE TEMP TABLE notations (n integer, written text, meant cidr[]);
INSERT INTO notations VALUES (30, '10.5.0.1', '{10.5.0.1/32}'), (31, '10.5.0.2/32', '{10.5.0.2/32}'),
    (32, '10.5.1.0/24,10.5.2.0/24', '{10.5.1.0/24,10.5.2.0/24}'), (33, '10.5.3.0/24 10.5.4.0/24',
        '{10.5.3.0/24,10.5.4.0/24}'),
    (34, E'  10.5.5.0/24 ,\t10.5.6.0/24  ', '{10.5.5.0/24,10.5.6.0/24}'), (35, 'fd00:5::1', '{fd00:5::1/128}'),
    (36, 'FD00:5:0:1::/64, 10.5.7.0/24', '{10.5.7.0/24,fd00:5:0:1::/64}'), (37, E'10.5.8.1\n10.5.8.2',
        '{10.5.8.1/32,10.5.8.2/32}');
INSERT INTO import (network, public_key, allowed_ips) SELECT 'office', pg_temp.key(n), written
    FROM notations ORDER BY n;
SELECT is(p.allowed_ips, meant, written)
    FROM notations LEFT JOIN peer_list p ON p.public_key = pg_temp.key(n) ORDER BY n;

-- pools
SELECT add_peer('pooled', pg_temp.key(40), '{10.7.0.4/32}');
INSERT INTO import (network, public_key, allowed_ips) VALUES ('pooled', pg_temp.key(41), NULL),
    ('pooled', pg_temp.key(42), '10.7.0.200'), ('pooled', pg_temp.key(43), ''), ('pooled', pg_temp.key(44), ' ');
SELECT results_eq($$SELECT host(p.allowed_ips[1]), p.allowed_ips[2] FROM peer_list p JOIN generate_series(41, 44) n
        ON p.public_key = pg_temp.key(n) ORDER BY n$$,
    $$SELECT address, CASE WHEN n <> 42 THEN derived_address('fd00:7::/64', decode(pg_temp.key(n), 'base64')) END
      FROM (VALUES (41, '10.7.0.3'), (42, '10.7.0.200'), (43, '10.7.0.5'), (44, '10.7.0.6')) AS v (n, address)$$,
    'addresses in the order of the lines, without those that somebody has');
SELECT add_peer('pooled', pg_temp.key(45));
SELECT is(host(allowed_ips[1]), '10.7.0.7', 'and the next peer gets the next one')
    FROM peer_list WHERE public_key = pg_temp.key(45);

-- overlap inside the manifest
SELECT is(pg_temp.overlaps('office 10.6.0.0/24', 'office 10.6.0.1'),
    '2: allowed IP 10.6.0.1/32 overlaps 10.6.0.0/24 of line 1', 'the longer prefix is refused when it is second');
SELECT is(pg_temp.overlaps('office 10.6.0.1', 'office 10.6.0.0/24'),
    '1: allowed IP 10.6.0.1/32 overlaps 10.6.0.0/24 of line 2', 'and when it is first');
SELECT is(pg_temp.overlaps('office 10.6.0.1', 'office 10.6.0.1'),
    '2: allowed IP 10.6.0.1/32 overlaps 10.6.0.1/32 of line 1', 'of the same prefixes the second');
SELECT is(pg_temp.overlaps('office fd00:6::1', 'office fd00:6::/64'),
    '1: allowed IP fd00:6::1/128 overlaps fd00:6::/64 of line 2', 'IPv6');
SELECT is(pg_temp.overlaps('office fd00:6::/64', 'office 10.6.0.1 fd00:6::ffff'),
    '2: allowed IP fd00:6::ffff/128 overlaps fd00:6::/64 of line 1', 'the second prefix of a line');
SELECT is(pg_temp.overlaps('office 10.6.0.1 10.6.0.0/24'), '1: allowed IP 10.6.0.1/32 overlaps 10.6.0.0/24 of line 1',
    'prefixes of the same line');
SELECT is(pg_temp.overlaps('office 10.64.0.0/10', 'office 10.65.0.0/16', 'office 10.127.255.255', 'office 10.128.0.0'),
    '2: allowed IP 10.65.0.0/16 overlaps 10.64.0.0/10 of line 1; '
    '3: allowed IP 10.127.255.255/32 overlaps 10.64.0.0/10 of line 1', 'the one that reaches furthest counts');
SELECT is(pg_temp.overlaps('office 10.6.0.255', 'office 10.6.1.0/24', 'office 10.6.2.0'), 'none',
    'neighbours do not overlap');
SELECT is(pg_temp.overlaps('empty 0.0.0.0/0', 'empty ::/0'), 'none', 'families do not overlap');
SELECT is(pg_temp.overlaps('office 10.6.0.1', 'fleet 10.6.0.1', 'pooled 10.6.0.0/24'), 'none',
    'networks do not overlap');
SELECT is(pg_temp.overlaps('office 10.6.0.0/24', 'fleet 10.6.0.0/16', 'office 10.6.0.9', 'fleet 10.6.0.9'),
    '3: allowed IP 10.6.0.9/32 overlaps 10.6.0.0/24 of line 1; '
    '4: allowed IP 10.6.0.9/32 overlaps 10.6.0.0/16 of line 2',
    'each network by itself');
SELECT is(pg_temp.overlaps('office 10.6.0.0/24', 'office 10.6.0.1 x', 'office 10.6.0.2'),
    '2: allowed_ips: invalid input syntax for type cidr: "x"; 3: allowed IP 10.6.0.2/32 overlaps 10.6.0.0/24 of line 1',
    'a line that is refused anyway keeps its own reason');
SELECT is(pg_temp.overlaps('offise 10.6.0.0/24', 'office 10.6.0.1'), '1: there is no network "offise"',
    'and is in nobody''s way');

-- a broken line in the middle, and the same key again
INSERT INTO import (network, public_key, name, allowed_ips, keepalive_seconds) VALUES
    ('fleet', pg_temp.key(50), 'a', '10.50.0.1', NULL), ('fleet', pg_temp.key(51), 'b', '10.50.0.2', 'often'),
    ('fleet', pg_temp.key(51), 'b', '10.50.0.2', '25'), ('fleet', pg_temp.key(51), 'c', '10.50.0.3', '25'),
    ('fleet', pg_temp.key(51), 'd', '10.50.0.4', '25');
SELECT is(pg_temp.report(), '2: keepalive_seconds: invalid input syntax for type integer: "often"; '
    '4: the same key as line 3; 5: the same key as line 3', 'the first line that is right has the key');
SELECT set_eq($$SELECT name FROM peer_list WHERE public_key IN (pg_temp.key(50), pg_temp.key(51))$$, ARRAY['a', 'b'],
    'and its neighbours are added');

-- two in one transaction
INSERT INTO import (network, public_key, allowed_ips) VALUES ('fleet', pg_temp.key(60), '10.60.0.1'), ('fleet', 'x',
    NULL);
INSERT INTO import (network, public_key, allowed_ips) VALUES ('offise', 'x', NULL), ('fleet', pg_temp.key(61),
    '10.60.0.2');
SELECT is(pg_temp.report(), '1: there is no network "offise"', 'of two imports the report shows the last');
SELECT is(array_agg(line ORDER BY import_id), '{2,1}'::bigint[], 'and the first is kept, each counted from 1')
    FROM import_refusals WHERE import_id > (SELECT max(id) - 2 FROM imports);
SELECT is(count(*), 2::bigint, 'both added their peers') FROM peer_list
    WHERE public_key IN (pg_temp.key(60), pg_temp.key(61));
SELECT is(array_agg(reason ORDER BY id), (SELECT array_agg('import ' || id ORDER BY id) FROM imports
    WHERE id > (SELECT max(id) - 2 FROM imports)), 'each with its own reason in the audit trail')
    FROM audit WHERE relation = 'peers' AND subject IN (pg_temp.key(60), pg_temp.key(61));
INSERT INTO import (network, public_key) SELECT 'fleet', 'x' WHERE false;
SELECT is((pg_temp.counts(), pg_temp.report()), ('0 added, 0 refused'::text, NULL::text), 'a manifest without lines');
INSERT INTO imports (imported_at, added, refused) VALUES (now() - interval '31 days', 0, 1);
INSERT INTO import_refusals SELECT max(id), 1, NULL, NULL, NULL, 'old' FROM imports;
INSERT INTO import (network, public_key) SELECT 'fleet', 'x' WHERE false;
SELECT is((SELECT count(*) FROM imports WHERE imported_at < now()) + (SELECT count(*) FROM import_refusals
    WHERE reason = 'old'),
    0::bigint, 'an import older than 30 days is forgotten');

-- all or nothing
SET LOCAL wg_provision.import_all_or_nothing = on;
CREATE TEMP TABLE before AS SELECT pg_temp.world() AS world;
CREATE TEMP TABLE manifest AS SELECT * FROM (VALUES
    ('pooled', pg_temp.key(70), pg_temp.key(9001), NULL, NULL), ('pooled', pg_temp.key(71), pg_temp.key(9002),
        '10.70.0.1', 'often'),
    ('pooled', pg_temp.key(3), pg_temp.key(9003), '10.70.0.2', NULL), ('pooled', pg_temp.key(72), pg_temp.key(9004),
        NULL, NULL)
    ) AS m (network, public_key, preshared_key, allowed_ips, keepalive_seconds);
CREATE TEMP TABLE failed AS SELECT * FROM pg_temp.failure('INSERT INTO wg_provision.import
    (network, public_key, preshared_key, allowed_ips, keepalive_seconds) SELECT * FROM manifest');
SELECT is(message, '2 of 4 lines are refused, and so nothing is imported', 'all or nothing') FROM failed;
SELECT is(detail, E'line 2: keepalive_seconds: invalid input syntax for type integer: "often"\n'
    || 'line 3: this public key is already peer ' || (SELECT id FROM peer_list WHERE public_key = pg_temp.key(3))
    || ' of network "office"', 'the error says why') FROM failed;
SELECT is(pg_temp.secrets_in(everything), 0::bigint, 'and tells no preshared key') FROM failed;
SELECT is(pg_temp.world(), world, 'nothing is left of it, no address is taken') FROM before;
SELECT is_empty('SELECT * FROM wg_provision.import', 'not even its lines');
SELECT throws_ok($$INSERT INTO wg_provision.import (network) SELECT NULL FROM generate_series(1, 30)$$, '23514',
    '30 of 30 lines are refused, and so nothing is imported');
SELECT is(detail, (SELECT string_agg(format('line %s: network and public_key must be given', i), E'\n' ORDER BY i)
    FROM generate_series(1, 20) i), 'the error names twenty of them')
    FROM pg_temp.failure('INSERT INTO wg_provision.import (network) SELECT NULL FROM generate_series(1, 30)');
INSERT INTO import (network, public_key) VALUES ('pooled', pg_temp.key(70)), ('pooled', pg_temp.key(71));
SELECT is((pg_temp.counts(), count(*)), ('2 added, 0 refused'::text, 2::bigint), 'all, when all are right')
    FROM peer_list WHERE public_key IN (pg_temp.key(70), pg_temp.key(71));
SET LOCAL wg_provision.import_all_or_nothing = off;
INSERT INTO import (network, public_key, allowed_ips) VALUES ('fleet', pg_temp.key(72), '10.70.0.1'), ('fleet', 'x',
    NULL);
SELECT is(pg_temp.counts(), '1 added, 1 refused', 'off: what is right');

-- whose report it is
CREATE ROLE one IN ROLE wg_provision_onboarding;
CREATE ROLE two IN ROLE wg_provision_onboarding;
SET LOCAL SESSION AUTHORIZATION one;
INSERT INTO wg_provision.import (network, public_key) VALUES ('one', 'x');
SET LOCAL SESSION AUTHORIZATION two;
SELECT is_empty('SELECT * FROM wg_provision.import_report', 'the report is empty for who has imported nothing');
INSERT INTO wg_provision.import (network, public_key) VALUES ('two', 'x'), ('two', 'y');
SELECT is(pg_temp.report(), '1: there is no network "two"; 2: there is no network "two"', 'one has one''s own');
SET LOCAL SESSION AUTHORIZATION one;
SELECT is(pg_temp.report(), '1: there is no network "one"', 'and not a later one of somebody else');
RESET SESSION AUTHORIZATION;
SELECT is(array_agg(imported_by ORDER BY id), '{one,two}'::text[], 'who imported is recorded')
    FROM imports WHERE imported_by <> session_user;

-- text that looks like SQL
CREATE TEMP TABLE attacks AS SELECT attack, 80 + n::integer AS n
    FROM unnest(ARRAY['''; DROP TABLE wg_provision.peers; --',
    '" OR ""="', 'x'' OR ''1''=''1', '\''); --', '$' || '$; SELECT 1; $' || '$', '%s %I %L %1$s',
    '); DELETE FROM wg_provision.peers; --']) WITH ORDINALITY AS a (attack, n);
INSERT INTO import (network, public_key, allowed_ips, name, comment, labels)
    SELECT 'fleet', pg_temp.key(n), '10.80.0.' || n, attack, attack, jsonb_build_object(attack, attack) FROM attacks;
SELECT results_eq($$SELECT name, comment, labels FROM peer_list WHERE name = comment ORDER BY 1$$,
    $$SELECT attack, attack, jsonb_build_object(attack, attack) FROM attacks ORDER BY 1$$, 'SQL is stored as it is');
INSERT INTO import (network, public_key, name) SELECT attack, attack, attack FROM attacks ORDER BY n;
SELECT results_eq($$SELECT reason, network, public_key, name FROM import_report$$,
    $$SELECT format('there is no network "%s"', attack), attack, attack, attack
        FROM attacks ORDER BY n$$, 'or reported');
INSERT INTO import (network, public_key, allowed_ips, preshared_key, keepalive_seconds, enabled, not_before, expires_at,
        labels)
    SELECT 'fleet', CASE f WHEN 1 THEN attack ELSE pg_temp.key(90) END, CASE f WHEN 2 THEN attack END,
        CASE f WHEN 3 THEN attack END, CASE f WHEN 4 THEN attack END, CASE f WHEN 5 THEN attack END,
        CASE f WHEN 6 THEN attack END, CASE f WHEN 7 THEN attack END, CASE f WHEN 8 THEN attack END
    FROM attacks, generate_series(1, 8) f;
SELECT is(pg_temp.counts(), '0 added, 56 refused', 'in every other field it is no value');

-- many lines
INSERT INTO import (network, public_key, name, allowed_ips)
    SELECT CASE WHEN i % 1000 = 500 THEN 'offise' ELSE 'fleet' END, pg_temp.key(200000 + i), 'many ' || i,
        host('100.64.0.0'::inet + i) FROM generate_series(1, 10000) i ORDER BY i;
SELECT is(pg_temp.counts(), '9990 added, 10 refused', '10000 lines');
SELECT results_eq('SELECT line, name FROM import_report',
    $$SELECT i::bigint, 'many ' || i FROM generate_series(500, 9500, 1000) i$$, 'the ten that are wrong');
SELECT is(count(*), 9990::bigint, 'each has its own address') FROM peer_list p
    WHERE p.allowed_ips = ARRAY[('100.64.0.0'::inet + substring(name FROM 'many (.*)')::integer)::cidr];
SELECT is((count(*), count(DISTINCT reason)), (19980::bigint, 1::bigint), 'and its rows in the audit trail')
    FROM audit WHERE reason = (SELECT 'import ' || max(id) FROM imports);
SELECT is_empty('SELECT * FROM wg_provision.import', 'the table is empty again');

SELECT * FROM finish();
ROLLBACK;
