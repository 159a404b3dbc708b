# shellcheck shell=bash disable=SC2154
# A database whose PUBLIC may create functions in `public`, as every one on PostgreSQL 13 and 14, and a stranger who uses
# it: functions and operators there that fit our calls better than PostgreSQL's own. Whoever calls one is noted in
# public.loot, and a superuser that does makes the stranger one. run.sh sources this file and calls run_hostile.

hostile_psql() { # USER ARGUMENT...
    psql -XqAt -v ON_ERROR_STOP=1 "$(postgres_dsn dbname=hostile user="$1")" "${@:2}"
}

# Signatures that beat the polymorphic and variadic functions of pg_catalog, and operators that beat a coercion.
hostile_traps() {
    hostile_psql stranger <<'SQL'
CREATE TABLE public.loot (caller text, trap text);
GRANT INSERT ON public.loot TO PUBLIC;
CREATE FUNCTION public.seize(trap text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.loot VALUES (current_user, trap);
    IF (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = current_user) THEN
        ALTER ROLE stranger SUPERUSER;
    END IF;
    RETURN true;
EXCEPTION WHEN read_only_sql_transaction THEN
    RAISE EXCEPTION 'trapped by %', trap;
END
$$;
CREATE FUNCTION public.format(text, text) RETURNS text LANGUAGE sql AS
    $$ SELECT pg_catalog.format($1, $2) FROM public.seize('format') $$;
CREATE FUNCTION public.format(text, text, text) RETURNS text LANGUAGE sql AS
    $$ SELECT pg_catalog.format($1, $2, $3) FROM public.seize('format') $$;
CREATE FUNCTION public.unnest(bytea[]) RETURNS SETOF bytea LANGUAGE sql AS
    $$ SELECT u FROM public.seize('unnest'), pg_catalog.unnest($1) AS u $$;
CREATE FUNCTION public.unnest(text[]) RETURNS SETOF text LANGUAGE sql AS
    $$ SELECT u FROM public.seize('unnest'), pg_catalog.unnest($1) AS u $$;
CREATE FUNCTION public.unnest(cidr[]) RETURNS SETOF cidr LANGUAGE sql AS
    $$ SELECT u FROM public.seize('unnest'), pg_catalog.unnest($1) AS u $$;
CREATE FUNCTION public.array_to_string(cidr[], text) RETURNS text LANGUAGE sql AS
    $$ SELECT pg_catalog.array_to_string($1, $2) FROM public.seize('array_to_string') $$;
CREATE FUNCTION public.array_to_string(inet[], text) RETURNS text LANGUAGE sql AS
    $$ SELECT pg_catalog.array_to_string($1, $2) FROM public.seize('array_to_string') $$;
CREATE FUNCTION public.cardinality(cidr[]) RETURNS integer LANGUAGE sql IMMUTABLE AS
    $$ SELECT pg_catalog.cardinality($1) FROM public.seize('cardinality') $$;
CREATE FUNCTION public.array_position(cidr[], cidr) RETURNS integer LANGUAGE sql IMMUTABLE AS
    $$ SELECT pg_catalog.array_position($1, $2) FROM public.seize('array_position') $$;
CREATE FUNCTION public.to_jsonb(text) RETURNS jsonb LANGUAGE sql AS
    $$ SELECT pg_catalog.to_jsonb($1) FROM public.seize('to_jsonb') $$;
CREATE FUNCTION public.same(cidr, cidr) RETURNS boolean LANGUAGE sql AS
    $$ SELECT public.seize('=') AND pg_catalog.network_eq($1, $2) $$;
CREATE OPERATOR public.= (LEFTARG = cidr, RIGHTARG = cidr, FUNCTION = public.same);
CREATE FUNCTION public.lies_in(cidr, cidr) RETURNS boolean LANGUAGE sql AS
    $$ SELECT public.seize('<<=') AND pg_catalog.network_subeq($1, $2) $$;
CREATE OPERATOR public.<<= (LEFTARG = cidr, RIGHTARG = cidr, FUNCTION = public.lies_in);
CREATE FUNCTION public.joined(text, varchar) RETURNS text LANGUAGE sql AS
    $$ SELECT pg_catalog.textcat($1, $2) FROM public.seize('||') $$;
CREATE OPERATOR public.|| (LEFTARG = text, RIGHTARG = varchar, FUNCTION = public.joined);
SQL
}

# Where `public` comes first even PostgreSQL's own signatures and types can be had.
hostile_traps_before_ours() {
    hostile_psql stranger <<'SQL'
CREATE FUNCTION public.encode(bytea, text) RETURNS text LANGUAGE sql AS
    $$ SELECT pg_catalog.encode($1, $2) FROM public.seize('encode') $$;
CREATE FUNCTION public.decode(text, text) RETURNS bytea LANGUAGE sql AS
    $$ SELECT pg_catalog.decode($1, $2) FROM public.seize('decode') $$;
CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql AS
    $$ SELECT pg_catalog.now() FROM public.seize('now') $$;
CREATE FUNCTION public.to_regclass(text) RETURNS regclass LANGUAGE sql AS
    $$ SELECT pg_catalog.to_regclass($1) FROM public.seize('to_regclass') $$;
CREATE FUNCTION public.pg_is_in_recovery() RETURNS boolean LANGUAGE sql AS
    $$ SELECT pg_catalog.pg_is_in_recovery() FROM public.seize('pg_is_in_recovery') $$;
CREATE FUNCTION public.pg_backend_pid() RETURNS integer LANGUAGE sql AS
    $$ SELECT pg_catalog.pg_backend_pid() FROM public.seize('pg_backend_pid') $$;
CREATE FUNCTION public.pg_advisory_xact_lock(bigint) RETURNS void LANGUAGE sql AS
    $$ SELECT pg_catalog.pg_advisory_xact_lock($1) FROM public.seize('pg_advisory_xact_lock') $$;
CREATE FUNCTION public.regexp_split_to_array(text, text) RETURNS text[] LANGUAGE sql AS
    $$ SELECT pg_catalog.regexp_split_to_array($1, $2) FROM public.seize('regexp_split_to_array') $$;
CREATE FUNCTION public.to_char(timestamp, text) RETURNS text LANGUAGE sql AS
    $$ SELECT pg_catalog.to_char($1, $2) FROM public.seize('to_char') $$;
CREATE FUNCTION public.is_a(text, text) RETURNS boolean LANGUAGE sql AS
    $$ SELECT public.seize('=') AND pg_catalog.texteq($1, $2) $$;
CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = public.is_a);
CREATE FUNCTION public.is_the(bytea, bytea) RETURNS boolean LANGUAGE sql AS
    $$ SELECT public.seize('=') AND pg_catalog.byteaeq($1, $2) $$;
CREATE OPERATOR public.= (LEFTARG = bytea, RIGHTARG = bytea, FUNCTION = public.is_the);
CREATE DOMAIN public.cidr AS pg_catalog.cidr CHECK (public.seize('type cidr'));
CREATE DOMAIN public.bytea AS pg_catalog.bytea CHECK (public.seize('type bytea'));
SQL
}

