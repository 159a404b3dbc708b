-- Which programs a schema fits: those that were made for it, and those that were made for one from which on nothing was taken
-- away. So that the schema is changed first, the gateways one after the other, and only then what the old ones called goes.

ALTER TABLE wg_provision.schema_version
    ADD COLUMN compatible_from integer,
    ADD COLUMN compatible_as_of integer;
COMMENT ON COLUMN wg_provision.schema_version.compatible_from IS
    'A program that was made for this version, or for one between, may use the schema as well; NULL for none';
COMMENT ON COLUMN wg_provision.schema_version.compatible_as_of IS
    'The version of which compatible_from was said; of a later one that says nothing it does not hold';

CREATE FUNCTION wg_provision.compatible_from() RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN v.compatible_as_of = v.version THEN coalesce(v.compatible_from, v.version) ELSE v.version END
    FROM wg_provision.schema_version v
$$;
COMMENT ON FUNCTION wg_provision.compatible_from() IS
    'The oldest version for which a program may have been made that uses this schema';

REVOKE ALL ON FUNCTION wg_provision.compatible_from() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wg_provision.compatible_from() TO wg_provision_daemon;

-- Each file that takes nothing away says so like this.
UPDATE wg_provision.schema_version SET compatible_from = 13, compatible_as_of = 16;
