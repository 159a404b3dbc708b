-- The schema belongs to a role of its own without login, and not to whoever migrated it first: functions with the rights
-- of their owner have those of this role, which may do nothing but in this schema. Who migrates from now on is a superuser
-- or a member of it, and acts as it; a file that makes roles says RESET ROLE before and SET LOCAL ROLE after.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = 'wg_provision_owner') THEN
        CREATE ROLE wg_provision_owner NOLOGIN;
        COMMENT ON ROLE wg_provision_owner IS 'What the schema of wg-provisiond belongs to; nobody logs in as it';
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL; -- made by another migration at the same time
    WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'this role may not make the role wg_provision_owner' USING ERRCODE = 'insufficient_privilege',
            HINT = pg_catalog.format('A superuser does it: CREATE ROLE wg_provision_owner NOLOGIN; GRANT wg_provision_owner TO %I;',
                current_user);
END
$$;

-- Whoever migrates acts for it, now and with the next file.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = 'wg_provision_owner'
            AND (r.rolcanlogin OR r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls)) THEN
        RAISE EXCEPTION 'the role wg_provision_owner may do more than own a schema' USING ERRCODE = 'invalid_role_specification',
            HINT = 'ALTER ROLE wg_provision_owner NOLOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS;';
    ELSIF NOT pg_catalog.pg_has_role('wg_provision_owner', 'USAGE') THEN
        EXECUTE pg_catalog.format('GRANT wg_provision_owner TO %I', current_user);
    END IF;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'this role may not act for the role wg_provision_owner' USING ERRCODE = 'insufficient_privilege',
            HINT = pg_catalog.format('A superuser lets it: GRANT wg_provision_owner TO %I;', current_user);
END
$$;

-- An import makes a temporary table. CREATE is only for taking the schema over.
DO $$
DECLARE
    database CONSTANT text := pg_catalog.current_database();
BEGIN
    EXECUTE pg_catalog.format('GRANT CONNECT, CREATE, TEMPORARY ON DATABASE %I TO wg_provision_owner', database);
    IF NOT (pg_catalog.has_database_privilege('wg_provision_owner', database, 'CREATE')
            AND pg_catalog.has_database_privilege('wg_provision_owner', database, 'TEMPORARY')) THEN
        RAISE EXCEPTION 'the role wg_provision_owner may make nothing in this database' USING ERRCODE = 'insufficient_privilege',
            HINT = pg_catalog.format('Its owner lets it: GRANT CREATE, TEMPORARY ON DATABASE %I TO wg_provision_owner;', database);
    END IF;
END
$$;

ALTER SCHEMA wg_provision OWNER TO wg_provision_owner;
DO $$
DECLARE
    statement text;
BEGIN
    -- What belongs to the extension stays with it, and what belongs to a column follows its table.
    FOR statement IN
        SELECT pg_catalog.format('ALTER %s %s OWNER TO wg_provision_owner',
                CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::pg_catalog.regclass)
            FROM pg_catalog.pg_class c
            WHERE c.relnamespace = 'wg_provision'::pg_catalog.regnamespace AND c.relkind IN ('r', 'v', 'S')
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                AND d.objid = c.oid AND d.deptype IN ('e', 'i', 'a') AND (d.deptype = 'e' OR c.relkind = 'S'))
        UNION ALL
        SELECT pg_catalog.format('ALTER FUNCTION %s OWNER TO wg_provision_owner', p.oid::pg_catalog.regprocedure)
            FROM pg_catalog.pg_proc p
            WHERE p.pronamespace = 'wg_provision'::pg_catalog.regnamespace
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                AND d.objid = p.oid AND d.deptype = 'e')
        UNION ALL
        SELECT pg_catalog.format('ALTER TYPE %s OWNER TO wg_provision_owner', t.oid::pg_catalog.regtype)
            FROM pg_catalog.pg_type t
            WHERE t.typnamespace = 'wg_provision'::pg_catalog.regnamespace AND t.typtype IN ('d', 'e')
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
                AND d.objid = t.oid AND d.deptype = 'e')
    LOOP
        EXECUTE statement;
    END LOOP;
    EXECUTE pg_catalog.format('REVOKE CREATE ON DATABASE %I FROM wg_provision_owner', pg_catalog.current_database());
END
$$;
