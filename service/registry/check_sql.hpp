// Longer than other headers, because each query is one question to the catalogues.
#pragma once

#include <array>

// What `db check` asks. Each query gives a row for a finding: what is unsafe, and the command that
// ends it. The catalogues are readable for every login.
namespace provisiond::registry::sql {

inline constexpr const char* has_schema =
    "SELECT pg_catalog.to_regnamespace('wg_provision') IS NOT NULL";
// $1: a table of ours. False also where the schema is older than it.
inline constexpr const char* may_check =
    "SELECT coalesce(pg_catalog.has_table_privilege(pg_catalog.to_regclass("
    "'wg_provision.' || $1)::pg_catalog.oid, 'SELECT'), false)"
    " AND pg_catalog.has_schema_privilege('wg_provision', 'USAGE')";

struct Check {
  const char* name;
  const char* query;
  const char* reads = nullptr; // a table of ours, without a right to which it is not asked
};

inline constexpr Check schema_owner_check{
    "schema_owner",
    "SELECT pg_catalog.format('the schema belongs to %I%s%s', r.rolname,"
    " CASE WHEN r.rolsuper THEN ', a superuser' END,"
    " CASE WHEN r.rolcanlogin THEN ', which can log in' END),"
    " CASE WHEN pg_catalog.to_regrole('wg_provision_owner') IS NULL"
    " THEN 'CREATE ROLE wg_provision_owner NOLOGIN; ' ELSE '' END"
    " || 'ALTER SCHEMA wg_provision OWNER TO wg_provision_owner;'"
    " FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner"
    " WHERE n.nspname = 'wg_provision' AND r.rolname <> 'wg_provision_owner'"};

// What belongs to an extension stays with it, and what belongs to a column follows its table.
inline constexpr Check object_owner_check{
    "object_owner",
    "WITH objects AS ("
    " SELECT c.relowner AS owner, 'pg_catalog.pg_class'::pg_catalog.regclass AS catalogue, c.oid,"
    " CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' WHEN 'm' THEN 'MATERIALIZED "
    "VIEW'"
    " ELSE 'TABLE' END AS kind, c.oid::pg_catalog.regclass::pg_catalog.text AS name"
    " FROM pg_catalog.pg_class c WHERE c.relnamespace = 'wg_provision'::pg_catalog.regnamespace"
    " AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')"
    " UNION ALL SELECT p.proowner, 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, 'ROUTINE',"
    " p.oid::pg_catalog.regprocedure::pg_catalog.text FROM pg_catalog.pg_proc p"
    " WHERE p.pronamespace = 'wg_provision'::pg_catalog.regnamespace"
    " UNION ALL SELECT t.typowner, 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, 'TYPE',"
    " t.oid::pg_catalog.regtype::pg_catalog.text FROM pg_catalog.pg_type t"
    " WHERE t.typnamespace = 'wg_provision'::pg_catalog.regnamespace AND t.typtype IN ('d', 'e'))"
    " SELECT pg_catalog.format('%s belongs to %I', o.name, r.rolname),"
    " pg_catalog.format('ALTER %s %s OWNER TO wg_provision_owner;', o.kind, o.name)"
    " FROM objects o JOIN pg_catalog.pg_roles r ON r.oid = o.owner"
    " WHERE r.rolname <> 'wg_provision_owner' AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d"
    " WHERE d.classid = o.catalogue AND d.objid = o.oid AND (d.deptype IN ('e', 'i') OR"
    " (d.deptype = 'a' AND o.kind = 'SEQUENCE'))) ORDER BY o.name"};

// The groups that the schema makes have no attributes and are members of nothing.
inline constexpr Check group_attributes_check{
    "group_attributes",
    "SELECT pg_catalog.format('the role %I %s', r.rolname, pg_catalog.concat_ws(', ',"
    " CASE WHEN r.rolsuper THEN 'is a superuser' END, CASE WHEN r.rolcanlogin THEN 'can log in' "
    "END,"
    " CASE WHEN r.rolcreaterole THEN 'may make roles' END,"
    " CASE WHEN r.rolcreatedb THEN 'may make databases' END,"
    " CASE WHEN r.rolreplication THEN 'may replicate' END,"
    " CASE WHEN r.rolbypassrls THEN 'passes row security' END)),"
    " pg_catalog.format('ALTER ROLE %I NOLOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION "
    "NOBYPASSRLS;', r.rolname) FROM pg_catalog.pg_roles r WHERE r.rolname IN ('wg_provision_owner',"
    " 'wg_provision_daemon', 'wg_provision_administrator', 'wg_provision_onboarding',"
    " 'wg_provision_viewer') AND (r.rolsuper OR r.rolcanlogin OR r.rolcreaterole OR r.rolcreatedb"
    " OR r.rolreplication OR r.rolbypassrls)"
    " UNION ALL SELECT pg_catalog.format('the role wg_provision_owner is a member of %I', "
    "g.rolname),"
    " pg_catalog.format('REVOKE %I FROM wg_provision_owner;', g.rolname)"
    " FROM pg_catalog.pg_auth_members a JOIN pg_catalog.pg_roles m ON m.oid = a.member"
    " JOIN pg_catalog.pg_roles g ON g.oid = a.roleid WHERE m.rolname = 'wg_provision_owner'"};

inline constexpr Check public_rights_check{
    "public_rights",
    "SELECT pg_catalog.format('PUBLIC has %s on the database', rights.list),"
    " pg_catalog.format('REVOKE %s ON DATABASE %I FROM PUBLIC;', rights.list,"
    " pg_catalog.current_database()) FROM (SELECT pg_catalog.string_agg(a.privilege_type, ', '"
    " ORDER BY a.privilege_type) AS list FROM pg_catalog.pg_database d CROSS JOIN LATERAL"
    " pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a"
    " WHERE d.datname = pg_catalog.current_database() AND a.grantee = 0) AS rights"
    " WHERE rights.list IS NOT NULL"
    " UNION ALL SELECT pg_catalog.format('PUBLIC has %s on the schema %I', a.privilege_type, "
    "n.nspname),"
    " pg_catalog.format('REVOKE %s ON SCHEMA %I FROM PUBLIC;', a.privilege_type, n.nspname)"
    " FROM pg_catalog.pg_namespace n CROSS JOIN LATERAL"
    " pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a"
    " WHERE a.grantee = 0 AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
    " AND (n.nspname = 'wg_provision' OR a.privilege_type = 'CREATE')"
    " UNION ALL SELECT pg_catalog.format('PUBLIC has %s on %s', a.privilege_type,"
    " c.oid::pg_catalog.regclass), pg_catalog.format('REVOKE ALL ON %s FROM PUBLIC;',"
    " CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE '' END || c.oid::pg_catalog.regclass)"
    " FROM pg_catalog.pg_class c CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) a"
    " WHERE c.relnamespace = 'wg_provision'::pg_catalog.regnamespace AND a.grantee = 0"
    " UNION ALL SELECT pg_catalog.format('PUBLIC has %s on the column %I of %s', a.privilege_type,"
    " t.attname, t.attrelid::pg_catalog.regclass), pg_catalog.format('REVOKE ALL (%I) ON %s FROM "
    "PUBLIC;', t.attname, t.attrelid::pg_catalog.regclass) FROM pg_catalog.pg_attribute t"
    " JOIN pg_catalog.pg_class c ON c.oid = t.attrelid"
    " CROSS JOIN LATERAL pg_catalog.aclexplode(t.attacl) a"
    " WHERE c.relnamespace = 'wg_provision'::pg_catalog.regnamespace AND a.grantee = 0"
    " UNION ALL SELECT pg_catalog.format('PUBLIC may call %s', p.oid::pg_catalog.regprocedure),"
    " pg_catalog.format('REVOKE ALL ON ROUTINE %s FROM PUBLIC;', p.oid::pg_catalog.regprocedure)"
    " FROM pg_catalog.pg_proc p CROSS JOIN LATERAL"
    " pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a"
    " WHERE p.pronamespace = 'wg_provision'::pg_catalog.regnamespace AND a.grantee = 0"
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid ="
    " 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e')"};

// Names of PostgreSQL's own that stand in a schema which a session may look into first: the path
// that logins have by default, or that somebody has set for the database or a role. Not those of
// extensions, which only a superuser or the owner of the database adds. A cast has no schema.
inline constexpr Check shadowing_check{
    "shadowing",
    "WITH paths AS ("
    " SELECT s.reset_val AS path FROM pg_catalog.pg_settings s WHERE s.name = 'search_path'"
    " UNION SELECT '\"$user\", public' UNION SELECT pg_catalog.substr(c, 13)"
    " FROM pg_catalog.pg_db_role_setting d CROSS JOIN LATERAL pg_catalog.unnest(d.setconfig) AS c"
    " WHERE c LIKE 'search\\_path=%' AND d.setdatabase IN (0, (SELECT b.oid FROM"
    " pg_catalog.pg_database b WHERE b.datname = pg_catalog.current_database()))),"
    " names AS (SELECT pg_catalog.btrim(n, ' \"') AS name FROM paths CROSS JOIN LATERAL"
    " pg_catalog.regexp_split_to_table(path, ',') AS n),"
    " searched AS (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname NOT LIKE 'pg\\_%'"
    " AND n.nspname NOT IN ('information_schema', 'wg_provision')"
    " AND (n.nspname IN (SELECT name FROM names)"
    " OR n.nspname IN (SELECT r.rolname FROM pg_catalog.pg_roles r))),"
    " own AS (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = 'pg_catalog'),"
    " found AS ("
    " SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass AS catalogue, p.oid, 'ROUTINE' AS kind,"
    " p.oid::pg_catalog.regprocedure::pg_catalog.text AS name FROM pg_catalog.pg_proc p"
    " WHERE p.pronamespace IN (SELECT oid FROM searched) AND EXISTS (SELECT FROM "
    "pg_catalog.pg_proc o"
    " WHERE o.pronamespace IN (SELECT oid FROM own) AND o.proname = p.proname)"
    " UNION ALL SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass, p.oid, 'OPERATOR',"
    " p.oid::pg_catalog.regoperator::pg_catalog.text FROM pg_catalog.pg_operator p"
    " WHERE p.oprnamespace IN (SELECT oid FROM searched) AND EXISTS (SELECT FROM"
    " pg_catalog.pg_operator o WHERE o.oprnamespace IN (SELECT oid FROM own)"
    " AND o.oprname = p.oprname)"
    " UNION ALL SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, 'TYPE',"
    " t.oid::pg_catalog.regtype::pg_catalog.text FROM pg_catalog.pg_type t"
    " LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid"
    " WHERE t.typnamespace IN (SELECT oid FROM searched) AND (c.oid IS NULL OR c.relkind = 'c')"
    " AND EXISTS (SELECT FROM pg_catalog.pg_type o WHERE o.typnamespace IN (SELECT oid FROM own)"
    " AND o.typname = t.typname)"
    " UNION ALL SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, t.oid,"
    " CASE t.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END,"
    " t.oid::pg_catalog.regclass::pg_catalog.text FROM pg_catalog.pg_class t"
    " WHERE t.relnamespace IN (SELECT oid FROM searched) AND t.relkind IN ('r', 'p', 'f', 'v', 'm')"
    " AND EXISTS (SELECT FROM pg_catalog.pg_class o WHERE o.relnamespace IN (SELECT oid FROM own)"
    " AND o.relname = t.relname)"
    " UNION ALL SELECT 'pg_catalog.pg_cast'::pg_catalog.regclass, c.oid, 'CAST', pg_catalog.format("
    "'(%s AS %s)', c.castsource::pg_catalog.regtype, c.casttarget::pg_catalog.regtype)"
    " FROM pg_catalog.pg_cast c JOIN pg_catalog.pg_type s ON s.oid = c.castsource"
    " JOIN pg_catalog.pg_type t ON t.oid = c.casttarget WHERE c.oid >= 16384"
    " AND s.typnamespace IN (SELECT oid FROM own) AND t.typnamespace IN (SELECT oid FROM own))"
    " SELECT CASE kind WHEN 'CAST' THEN pg_catalog.format('the cast %s is not PostgreSQL''s own', "
    "name)"
    " ELSE pg_catalog.format('the %s %s has the name of one of PostgreSQL''s own',"
    " pg_catalog.lower(kind), name) END, pg_catalog.format('DROP %s %s;', kind, name)"
    " FROM found f WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d"
    " WHERE d.classid = f.catalogue AND d.objid = f.oid AND d.deptype IN ('e', 'i'))"
    " ORDER BY kind, name"};

inline constexpr Check search_path_check{
    "search_path",
    "SELECT pg_catalog.format('%s runs with %s rights under %s', p.oid::pg_catalog.regprocedure,"
    " CASE WHEN p.prosecdef THEN 'its owner''s' ELSE 'its caller''s' END,"
    " coalesce(c.path, 'whatever search_path its caller has')),"
    " pg_catalog.format('ALTER ROUTINE %s SET search_path = pg_catalog, pg_temp;',"
    " p.oid::pg_catalog.regprocedure) FROM pg_catalog.pg_proc p"
    " LEFT JOIN LATERAL (SELECT u AS path FROM pg_catalog.unnest(p.proconfig) AS u"
    " WHERE u LIKE 'search\\_path=%') AS c ON true"
    " WHERE (p.pronamespace = 'wg_provision'::pg_catalog.regnamespace OR (p.prosecdef"
    " AND p.proowner = pg_catalog.to_regrole('wg_provision_owner')))"
    " AND c.path IS DISTINCT FROM 'search_path=pg_catalog, pg_temp'"
    " AND c.path IS DISTINCT FROM 'search_path=pg_catalog, wg_provision, pg_temp'"
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid ="
    " 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e')"
    " ORDER BY p.oid"};

// A role is for what it is a member of, directly or by way of another. `purposes` are the groups
// that are for one thing, `powers` what nobody of these should be as well, and `via` the group by
// which it is. From PostgreSQL 16 on, who has made a role is entered as a member that has nothing
// of it but may give it; `links` leaves those out.
inline constexpr Check role_attributes_check{
    "role_attributes",
    "WITH RECURSIVE links AS (SELECT a.roleid, a.member, a.admin_option"
    " FROM pg_catalog.pg_auth_members a"
    " WHERE coalesce((pg_catalog.to_jsonb(a) ->> 'inherit_option')::boolean, true)"
    " OR coalesce((pg_catalog.to_jsonb(a) ->> 'set_option')::boolean, true)), members AS ("
    " SELECT r.rolname AS purpose, r.oid AS member FROM pg_catalog.pg_roles r WHERE r.rolname IN"
    " ('wg_provision_daemon', 'wg_provision_onboarding', 'wg_provision_viewer')"
    " UNION SELECT m.purpose, a.member FROM members m"
    " JOIN links a ON a.roleid = m.member)"
    " SELECT pg_catalog.format('the role %I, a member of %s, %s', r.rolname,"
    " pg_catalog.string_agg(m.purpose, ' and ' ORDER BY m.purpose), pg_catalog.concat_ws(', ',"
    " CASE WHEN r.rolsuper THEN 'is a superuser' END,"
    " CASE WHEN r.rolcreaterole THEN 'may make roles' END,"
    " CASE WHEN r.rolcreatedb THEN 'may make databases' END,"
    " CASE WHEN r.rolreplication THEN 'may replicate' END,"
    " CASE WHEN r.rolbypassrls THEN 'passes row security' END)),"
    " pg_catalog.format('ALTER ROLE %I NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION "
    "NOBYPASSRLS;', r.rolname) FROM members m JOIN pg_catalog.pg_roles r ON r.oid = m.member"
    " WHERE r.rolname <> m.purpose AND (r.rolsuper OR r.rolcreaterole OR r.rolcreatedb"
    " OR r.rolreplication OR r.rolbypassrls)"
    " GROUP BY r.rolname, r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolreplication,"
    " r.rolbypassrls"
    " UNION ALL SELECT DISTINCT pg_catalog.format('the role %I, a member of %s, owns the database',"
    " r.rolname, m.purpose), pg_catalog.format('ALTER DATABASE %I OWNER TO %I;', d.datname,"
    " (SELECT s.rolname FROM pg_catalog.pg_roles s WHERE s.oid = 10)) FROM members m"
    " JOIN pg_catalog.pg_roles r ON r.oid = m.member JOIN pg_catalog.pg_database d"
    " ON d.datdba = r.oid WHERE d.datname = pg_catalog.current_database()"};

inline constexpr Check role_membership_check{
    "role_membership",
    "WITH RECURSIVE links AS (SELECT a.roleid, a.member, a.admin_option"
    " FROM pg_catalog.pg_auth_members a"
    " WHERE coalesce((pg_catalog.to_jsonb(a) ->> 'inherit_option')::boolean, true)"
    " OR coalesce((pg_catalog.to_jsonb(a) ->> 'set_option')::boolean, true)), members AS ("
    " SELECT r.rolname AS purpose, r.oid AS member FROM pg_catalog.pg_roles r WHERE r.rolname IN"
    " ('wg_provision_daemon', 'wg_provision_onboarding', 'wg_provision_viewer')"
    " UNION SELECT m.purpose, a.member FROM members m"
    " JOIN links a ON a.roleid = m.member),"
    " powers AS (SELECT r.rolname AS power, r.rolname AS via, a.member FROM pg_catalog.pg_roles r"
    " JOIN links a ON a.roleid = r.oid WHERE r.rolname IN"
    " ('wg_provision_owner', 'wg_provision_administrator', 'wg_provision_daemon',"
    " 'wg_provision_onboarding', 'pg_read_all_data', 'pg_write_all_data', 'pg_read_server_files',"
    " 'pg_write_server_files', 'pg_execute_server_program') OR r.rolsuper OR r.rolcreaterole"
    " UNION SELECT p.power, r.rolname, a.member FROM powers p"
    " JOIN pg_catalog.pg_roles r ON r.oid = p.member"
    " JOIN links a ON a.roleid = p.member)"
    " SELECT pg_catalog.format('the role %I, a member of %s, is a member of %I too', r.rolname,"
    " m.purpose, p.power), pg_catalog.format('REVOKE %I FROM %I;', p.via, r.rolname)"
    " FROM members m JOIN powers p ON p.member = m.member AND p.power <> m.purpose"
    " AND p.via <> m.purpose JOIN pg_catalog.pg_roles r ON r.oid = m.member"
    " WHERE CASE p.power WHEN 'wg_provision_onboarding' THEN m.purpose = 'wg_provision_daemon'"
    " WHEN 'wg_provision_daemon' THEN m.purpose = 'wg_provision_viewer' ELSE true END"
    " UNION ALL SELECT pg_catalog.format('the role %I, a member of %s, may give %I to others',"
    " r.rolname, m.purpose, g.rolname), pg_catalog.format('REVOKE ADMIN OPTION FOR %I FROM %I;',"
    " g.rolname, r.rolname) FROM members m JOIN links a ON a.member = m.member"
    " JOIN pg_catalog.pg_roles r ON r.oid = m.member JOIN pg_catalog.pg_roles g ON g.oid = a.roleid"
    " WHERE a.admin_option AND g.rolname LIKE 'wg\\_provision\\_%' ORDER BY 1"};

// What was granted beside the schema's own grants: the daemon has no right to a relation, who
// onboards has some to three, a viewer reads, and no secret.
inline constexpr Check role_grants_check{
    "role_grants",
    "WITH RECURSIVE links AS (SELECT a.roleid, a.member, a.admin_option"
    " FROM pg_catalog.pg_auth_members a"
    " WHERE coalesce((pg_catalog.to_jsonb(a) ->> 'inherit_option')::boolean, true)"
    " OR coalesce((pg_catalog.to_jsonb(a) ->> 'set_option')::boolean, true)), members AS ("
    " SELECT r.rolname AS purpose, r.oid AS member FROM pg_catalog.pg_roles r WHERE r.rolname IN"
    " ('wg_provision_daemon', 'wg_provision_onboarding', 'wg_provision_viewer')"
    " UNION SELECT m.purpose, a.member FROM members m"
    " JOIN links a ON a.roleid = m.member),"
    " grants AS (SELECT c.relname, c.oid::pg_catalog.regclass::pg_catalog.text AS relation,"
    " NULL::pg_catalog.name AS attribute, a.grantee, a.privilege_type,"
    " CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE '' END AS kind FROM pg_catalog.pg_class c"
    " CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) a"
    " WHERE c.relnamespace = 'wg_provision'::pg_catalog.regnamespace"
    " UNION ALL SELECT c.relname, c.oid::pg_catalog.regclass::pg_catalog.text, t.attname, "
    "a.grantee,"
    " a.privilege_type, '' FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute t"
    " ON t.attrelid = c.oid CROSS JOIN LATERAL pg_catalog.aclexplode(t.attacl) a"
    " WHERE c.relnamespace = 'wg_provision'::pg_catalog.regnamespace)"
    " SELECT pg_catalog.format('the role %I, %s, has %s on %s%s', r.rolname,"
    " CASE WHEN r.rolname = m.purpose THEN 'a group' ELSE 'a member of ' || m.purpose END,"
    " g.privilege_type, g.relation, ' (' || g.attribute || ')'),"
    " pg_catalog.format('REVOKE %s%s ON %s%s FROM %I;', g.privilege_type,"
    " ' (' || pg_catalog.quote_ident(g.attribute) || ')', g.kind, g.relation, r.rolname)"
    " FROM grants g JOIN members m ON m.member = g.grantee"
    " JOIN pg_catalog.pg_roles r ON r.oid = m.member WHERE CASE m.purpose"
    " WHEN 'wg_provision_daemon' THEN true"
    " WHEN 'wg_provision_onboarding' THEN NOT (g.relname IN ('import', 'import_report',"
    " 'pending_keys') AND g.privilege_type IN ('SELECT', 'INSERT'))"
    " ELSE g.privilege_type <> 'SELECT' OR g.attribute IN ('preshared_key', 'enrolment_key')"
    " OR (g.attribute IS NULL AND g.relname IN ('peers', 'trial_enrolments')) END"
    " UNION ALL SELECT pg_catalog.format('the role %I, a member of %s, may call %s by a right of "
    "its"
    " own', r.rolname, m.purpose, p.oid::pg_catalog.regprocedure), pg_catalog.format("
    "'REVOKE ALL ON ROUTINE %s FROM %I;', p.oid::pg_catalog.regprocedure, r.rolname)"
    " FROM pg_catalog.pg_proc p CROSS JOIN LATERAL pg_catalog.aclexplode(p.proacl) a"
    " JOIN members m ON m.member = a.grantee JOIN pg_catalog.pg_roles r ON r.oid = m.member"
    " WHERE p.pronamespace = 'wg_provision'::pg_catalog.regnamespace AND r.rolname NOT LIKE"
    " 'wg\\_provision\\_%' ORDER BY 1"};

// Logins that are trusted with every network although there are several.
inline constexpr Check onboarding_bounds_check{
    "onboarding_bounds",
    "WITH RECURSIVE members AS (SELECT a.member FROM pg_catalog.pg_auth_members a"
    " JOIN pg_catalog.pg_roles g ON g.oid = a.roleid WHERE g.rolname = 'wg_provision_onboarding'"
    " UNION SELECT a.member FROM pg_catalog.pg_auth_members a JOIN members m ON a.roleid = "
    "m.member)"
    " SELECT pg_catalog.format('the login %I may onboard for every network', r.rolname),"
    " pg_catalog.format('SELECT wg_provision.allow_onboarding(%L, n.name) FROM"
    " wg_provision.networks n WHERE n.name IN (%s);', r.rolname, (SELECT pg_catalog.string_agg("
    "pg_catalog.quote_literal(n.name), ', ' ORDER BY n.name) FROM wg_provision.networks n))"
    " FROM members m JOIN pg_catalog.pg_roles r ON r.oid = m.member WHERE r.rolcanlogin"
    " AND NOT EXISTS (SELECT FROM wg_provision.onboarding_logins l WHERE l.login = r.rolname)"
    " AND (SELECT pg_catalog.count(*) FROM wg_provision.networks) > 1 ORDER BY 1",
    "onboarding_logins"};

// The same of gateways, as soon as there is one.
inline constexpr Check gateway_bounds_check{
    "gateway_bounds",
    "WITH RECURSIVE members AS (SELECT a.member FROM pg_catalog.pg_auth_members a"
    " JOIN pg_catalog.pg_roles g ON g.oid = a.roleid WHERE g.rolname = 'wg_provision_daemon'"
    " UNION SELECT a.member FROM pg_catalog.pg_auth_members a JOIN members m ON a.roleid = "
    "m.member)"
    " SELECT pg_catalog.format('the login %I may be every gateway for every network', r.rolname),"
    " pg_catalog.format('SELECT wg_provision.allow_gateway(%L, g.name) FROM"
    " wg_provision.gateways g WHERE g.name IN (%s);', r.rolname, (SELECT pg_catalog.string_agg("
    "pg_catalog.quote_literal(g.name), ', ' ORDER BY g.name) FROM wg_provision.gateways g))"
    " FROM members m JOIN pg_catalog.pg_roles r ON r.oid = m.member WHERE r.rolcanlogin"
    " AND NOT EXISTS (SELECT FROM wg_provision.gateway_logins l WHERE l.login = r.rolname)"
    " AND EXISTS (SELECT FROM wg_provision.gateways)"
    " AND (SELECT pg_catalog.count(*) FROM wg_provision.networks) > 1 ORDER BY 1",
    "gateway_logins"};

inline constexpr Check transport_check{
    "transport",
    "SELECT pg_catalog.format('this connection, from %s to %s, is without TLS',"
    " pg_catalog.host(pg_catalog.inet_client_addr()),"
    " pg_catalog.host(pg_catalog.inet_server_addr())),"
    " CASE WHEN pg_catalog.current_setting('ssl') = 'on' THEN 'write sslmode=verify-full into the "
    "connection string; in pg_hba.conf: hostssl' ELSE 'ALTER SYSTEM SET ssl = on;' END"
    " FROM pg_catalog.pg_stat_ssl s WHERE s.pid = pg_catalog.pg_backend_pid() AND NOT s.ssl"
    " AND pg_catalog.inet_client_addr() <> pg_catalog.inet_server_addr()"
    " AND NOT pg_catalog.inet_server_addr() <<= '127.0.0.0/8'"};

inline constexpr std::array checks{
    schema_owner_check, object_owner_check,      group_attributes_check, public_rights_check,
    shadowing_check,    search_path_check,       role_attributes_check,  role_membership_check,
    role_grants_check,  onboarding_bounds_check, gateway_bounds_check,   transport_check,
};

} // namespace provisiond::registry::sql
