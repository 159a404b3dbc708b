# shellcheck shell=bash
# shellcheck disable=SC2154  # ctl, checkout and the counters are run.sh's
# `db check`: a database as `db init` leaves it is clean; each bad thing is one line, whose command ends it.

check_sql() { postgres_psql -d "$(postgres_dsn dbname=checked)" -c 'SET client_min_messages = error' -c "$1"; }

# finds NAME SQL TEXT: makes it so, expects one line with the text, and its remedy to leave the database clean.
finds() {
    local output remedy status=0
    check_sql "$2" >/dev/null
    output="$("$ctl" db check --dsn "$checked_dsn" 2>&1)" || status=$?
    remedy="${output##*: }"
    if [[ "$status" == 1 && "$output" == *"$3"* && "$output" != *$'\n'* ]] && check_sql "$remedy" >/dev/null &&
        [[ "$("$ctl" db check --dsn "$checked_dsn" 2>&1)" == 'nothing found' ]]; then
        good=$((good + 1))
        return
    fi
    printf 'check: %s\n  wanted "%s"\n  got status %s and: %s\n  and after it: %s\n' "$1" "$3" "$status" "$output" \
        "$("$ctl" db check --dsn "$checked_dsn" 2>&1 || true)" >&2
    bad=$((bad + 1))
    fresh_checked
}

fresh_checked() {
    local role
    fresh_database checked
    for role in checked_gateway checked_group checked_desk checked_viewer checked_schema; do
        check_sql "DROP ROLE IF EXISTS $role"
    done
    "$ctl" db init --dsn "$checked_dsn" --schema-dir "$checkout/schema" --gateway-role checked_gateway >/dev/null
    check_sql "CREATE ROLE checked_desk LOGIN IN ROLE wg_provision_onboarding;
        CREATE ROLE checked_viewer LOGIN IN ROLE wg_provision_viewer; CREATE ROLE checked_group"
}