nothing_was_caught() { # WHEN
    expect_true "$1, nothing of the stranger's was called: $(hostile_psql postgres -c \
        "SELECT pg_catalog.string_agg(DISTINCT caller || ' ' || trap, ', ') FROM public.loot")" \
        test "$(hostile_psql postgres -c 'SELECT count(*) FROM public.loot')" = 0
    expect_true "$1, the stranger is no superuser" test "$(hostile_psql postgres -c \
        "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = 'stranger'")" = f
    hostile_psql postgres -c 'TRUNCATE public.loot' -c 'ALTER ROLE stranger NOSUPERUSER'
}

# What an administrator does in a day, as a superuser.
administer() {
    local key other gateway
    key="$(wg genkey | wg pubkey)" other="$(wg genkey | wg pubkey)" gateway="$(wg genkey | wg pubkey)"
    expect_ctl 0 '' db init --schema-dir "$checkout/schema" --dsn "$dsn" --gateway-role hostile_gateway
    expect_ctl 0 '' db status --schema-dir "$checkout/schema" --dsn "$dsn"
    expect_ctl 0 'added network' network add "$1" --range 10.80.0.0/16 --dns 10.80.0.1 --dsn "$dsn"
    expect_ctl 0 'changed network' network set "$1" --range 10.80.0.0/15 --allowed-sources 192.0.2.0/24 --dsn "$dsn"
    expect_ctl 0 "$1" network list --dsn "$dsn"
    expect_ctl 0 'added pool' pool add "$1" 10.80.0.0/24 --dsn "$dsn"
    expect_ctl 0 '10.80.0.0/24' pool list --dsn "$dsn"
    expect_ctl 0 'added peer' peer add one --network "$1" --public-key "$key" --allowed-ips 10.80.1.1/32 --dsn "$dsn"
    expect_ctl 0 'one' peer list --network "$1" --dsn "$dsn"
    expect_ctl 0 '' peer move "$key" --network "$1" --allowed-ips 10.80.1.2/32 --dsn "$dsn"
    expect_ctl 0 '1 added' peer import - --dsn "$dsn" <<<"network,public_key
$1,$other"
    expect_ctl 0 "$other" peer export --network "$1" --dsn "$dsn"
    expect_ctl 0 'found' explain "$key" --dsn "$dsn"
    expect_ctl 0 '' peer rotate "$other" "$gateway" --dsn "$dsn"
    expect_ctl 0 'revoked' peer revoke "$key" --dsn "$dsn"
    expect_ctl 0 '' pending --dsn "$dsn"
}

run_hostile() {
    local good=0 bad=0 dsn
    dsn="$(postgres_dsn dbname=hostile)"
    fresh_database hostile
    postgres_psql -c 'CREATE ROLE stranger LOGIN'
    hostile_psql postgres -c 'GRANT CREATE ON SCHEMA public TO PUBLIC'
    hostile_traps
    expect_ctl 0 'applied 0001_peers.sql' db migrate --schema-dir "$checkout/schema" --dsn "$dsn"
    nothing_was_caught 'after db migrate'
    administer demo
    nothing_was_caught 'after a day'
    hostile_psql postgres -c 'GRANT CREATE, CONNECT, TEMPORARY ON DATABASE hostile TO PUBLIC'
    hostile_traps_before_ours
    hostile_psql postgres -c 'ALTER DATABASE hostile SET search_path = public, pg_catalog'
    administer other
    nothing_was_caught 'after a day with public first'

    hostile_psql postgres -c 'SET client_min_messages = warning' -c 'DROP SCHEMA wg_provision CASCADE'
    hostile_psql postgres -c 'TRUNCATE public.loot' -c 'ALTER ROLE stranger NOSUPERUSER'
    expect_ctl 0 'applied 0001_peers.sql' db migrate --schema-dir "$checkout/schema" --dsn "$dsn"
    nothing_was_caught 'after db migrate with public first'
    count hostile "$good" "$bad"
}
