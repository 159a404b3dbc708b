-- What administrators, onboarding and viewers may do, and that nobody may do more.
BEGIN;
SET search_path = public, wg_provision;
SET LOCAL client_min_messages = warning;
SELECT plan(214);

CREATE FUNCTION pg_temp.key(n integer) RETURNS text LANGUAGE sql AS $$ SELECT encode(sha256(int4send(n)), 'base64') $$;
-- What a role may do, as "relation: PRIVILEGE, ..."; a privilege on some columns only has a star.
CREATE FUNCTION pg_temp.relations_of(role text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT c.relname || ': ' || string_agg(privilege || CASE WHEN is_whole THEN '' ELSE '*' END, ', ' ORDER BY n)
    FROM pg_class c, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'])
        WITH ORDINALITY AS p (privilege, n), LATERAL (
        SELECT has_table_privilege(role, c.oid, privilege) AS is_whole, n NOT IN (4, 5, 7)
            AND has_any_column_privilege(role,
            c.oid, CASE WHEN n IN (4, 5, 7) THEN 'SELECT' ELSE privilege END) AS is_some) AS has
    WHERE c.relnamespace = 'wg_provision'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND (is_whole
        OR is_some)
    GROUP BY c.relname
$$;
CREATE FUNCTION pg_temp.functions_of(role text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT p.proname::text FROM pg_proc p
    WHERE p.pronamespace = 'wg_provision'::regnamespace AND p.prolang <> (SELECT oid FROM pg_language
        WHERE lanname = 'c')
    AND has_function_privilege(role, p.oid, 'EXECUTE')
$$;

CREATE ROLE some_administrator IN ROLE wg_provision_administrator;
CREATE ROLE some_onboarding IN ROLE wg_provision_onboarding;
CREATE ROLE some_viewer IN ROLE wg_provision_viewer;
CREATE ROLE somebody;
INSERT INTO networks (name) VALUES ('office'), ('fleet');
SELECT add_pool('office', '10.0.0.0/24');
SELECT add_peer('office', pg_temp.key(1), '{10.1.0.1/32}', pg_temp.key(101), name => 'one');
SELECT add_peer('office', pg_temp.key(2), '{10.1.0.2/32}', name => 'two');

-- the groups
SELECT is((rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls),
    (false, false, false, false, false, false), rolname || ' is a group without attributes')
    FROM pg_roles WHERE rolname LIKE 'wg\_provision\_%' ORDER BY rolname;
SELECT isnt(shobj_description(oid, 'pg_authid'), NULL, rolname || ' has a comment')
    FROM pg_roles WHERE rolname LIKE 'wg\_provision\_%' ORDER BY rolname;
SELECT is_empty($$SELECT m.roleid::regrole FROM pg_auth_members m
    WHERE m.member::regrole::text LIKE 'wg\_provision\_%'$$,
    'no group is in another');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'wg_provision'::regnamespace
    AND c.relkind = 'v' AND obj_description(c.oid, 'pg_class') IS NULL$$, 'every view has its comment');
SELECT set_eq($$SELECT pg_temp.relations_of('some_administrator')$$, ARRAY[
    'networks: SELECT, INSERT, UPDATE, DELETE', 'pools: SELECT, INSERT, UPDATE, DELETE',
        'peers: SELECT, INSERT, UPDATE, DELETE',
    'allowed_ips: SELECT, INSERT, UPDATE, DELETE', 'peer_list: SELECT, INSERT, UPDATE, DELETE', 'tombstones: SELECT',
    'audit: SELECT', 'changes: SELECT', 'schema_version: SELECT', 'fresh_ranges: SELECT', 'returned_prefixes: SELECT',
    'import: INSERT', 'import_report: SELECT', 'imports: SELECT', 'import_refusals: SELECT',
    'retiring_keys: SELECT, INSERT, UPDATE, DELETE', 'trial_enrolments: SELECT, INSERT, UPDATE, DELETE',
    'expected_keys: SELECT, INSERT, UPDATE, DELETE', 'sightings: SELECT, DELETE', 'recent_refusals: SELECT',
    'pending_keys: SELECT', 'gateways: SELECT, DELETE', 'interfaces: SELECT', 'activity: SELECT', 'active_peers: SELECT',
    'gateway_list: SELECT', 'sessions: SELECT', 'gateway_runs: SELECT', 'gateway_logins: SELECT', 'onboarding_logins: SELECT', 'onboarding_list: SELECT',
    'past_initiations: SELECT', 'past_activity: SELECT',
    'sweeps: SELECT'],
    'relations of an administrator');
SELECT set_eq($$SELECT pg_temp.functions_of('some_administrator')$$, ARRAY['key_from_base64', 'derived_address',
    'network_id',
    'peer_id', 'set_reason', 'add_pool', 'set_allowed_ips', 'set_expiry', 'move_peer', 'revoke_peer', 'pardon_key',
    'peer_history', 'find_peers', 'add_peer', 'end_trials', 'expect_key', 'rotate_key', 'approve_key', 'allow_trials',
    'forget_initiations', 'raise_without_row', 'allow_gateway', 'forbid_gateway', 'allow_onboarding',
    'forbid_onboarding', 'trust_onboarding'],
    'functions of an administrator');
SELECT set_eq($$SELECT pg_temp.relations_of('some_onboarding')$$, ARRAY['import: INSERT', 'import_report: SELECT',
    'pending_keys: SELECT'], 'relations of onboarding');
SELECT set_eq($$SELECT pg_temp.functions_of('some_onboarding')$$, ARRAY['add_peer', 'expect_key', 'approve_key', 'just_added'],
    'functions of onboarding');
SELECT set_eq($$SELECT pg_temp.relations_of('some_viewer')$$, ARRAY['networks: SELECT', 'pools: SELECT',
    'peers: SELECT*',
    'allowed_ips: SELECT', 'tombstones: SELECT', 'audit: SELECT', 'peer_list: SELECT', 'imports: SELECT',
    'import_refusals: SELECT', 'import_report: SELECT', 'schema_version: SELECT', 'trial_enrolments: SELECT*',
    'sightings: SELECT', 'recent_refusals: SELECT', 'expected_keys: SELECT', 'pending_keys: SELECT', 'retiring_keys: SELECT',
    'fresh_ranges: SELECT', 'returned_prefixes: SELECT', 'gateways: SELECT', 'interfaces: SELECT', 'activity: SELECT',
    'active_peers: SELECT', 'gateway_list: SELECT', 'sessions: SELECT', 'gateway_runs: SELECT', 'gateway_logins: SELECT', 'onboarding_logins: SELECT', 'onboarding_list: SELECT',
    'past_initiations: SELECT', 'past_activity: SELECT',
    'sweeps: SELECT'],
    'relations of a viewer');
SELECT set_eq($$SELECT attname::text FROM pg_attribute WHERE attrelid = 'wg_provision.peers'::regclass AND attnum > 0
        AND NOT attisdropped AND NOT has_column_privilege('some_viewer', attrelid, attnum, 'SELECT')$$,
    ARRAY['preshared_key'], 'of the peers a viewer may read all but the preshared key');
SELECT set_eq($$SELECT pg_temp.functions_of('some_viewer')$$, ARRAY['peer_history', 'derived_address'],
    'functions of a viewer');
SELECT is_empty($$SELECT pg_temp.relations_of('somebody') UNION ALL SELECT pg_temp.functions_of('somebody')$$,
    'nobody else may do anything');
SELECT ok(NOT has_schema_privilege(role, 'wg_provision', 'CREATE'), role || ' makes nothing in the schema')
    FROM unnest(ARRAY['some_administrator', 'some_onboarding', 'some_viewer', 'somebody']) AS role;
SELECT is_empty($$SELECT c.oid::regclass, role FROM pg_class c,
        unnest(ARRAY['some_administrator', 'some_onboarding', 'some_viewer', 'somebody']) AS role
    WHERE c.relnamespace = 'wg_provision'::regnamespace AND c.relkind = 'S'
    AND has_sequence_privilege(role, c.oid, 'USAGE, SELECT, UPDATE')$$, 'nobody may touch a sequence');

-- the owner
SELECT is_empty($$SELECT c.oid::regclass::text, c.relowner::regrole FROM pg_class c
        WHERE c.relnamespace = 'wg_provision'::regnamespace AND c.relkind <> 'c' AND c.relowner::regrole::text <> 'wg_provision_owner'
    UNION ALL SELECT p.oid::regprocedure::text, p.proowner::regrole FROM pg_proc p
        WHERE p.pronamespace = 'wg_provision'::regnamespace AND p.proowner::regrole::text <> 'wg_provision_owner'
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    UNION ALL SELECT n.nspname::text, n.nspowner::regrole FROM pg_namespace n
        WHERE n.nspname = 'wg_provision' AND n.nspowner::regrole::text <> 'wg_provision_owner'
    UNION ALL SELECT t.typname::text, t.typowner::regrole FROM pg_type t
        WHERE t.typnamespace = 'wg_provision'::regnamespace AND t.typtype = 'd' AND t.typowner::regrole::text <> 'wg_provision_owner'$$,
    'everything belongs to wg_provision_owner');
SELECT is_empty($$SELECT privilege FROM unnest(ARRAY['CREATE']) AS privilege
    WHERE has_database_privilege('wg_provision_owner', current_database(), privilege)$$, 'which makes no schema');

-- an administrator
SET LOCAL ROLE some_administrator;
SELECT lives_ok(statement, 'an administrator: ' || left(regexp_replace(statement, '\s+', ' ', 'g'), 90))
    FROM unnest(ARRAY[
    'INSERT INTO wg_provision.networks (name, ranges, endpoint)
        VALUES (''works'', ''{10.20.0.0/16}'', ''vpn.example:51820'')',
    'UPDATE wg_provision.networks SET comment = ''halls'' WHERE name = ''works''',
    'SELECT wg_provision.add_pool(''works'', ''10.20.0.0/24'')',
    'INSERT INTO wg_provision.pools (network_id, prefix) SELECT id, ''10.20.1.0/24'' FROM wg_provision.networks
        WHERE name = ''works''',
    'UPDATE wg_provision.pools SET hold_time = ''1 day'' WHERE prefix = ''10.20.1.0/24''',
    'DELETE FROM wg_provision.pools WHERE prefix = ''10.20.1.0/24''',
    'SELECT wg_provision.set_reason(''ticket 17'')',
    'SELECT wg_provision.add_peer(''works'', pg_temp.key(10), preshared_key => pg_temp.key(110), name => ''ten'')',
    'SELECT wg_provision.add_peer(''works'', pg_temp.key(11), ''{10.99.0.1/32}'', outside_ranges => true)',
    'INSERT INTO wg_provision.peer_list (network, public_key) VALUES (''works'', pg_temp.key(12))',
    'INSERT INTO wg_provision.peer_list (network, public_key, allowed_ips)
        VALUES (''works'', pg_temp.key(13), ''{10.20.9.9/32}'')',
    'UPDATE wg_provision.peer_list SET name = ''thirteen'', preshared_key = pg_temp.key(113)
        WHERE public_key = pg_temp.key(13)',
    'UPDATE wg_provision.peer_list SET allowed_ips = ''{10.20.9.8/32}'' WHERE public_key = pg_temp.key(13)',
    'UPDATE wg_provision.peer_list SET network = ''fleet'' WHERE public_key = pg_temp.key(13)',
    'DELETE FROM wg_provision.peer_list WHERE public_key = pg_temp.key(12)',
    'INSERT INTO wg_provision.peers (network_id, public_key) VALUES (2, sha256(''direct''))',
    'INSERT INTO wg_provision.allowed_ips (peer_id, network_id, prefix) SELECT id, network_id, ''10.30.0.1/32''
        FROM wg_provision.peers WHERE public_key = sha256(''direct'')',
    'UPDATE wg_provision.peers SET enabled = false WHERE public_key = sha256(''direct'')',
    'UPDATE wg_provision.allowed_ips SET prefix = ''10.30.0.2/32'' WHERE prefix = ''10.30.0.1/32''',
    'DELETE FROM wg_provision.allowed_ips WHERE prefix = ''10.30.0.2/32''',
    'DELETE FROM wg_provision.peers WHERE public_key = sha256(''direct'')',
    'SELECT wg_provision.move_peer(pg_temp.key(13), ''works'', ''{10.20.9.7/32}'')',
    'SELECT wg_provision.move_peer(pg_temp.key(13), ''office'')',
    'SELECT wg_provision.set_expiry(pg_temp.key(10), ''2100-01-01'')',
    'SELECT wg_provision.revoke_peer(pg_temp.key(11), ''lost'')', 'SELECT wg_provision.pardon_key(pg_temp.key(11))',
    'SELECT wg_provision.revoke_peer(pg_temp.key(13), ''stolen'')',
    'INSERT INTO wg_provision.import (network, public_key) VALUES (''works'', pg_temp.key(14)), (''works'', ''x'')',
    'SELECT * FROM wg_provision.find_peers(''{works}'', ARRAY[sha256(''x'')])',
    'DELETE FROM wg_provision.peers WHERE network_id = (SELECT id FROM wg_provision.networks WHERE name = ''works'')
        AND name IS NULL']) AS statement;
SELECT set_eq($$SELECT name, network, allowed_ips, preshared_key, expires_at FROM peer_list
    WHERE public_key = pg_temp.key(10)$$,
    $$VALUES ('ten', 'works', '{10.20.0.2/32}'::cidr[], '(set)', '2100-01-01'::timestamptz)$$,
        'an administrator reads peers');
SELECT is((is_barred, reason), (true, 'stolen'::text), 'an administrator reads tombstones')
    FROM tombstones WHERE public_key = decode(pg_temp.key(13), 'base64');
SELECT is(array_agg(DISTINCT reason), '{ticket 17}', 'an administrator reads the audit trail')
    FROM audit WHERE subject = pg_temp.key(10) AND operation = 'insert';
SELECT is(array_agg(operation || ' ' || relation), '{insert peers,insert allowed_ips,update peers}',
    'an administrator reads the history of a peer') FROM peer_history(pg_temp.key(10));
SELECT results_eq('SELECT line, public_key FROM import_report', $$VALUES (2::bigint, 'x')$$,
    'an administrator reads the report of an import');
SELECT throws_ok(statement, '42501', NULL, 'an administrator cannot: ' || left(regexp_replace(statement, '\s+', ' ',
    'g'), 90)) FROM unnest(ARRAY[
    'INSERT INTO wg_provision.audit (operation, relation, subject) VALUES (''insert'', ''peers'', ''x'')',
    'UPDATE wg_provision.audit SET changed_by = ''somebody''', 'DELETE FROM wg_provision.audit',
    'TRUNCATE wg_provision.audit', 'ALTER TABLE wg_provision.audit DISABLE TRIGGER ALL',
        'DROP TABLE wg_provision.audit',
    'INSERT INTO wg_provision.tombstones (public_key, network_id) VALUES (sha256(''x''), 1)',
    'UPDATE wg_provision.tombstones SET is_barred = false', 'DELETE FROM wg_provision.tombstones',
    'INSERT INTO wg_provision.changes (network) VALUES (''office'')',
        'UPDATE wg_provision.changes SET public_keys = NULL',
    'DELETE FROM wg_provision.changes', 'UPDATE wg_provision.schema_version SET version = 1',
    'DELETE FROM wg_provision.schema_version', 'UPDATE wg_provision.fresh_ranges SET first_address = last_address',
    'DELETE FROM wg_provision.returned_prefixes', 'UPDATE wg_provision.imports SET added = 0',
    'DELETE FROM wg_provision.import_refusals', 'SELECT * FROM wg_provision.import', 'DELETE FROM wg_provision.import',
    'TRUNCATE wg_provision.peers', 'ALTER TABLE wg_provision.peers DISABLE TRIGGER ALL',
    'DROP TRIGGER audit_updated ON wg_provision.peers',
        'ALTER TABLE wg_provision.peers DROP CONSTRAINT peers_validity_order',
    'CREATE TABLE wg_provision.mine ()', 'DROP VIEW wg_provision.peer_list', 'SET session_replication_role = replica',
    'SELECT wg_provision.note_change(''office'', NULL)', 'SELECT wg_provision.next_address(1)',
    'SELECT wg_provision.judge_import()']) AS statement;
RESET ROLE;

-- onboarding
SET LOCAL SESSION AUTHORIZATION some_onboarding;
SELECT lives_ok($$SELECT wg_provision.add_peer('office', pg_temp.key(20), preshared_key => pg_temp.key(120))$$,
    'onboarding adds a peer from a pool');
SELECT lives_ok($$SELECT wg_provision.add_peer('fleet', pg_temp.key(21), '{10.2.0.1/32}', name => 'twenty-one')$$,
    'onboarding adds a peer with addresses');
SELECT lives_ok($$INSERT INTO wg_provision.import (network, public_key) VALUES ('office', pg_temp.key(22)), ('office',
    'x')$$,
    'onboarding imports');
SELECT results_eq('SELECT line, reason FROM wg_provision.import_report',
    $$VALUES (2::bigint, 'public_key is not a WireGuard key: 44 characters of base64, as "wg pubkey" prints it')$$,
    'onboarding reads its report');
SELECT throws_ok(statement, '42501', NULL, 'onboarding cannot: ' || left(regexp_replace(statement, '\s+', ' ', 'g'),
    90)) FROM unnest(ARRAY[
    'SELECT * FROM wg_provision.peers', 'SELECT id FROM wg_provision.peers', 'SELECT * FROM wg_provision.peer_list',
    'SELECT * FROM wg_provision.networks', 'SELECT * FROM wg_provision.audit', 'SELECT * FROM wg_provision.tombstones',
    'SELECT * FROM wg_provision.import', 'SELECT * FROM wg_provision.imports',
        'SELECT * FROM wg_provision.import_refusals',
    'INSERT INTO wg_provision.networks (name) VALUES (''mine'')', 'UPDATE wg_provision.networks SET ranges = NULL',
    'INSERT INTO wg_provision.peers (network_id, public_key) VALUES (1, sha256(''x''))',
        'DELETE FROM wg_provision.peers',
    'INSERT INTO wg_provision.allowed_ips (peer_id, network_id, prefix) VALUES (1, 1, ''10.3.0.0/16'')',
    'INSERT INTO wg_provision.peer_list (network, public_key) VALUES (''office'', pg_temp.key(29))',
    'UPDATE wg_provision.peer_list SET enabled = true', 'DELETE FROM wg_provision.peer_list',
    'INSERT INTO wg_provision.import (network) VALUES (''office'') RETURNING network',
        'DELETE FROM wg_provision.import',
    'INSERT INTO wg_provision.imports (added, refused) VALUES (1, 1)',
    'SELECT wg_provision.add_pool(''office'', ''10.9.0.0/24'')', 'SELECT wg_provision.revoke_peer(pg_temp.key(1))',
    'SELECT wg_provision.pardon_key(pg_temp.key(13))', 'SELECT wg_provision.move_peer(pg_temp.key(1), ''fleet'')',
    'SELECT wg_provision.set_expiry(pg_temp.key(1), NULL)', 'SELECT wg_provision.peer_history(pg_temp.key(1))',
    'SELECT wg_provision.set_allowed_ips(1, 1, ''{}'')', 'SELECT wg_provision.peer_id(pg_temp.key(1))',
    'SELECT * FROM wg_provision.find_peers(''{office}'', ARRAY[sha256(''x'')])',
    'SELECT wg_provision.judge_import()']) AS statement;
SELECT throws_ok($$SELECT wg_provision.add_peer('office', pg_temp.key(13), '{}')$$, '23514',
    format('the key %s was revoked on %s', pg_temp.key(13), to_char(now(), 'YYYY-MM-DD HH24:MI TZ')),
    'onboarding cannot bring back a key that was revoked');
RESET SESSION AUTHORIZATION;
SELECT is(array_agg(DISTINCT changed_by), '{some_onboarding}', 'the audit trail knows who it was')
    FROM audit WHERE subject IN (pg_temp.key(20), pg_temp.key(21), pg_temp.key(22));
SELECT is(count(*), 3::bigint, 'all three are peers') FROM peers
    WHERE encode(public_key, 'base64') IN (pg_temp.key(20), pg_temp.key(21), pg_temp.key(22));

-- a viewer
ANALYZE peers;
SET LOCAL ROLE some_viewer;
SELECT isnt_empty('SELECT * FROM wg_provision.' || relation, 'a viewer reads ' || relation)
    FROM unnest(ARRAY['networks',
    'pools', 'allowed_ips', 'tombstones', 'audit', 'peer_list', 'imports', 'import_refusals', 'schema_version'])
        AS relation;
SELECT lives_ok('SELECT * FROM wg_provision.import_report', 'a viewer reads import_report');
SELECT is(name, 'one', 'a viewer reads peers') FROM (SELECT id, network_id, public_key, keepalive_seconds, enabled,
    not_before,
    expires_at, name, comment, created_at, updated_at, labels FROM wg_provision.peers WHERE id = 1) AS p;
SELECT is((preshared_key, state), ('(set)'::text, 'enabled'::text), 'a viewer sees that there is a preshared key')
    FROM peer_list WHERE id = 1;
SELECT isnt_empty('SELECT * FROM wg_provision.peer_history(pg_temp.key(1))', 'a viewer reads the history of a peer');
SELECT lives_ok($$SELECT wg_provision.derived_address('fd00::/64', sha256('x'))$$,
    'a viewer computes derived addresses');
SELECT throws_ok(statement, '42501', NULL, 'a viewer cannot: ' || left(regexp_replace(statement, '\s+', ' ', 'g'),
    90)) FROM unnest(ARRAY[
    'SELECT preshared_key FROM wg_provision.peers', 'SELECT * FROM wg_provision.peers', 'TABLE wg_provision.peers',
    'SELECT p FROM wg_provision.peers p', 'SELECT to_jsonb(p) FROM wg_provision.peers p',
        'SELECT p.*::text FROM wg_provision.peers p',
    'SELECT count(preshared_key) FROM wg_provision.peers', 'SELECT id FROM wg_provision.peers ORDER BY preshared_key',
    'SELECT id FROM wg_provision.peers WHERE preshared_key = sha256(int4send(101))',
    'SELECT id FROM wg_provision.peers WHERE preshared_key IS NULL',
        'SELECT id FROM wg_provision.peers GROUP BY id, preshared_key',
    'SELECT id FROM wg_provision.peers JOIN (VALUES (sha256(''x''))) AS g (preshared_key) USING (preshared_key)',
    'SELECT id FROM wg_provision.peers NATURAL JOIN (VALUES (sha256(''x''))) AS g (preshared_key)',
    'SELECT max(encode(preshared_key, ''base64'')) OVER () FROM wg_provision.peers',
    'UPDATE wg_provision.peers SET name = encode(preshared_key, ''hex'')',
        'SELECT id FROM wg_provision.peers FOR UPDATE',
    'UPDATE wg_provision.peers SET name = name RETURNING preshared_key',
        'CREATE INDEX ON wg_provision.peers (preshared_key)',
    'CREATE TEMP TABLE copied AS SELECT * FROM wg_provision.peers',
        'CREATE TEMP TABLE heir () INHERITS (wg_provision.peers)',
    'CREATE STATISTICS pg_temp.guess ON id, preshared_key FROM wg_provision.peers',
    'SELECT * FROM wg_provision.find_peers(''{office}'', ARRAY[sha256(int4send(1))])',
        'SELECT * FROM wg_provision.import',
    'SELECT * FROM wg_provision.changes', 'SELECT stavalues1 FROM pg_statistic',
        'COPY wg_provision.peers TO ''/dev/null''',
    'COPY wg_provision.peers (id) TO PROGRAM ''true''', 'SET session_replication_role = replica'])
    AS statement;
SELECT throws_ok(statement, '42501', NULL, 'a viewer cannot: ' || left(regexp_replace(statement, '\s+', ' ', 'g'),
    90)) FROM unnest(ARRAY[
    'INSERT INTO wg_provision.networks (name) VALUES (''mine'')', 'UPDATE wg_provision.networks SET name = name',
    'DELETE FROM wg_provision.networks', 'UPDATE wg_provision.pools SET comment = NULL',
    'INSERT INTO wg_provision.peers (network_id, public_key) VALUES (1, sha256(''x''))',
        'DELETE FROM wg_provision.peers',
    'UPDATE wg_provision.peers SET enabled = true', 'DELETE FROM wg_provision.allowed_ips',
    'INSERT INTO wg_provision.peer_list (network, public_key) VALUES (''office'', pg_temp.key(39))',
    'UPDATE wg_provision.peer_list SET name = name', 'DELETE FROM wg_provision.peer_list',
        'DELETE FROM wg_provision.tombstones',
    'INSERT INTO wg_provision.audit (operation, relation, subject) VALUES (''insert'', ''peers'', ''x'')',
    'INSERT INTO wg_provision.import (network) VALUES (''office'')', 'DELETE FROM wg_provision.imports',
    'UPDATE wg_provision.import_refusals SET reason = ''x''', 'UPDATE wg_provision.schema_version SET version = 1',
    'SELECT wg_provision.add_peer(''office'', pg_temp.key(39))',
        'SELECT wg_provision.add_pool(''office'', ''10.9.0.0/24'')',
    'SELECT wg_provision.revoke_peer(pg_temp.key(1))', 'SELECT wg_provision.pardon_key(pg_temp.key(13))',
    'SELECT wg_provision.move_peer(pg_temp.key(1), ''fleet'')', 'SELECT wg_provision.set_expiry(pg_temp.key(1), NULL)',
    'SELECT wg_provision.set_reason(''x'')']) AS statement;
CREATE TEMP TABLE seen (value text);
CREATE FUNCTION pg_temp.look(value text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$
BEGIN
    INSERT INTO seen VALUES (value);
    RETURN true;
END
$$;
SELECT count(*) FROM wg_provision.peer_list WHERE pg_temp.look(preshared_key) AND id < 0;
SELECT count(*) FROM wg_provision.peer_list WHERE pg_temp.look(preshared_key);
SELECT set_eq('SELECT DISTINCT value FROM seen', ARRAY['(set)', NULL], 'a function in the condition sees no more');
SELECT is_empty($$SELECT attname FROM pg_stats WHERE schemaname = 'wg_provision' AND attname = 'preshared_key'$$,
    'nor do the statistics');
CREATE FUNCTION pg_temp.shown() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT to_jsonb(x)::text FROM wg_provision.audit x UNION ALL SELECT to_jsonb(x)::text FROM wg_provision.peer_list x
    UNION ALL SELECT to_jsonb(x)::text FROM wg_provision.tombstones x UNION ALL
    SELECT to_jsonb(x)::text FROM wg_provision.import_refusals x UNION ALL
    SELECT concat_ws(' ', public_key, name, comment, labels) FROM wg_provision.peers
$$;
SELECT is_empty($$SELECT n FROM pg_temp.shown() AS line, unnest(ARRAY[101, 110, 113, 120]) AS n
    WHERE line LIKE '%' || pg_temp.key(n) || '%' OR line LIKE '%' || encode(sha256(int4send(n)), 'hex') || '%'$$,
    'none is in anything that a viewer reads');
RESET ROLE;
SELECT is(count(*), 3::bigint, 'although there are some') FROM peers WHERE preshared_key IS NOT NULL;

-- What a caller makes in pg_temp runs in no function that has the owner's rights.
SET LOCAL ROLE some_onboarding;
CREATE TEMP TABLE ran (by text);
CREATE FUNCTION pg_temp.attack() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ran VALUES (current_user);
    RETURN NEW;
END
$$;
CREATE TEMP TABLE import_lines (line bigint, network text, key_text text, name text, comment text, network_id integer,
    public_key bytea, preshared_key bytea, keepalive_seconds integer, enabled boolean, not_before timestamptz,
    expires_at timestamptz, labels jsonb, prefixes cidr[], reason text, id bigint);
CREATE TRIGGER attack BEFORE INSERT OR UPDATE ON import_lines FOR EACH ROW EXECUTE FUNCTION pg_temp.attack();
INSERT INTO import_lines (line) VALUES (1);
SELECT isnt_empty('SELECT * FROM ran', 'a trigger in pg_temp runs');
DELETE FROM ran;
PREPARE importing AS INSERT INTO wg_provision.import (network, public_key, allowed_ips)
    VALUES ('office', pg_temp.key(50), '10.5.0.1'), ('office', 'x', NULL);
SELECT throws_ok('importing', '42P07', NULL, 'a table import_lines of the caller stops the import');
DROP TABLE import_lines;
CREATE TEMP VIEW import_lines AS SELECT NULL::bigint AS line, pg_temp.key(1) AS reason;
CREATE TRIGGER attack INSTEAD OF INSERT OR UPDATE ON import_lines FOR EACH ROW EXECUTE FUNCTION pg_temp.attack();
SELECT throws_ok('importing', '42P07', NULL, 'so does a view');
DROP VIEW import_lines;
CREATE TYPE pg_temp.import_lines AS (line bigint, reason text);
SELECT throws_ok('importing', '42P07', NULL, 'so does a type');
DROP TYPE pg_temp.import_lines;
SELECT is_empty('SELECT * FROM ran', 'and none of them runs');
-- Everything by the names that the functions use.
CREATE FUNCTION pg_temp.say(name text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ran VALUES (name || ' as ' || current_user);
    RETURN NULL;
END
$$;
DO $$
DECLARE
    relation text;
BEGIN
    FOREACH relation IN ARRAY ARRAY['new_lines', 'peers', 'allowed_ips', 'imports', 'import_refusals', 'networks',
        'pools',
            'tombstones', 'audit', 'pg_constraint', 'new_rows', 'wanted', 'walked', 'taken', 'import', 'changed'] LOOP
        EXECUTE format('CREATE TEMP TABLE %I (line bigint, id bigint, name text)', relation);
        EXECUTE format('CREATE TRIGGER attack BEFORE INSERT OR UPDATE OR DELETE ON pg_temp.%I FOR EACH ROW '
            'EXECUTE FUNCTION pg_temp.attack()', relation);
        EXECUTE format('INSERT INTO pg_temp.%I VALUES (1, 1, ''office'')', relation);
    END LOOP;
END
$$;
CREATE FUNCTION pg_temp.judge_import() RETURNS void LANGUAGE sql AS $$ SELECT pg_temp.say('judge_import') $$;
CREATE FUNCTION pg_temp.set_reason(text) RETURNS void LANGUAGE sql AS $$ SELECT pg_temp.say('set_reason') $$;
CREATE FUNCTION pg_temp.now() RETURNS timestamptz LANGUAGE sql AS $$
    SELECT pg_temp.say('now')::timestamptz
$$;
CREATE FUNCTION pg_temp.format(text, text) RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.say('format') $$;
CREATE FUNCTION pg_temp.format(text, bigint, text) RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.say('format') $$;
CREATE FUNCTION pg_temp.concat(text, text) RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.say('concat') $$;
CREATE FUNCTION pg_temp.hashtext(text) RETURNS integer LANGUAGE sql AS $$ SELECT pg_temp.say('hashtext')::integer $$;
CREATE FUNCTION pg_temp.equal(text, text) RETURNS boolean LANGUAGE sql AS $$ SELECT pg_temp.say('=') IS NOT NULL $$;
CREATE OPERATOR pg_temp.= (LEFTARG = text, RIGHTARG = text, FUNCTION = pg_temp.equal);
SELECT ok('a' OPERATOR(pg_temp.=) 'b' IS NOT NULL, 'an operator in pg_temp runs');
DELETE FROM ran;
SET LOCAL search_path = pg_temp, public, pg_catalog;
SELECT lives_ok('importing', 'with other tables, functions and operators in pg_temp the import works');
SELECT public.lives_ok($$SELECT wg_provision.add_peer('office', pg_temp.key(51))$$, 'so does add_peer');
RESET ROLE;
SET LOCAL search_path = public, wg_provision, pg_temp;
SELECT is_empty('SELECT * FROM ran', 'and none of them runs');
SET LOCAL ROLE some_administrator;
SET LOCAL search_path = pg_temp, public, pg_catalog;
SELECT lives_ok(statement, 'so does ' || statement) FROM unnest(ARRAY[
    'SELECT wg_provision.move_peer(pg_temp.key(50), ''fleet'')',
        'SELECT wg_provision.set_expiry(pg_temp.key(50), NULL)',
    'SELECT wg_provision.revoke_peer(pg_temp.key(50))', 'SELECT wg_provision.pardon_key(pg_temp.key(50))'])
        AS statement;
RESET ROLE;
SET LOCAL search_path = public, wg_provision, pg_temp;
SELECT is_empty('SELECT * FROM ran', 'and none of them runs');
SELECT is(count(*), 1::bigint, 'the right tables were written') FROM wg_provision.peers
    WHERE public_key IN (decode(pg_temp.key(50), 'base64'), decode(pg_temp.key(51), 'base64'));

SELECT * FROM finish();
ROLLBACK;