run_check() {
    local good=0 bad=0 checked_dsn
    checked_dsn="$(postgres_dsn dbname=checked)"
    fresh_database checked
    expect_ctl 2 'has no wg_provision schema: run wg-provisionctl db migrate' db check --dsn "$checked_dsn"
    expect_ctl 3 'connect to the database' db check --dsn 'host=/nowhere'
    expect_ctl 2 'malformed' db check --dsn 'host='\''x'
    fresh_checked
    expect_ctl 0 'nothing found' db check --dsn "$checked_dsn"
    expect_ctl 0 '[]' db check --json --dsn "$checked_dsn"
    expect_ctl 0 'nothing found' db check --dsn "$(postgres_dsn dbname=checked user=checked_gateway)"

    finds owner 'ALTER SCHEMA wg_provision OWNER TO postgres' 'the schema belongs to postgres, a superuser, which can log in'
    finds object 'ALTER TABLE wg_provision.peers OWNER TO postgres' 'wg_provision.peers belongs to postgres'
    finds login 'ALTER ROLE wg_provision_owner LOGIN' 'the role wg_provision_owner can log in'
    finds superuser 'ALTER ROLE wg_provision_owner SUPERUSER' 'the role wg_provision_owner is a superuser'
    finds owner_member 'GRANT checked_group TO wg_provision_owner' 'wg_provision_owner is a member of checked_group'
    finds database 'GRANT CONNECT, TEMPORARY ON DATABASE checked TO PUBLIC' 'PUBLIC has CONNECT, TEMPORARY on the database'
    finds public 'GRANT CREATE ON SCHEMA public TO PUBLIC' 'PUBLIC has CREATE on the schema public'
    finds schema 'GRANT USAGE ON SCHEMA wg_provision TO PUBLIC' 'PUBLIC has USAGE on the schema wg_provision'
    finds table 'GRANT SELECT ON wg_provision.networks TO PUBLIC' 'PUBLIC has SELECT on wg_provision.networks'
    finds column 'GRANT SELECT (name) ON wg_provision.peers TO PUBLIC' 'PUBLIC has SELECT on the column name of wg_provision.peers'
    finds call 'GRANT EXECUTE ON FUNCTION wg_provision.schema_version() TO PUBLIC' 'PUBLIC may call wg_provision.schema_version()'
    finds function "CREATE FUNCTION public.format(text, text) RETURNS text LANGUAGE sql AS 'SELECT \$1'" \
        'public.format(text,text) has the name'
    finds elsewhere "CREATE SCHEMA checked_schema; ALTER ROLE checked_gateway SET search_path = checked_schema, pg_catalog;
        CREATE FUNCTION checked_schema.unnest(bytea[]) RETURNS SETOF bytea LANGUAGE sql AS 'SELECT NULL::bytea'" \
        'checked_schema.unnest(bytea[]) has the name'
    check_sql 'ALTER ROLE checked_gateway RESET search_path'
    finds operator "CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = pg_catalog.texteq)" \
        'public.=(text,text) has the name'
    finds type 'CREATE DOMAIN public.bytea AS pg_catalog.bytea' 'public.bytea has the name'
    finds relation 'CREATE VIEW public.pg_roles AS SELECT 1' 'public.pg_roles has the name'
    finds cast 'CREATE CAST (text AS inet) WITH INOUT AS IMPLICIT' 'the cast (text AS inet)'
    finds unpinned 'ALTER FUNCTION wg_provision.schema_version() RESET search_path' \
        "wg_provision.schema_version() runs with its owner's rights under whatever search_path its caller has"
    finds pinned 'ALTER FUNCTION wg_provision.schema_version() SET search_path = public, pg_catalog' \
        'under search_path=public, pg_catalog'
    finds daemon_superuser 'ALTER ROLE checked_gateway SUPERUSER' 'checked_gateway, a member of wg_provision_daemon, is a superuser'
    finds daemon_createrole 'ALTER ROLE checked_gateway CREATEROLE' 'may make roles'
    finds daemon_owner 'GRANT wg_provision_owner TO checked_gateway' 'is a member of wg_provision_owner too'
    finds daemon_administrator 'GRANT wg_provision_administrator TO checked_gateway' \
        'checked_gateway, a member of wg_provision_daemon, is a member of wg_provision_administrator too'
    check_sql 'GRANT wg_provision_administrator TO checked_group'
    finds by_way_of_another 'GRANT checked_group TO checked_gateway' 'is a member of wg_provision_administrator too'
    finds daemon_database 'ALTER DATABASE checked OWNER TO checked_gateway' 'checked_gateway, a member of wg_provision_daemon, owns'
    finds onboarding 'GRANT wg_provision_administrator TO checked_desk' \
        'checked_desk, a member of wg_provision_onboarding, is a member of wg_provision_administrator too'
    finds two_purposes 'GRANT wg_provision_onboarding TO checked_gateway' 'is a member of wg_provision_onboarding too'
    finds gives 'GRANT wg_provision_onboarding TO checked_desk WITH ADMIN OPTION' 'may give wg_provision_onboarding to others'
    finds files 'GRANT pg_read_server_files TO checked_viewer' 'is a member of pg_read_server_files too'
    finds daemon_table 'GRANT SELECT ON wg_provision.peers TO wg_provision_daemon' 'has SELECT on wg_provision.peers'
    finds onboarding_table 'GRANT DELETE ON wg_provision.peers TO checked_desk' 'has DELETE on wg_provision.peers'
    finds viewer_secret 'GRANT SELECT (preshared_key) ON wg_provision.peers TO wg_provision_viewer' 'wg_provision.peers (preshared_key)'
    finds daemon_call 'GRANT EXECUTE ON FUNCTION wg_provision.revoke_peer(text, text) TO checked_gateway' \
        'may call wg_provision.revoke_peer(text,text) by a right of its own'
    check_sql "INSERT INTO wg_provision.networks (name) VALUES ('office')"
    expect_ctl 0 'nothing found' db check --dsn "$checked_dsn"
    finds unbound_desk "INSERT INTO wg_provision.networks (name) VALUES ('fleet')" \
        'the login checked_desk may onboard for every network'
    finds unbound_gateway "INSERT INTO wg_provision.gateways (name, version) VALUES ('gw1', '1'), ('gw2', '1')" \
        'the login checked_gateway may be every gateway for every network'
    expect_ctl 0 'nothing found' db check --dsn "$(postgres_dsn dbname=checked user=checked_gateway)"

    check_sql 'ALTER ROLE checked_gateway SUPERUSER' >/dev/null
    expect_ctl 1 '"check": "role_attributes"' db check --json --dsn "$checked_dsn"
    check_sql 'ALTER ROLE checked_gateway NOSUPERUSER' >/dev/null
    postgres_psql -c 'DROP DATABASE checked'
    postgres_psql -c 'DROP ROLE checked_gateway, checked_desk, checked_viewer, checked_group'
    count check "$good" "$bad"
}
