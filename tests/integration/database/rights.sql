-- The daemon's role may call its functions and nothing else; nobody else may call them.
BEGIN;
SET search_path = public, wg_provision;
SELECT plan(18);

CREATE ROLE some_daemon IN ROLE wg_provision_daemon;
CREATE ROLE somebody;

SELECT is((rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls),
    (false, false, false, false, false, false), 'wg_provision_daemon is a group without attributes')
    FROM pg_roles WHERE rolname = 'wg_provision_daemon';
SELECT set_eq(
    $$SELECT p.oid::regprocedure::text FROM pg_proc p
      WHERE p.pronamespace = 'wg_provision'::regnamespace AND p.prolang <> (SELECT oid FROM pg_language WHERE lanname = 'c')
      AND has_function_privilege('some_daemon', p.oid, 'EXECUTE')$$,
    ARRAY['changes_for(text)', 'claim_sessions_of(text,text,text,bytea[],bytea[],bigint[],uuid)',
        'enrol_peer_of(text,text,bytea)', 'find_peers_of(text[],bytea[])',
        'record_sightings_of(text,text[],bytea[],text[],inet[],integer[])',
        'report_interface_of(text,text,text,text,bytea,integer,bytea[],inet[],integer[],bigint[],bigint[],bigint[],text)',
        'known_keys_of(text,bytea,integer)', 'schema_version()', 'compatible_from()', 'database_identity()', 'removed_peers(bytea[])', 'report_gateway(text,text,uuid,text,text,boolean)', 'find_networks(text[])'], 'its functions');
SELECT is_empty(
    $$SELECT c.oid::regclass, privilege FROM pg_class c,
      unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS privilege
      WHERE c.relnamespace = 'wg_provision'::regnamespace AND c.relkind IN ('r', 'v')
      AND has_table_privilege('some_daemon', c.oid, privilege)$$, 'no right to any table');
SELECT is_empty(
    $$SELECT p.oid::regprocedure FROM pg_proc p
      WHERE p.pronamespace = 'wg_provision'::regnamespace AND p.prolang <> (SELECT oid FROM pg_language WHERE lanname = 'c')
      AND has_function_privilege('somebody', p.oid, 'EXECUTE')$$, 'nobody else may call anything');
SELECT ok(NOT has_schema_privilege('somebody', 'wg_provision', 'USAGE'), 'nobody else sees the schema');
SELECT ok(NOT has_schema_privilege('some_daemon', 'wg_provision', 'CREATE'), 'the daemon makes nothing in the schema');
SELECT is_empty(
    $$SELECT p.oid::regprocedure FROM pg_proc p
      WHERE p.pronamespace = 'wg_provision'::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
      AND NOT coalesce(p.proconfig @> ARRAY['search_path=pg_catalog, pg_temp'], false)$$,
    'every function has its search_path pinned: what its body does not qualify is PostgreSQL''s own');

SET LOCAL ROLE some_daemon;
SELECT lives_ok('SELECT wg_provision.schema_version()', 'the daemon reads the schema version');
SELECT lives_ok($$SELECT * FROM wg_provision.find_peers_of('{office}', '{NULL}')$$, 'the daemon looks up');
SELECT throws_ok('SELECT * FROM wg_provision.' || relation, '42501', NULL, 'the daemon cannot read ' || relation)
    FROM unnest(ARRAY['peers', 'allowed_ips', 'networks', 'schema_version', 'changes', 'tombstones']) AS relation;
SELECT throws_ok('DELETE FROM wg_provision.peers', '42501', NULL, 'the daemon cannot write');
SELECT throws_ok($$SELECT wg_provision.add_peer('office', 'x', '{}')$$, '42501', NULL, 'the daemon cannot add a peer');
RESET ROLE;

SELECT is_empty(
    $$SELECT c.oid::regclass::text, a.attname FROM pg_class c LEFT JOIN pg_attribute a
          ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      WHERE c.relnamespace = 'wg_provision'::regnamespace AND c.relkind IN ('r', 'v')
      AND (obj_description(c.oid, 'pg_class') IS NULL OR c.relkind = 'r' AND col_description(c.oid, a.attnum) IS NULL)
      UNION ALL SELECT p.oid::regprocedure::text, NULL FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
      WHERE p.pronamespace = 'wg_provision'::regnamespace AND l.lanname <> 'c'
      AND obj_description(p.oid, 'pg_proc') IS NULL$$, 'every table, column and function has its comment');

SELECT * FROM finish();
ROLLBACK;
