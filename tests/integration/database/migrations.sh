# shellcheck shell=bash disable=SC2154
# From every earlier version of the schema, with data in it, to the newest. run.sh sources this file and calls
# run_migrations.

migrated_sql() { postgres_psql -d "$(postgres_dsn dbname=earlier)" -c "$1" 2>&1; }

# What a database of that version may hold; each statement is in the words of the oldest version that has them.
fill_version() { # VERSION
    migrated_sql "
        INSERT INTO wg_provision.networks (name, comment) VALUES ('office', E'two\nlines'), ('fleet', NULL);
        INSERT INTO wg_provision.peers (network_id, public_key, preshared_key, keepalive_seconds, expires_at, name)
            SELECT 1, sha256(int4send(i)), sha256(int4send(-i)), 25, '2100-01-01', 'peer ' || i FROM generate_series(1, 300) i;
        INSERT INTO wg_provision.allowed_ips (peer_id, network_id, prefix)
            SELECT i, 1, (inet '10.0.0.0' + i)::cidr FROM generate_series(1, 300) i;
        SELECT wg_provision.add_peer('fleet', encode(sha256('f'), 'base64'), '{10.0.0.0/24, fd00::/64}', name => 'router')" &&
        { (($1 < 2)) || migrated_sql "SELECT wg_provision.revoke_peer(encode(sha256(int4send(300)), 'base64'), 'gone')"; } &&
        { (($1 < 3)) || migrated_sql "SELECT wg_provision.add_pool('office', '10.0.0.0/16');
            SELECT wg_provision.add_peer('office', encode(sha256('pooled'), 'base64'))"; } &&
        { (($1 < 5)) || migrated_sql "INSERT INTO wg_provision.import (network, public_key)
            VALUES ('office', encode(sha256('imported'), 'base64')), ('office', 'x')"; } &&
        { (($1 < 6)) || migrated_sql "SELECT wg_provision.allow_trials('office', encode(sha256('e'), 'base64'));
            SELECT wg_provision.rotate_key(encode(sha256('f'), 'base64'), encode(sha256('g'), 'base64'), '1 hour')"; } &&
        { (($1 < 7)) || migrated_sql "SELECT wg_provision.report_interface('gw1', '1', 'wg0', 'office', sha256('i'), 1,
            ARRAY[sha256(int4send(2))], '{192.0.2.1}', '{4000}', ARRAY[1700000000000000], '{5}', '{6}')"; } &&
        { (($1 < 8)) || migrated_sql "SELECT wg_provision.claim_sessions('gw1', 'wg0', 'office', ARRAY[sha256(int4send(2))],
            ARRAY[wg_provision.tai64n('2026-01-01 00:00+00')], ARRAY[1700000000000000])"; }
}

# The answers that a gateway gets, and whose; one line.
answers() {
    migrated_sql "SELECT md5(string_agg(concat_ws(' ', verdict, peer_id, encode(preshared_key, 'hex'), keepalive_seconds,
            allowed_ips, expires_at_us), E'\n' ORDER BY ordinal))
        FROM wg_provision.find_peers(array_fill('office'::text, ARRAY[302]),
            ARRAY(SELECT sha256(int4send(i)) FROM generate_series(1, 301) i) || sha256('pooled'::bytea))"
}

run_migrations() {
    local good=0 bad=0 version newest folder="$work_dir/earlier" before
    newest="$(find "$checkout/schema" -name '0*.sql' | wc -l)"
    for ((version = 1; version < newest; version++)); do
        fresh_database earlier
        rm -rf "$folder" && mkdir "$folder"
        find "$checkout/schema" -name '0*.sql' | sort | head -n "$version" | xargs cp -t "$folder"
        "$ctl" db migrate --schema-dir "$folder" --dsn "$(postgres_dsn dbname=earlier)" >/dev/null
        expect_true "version $version can be filled" fill_version "$version" >/dev/null
        before="$(answers)"
        expect_ctl 0 "applied $(printf %04d "$((version + 1))")_" db migrate --schema-dir "$checkout/schema" --dsn "$(postgres_dsn dbname=earlier)"
        expect_true "from version $version every answer stays" test "$before" = "$(answers)"
        ((version < 7)) || expect_true "from version $version the totals begin with what was reported" test "$(migrated_sql "
            SELECT concat_ws(' ', total_received_bytes, total_sent_bytes) FROM wg_provision.activity")" = '5 6'
        ((version < 8)) || expect_true "from version $version a session is remembered beyond its peer" test "$(migrated_sql "
            DELETE FROM wg_provision.peers WHERE public_key = sha256(int4send(2));
            SELECT wg_provision.add_peer('office', encode(sha256(int4send(2)), 'base64'), '{10.0.0.2/32}') > 0;
            SELECT newest_initiation = wg_provision.tai64n('2026-01-01 00:00+00') AND session_gateway IS NULL
            FROM wg_provision.find_peers('{office}', ARRAY[sha256(int4send(2))])" | sort -u)" = t
        ((version < 7)) || expect_true "from version $version what is old is tidied up" test "$(migrated_sql "
            UPDATE wg_provision.activity SET reported_at = '2001-01-01', gateway = 'gw0';
            UPDATE wg_provision.sweeps SET swept_at = '2001-01-01';
            SELECT wg_provision.sweep();
            SELECT count(*) FROM wg_provision.activity" | tail -n 1)" = 0
        expect_true "from version $version a peer can be added" test "$(migrated_sql "
            SELECT wg_provision.add_pool('fleet', '10.9.0.0/24') > 0;
            SELECT wg_provision.add_peer('fleet', encode(sha256('new'), 'base64')) > 0" | sort -u)" = t
        expect_true "from version $version a key can be revoked" test "$(migrated_sql "
            SELECT wg_provision.revoke_peer(encode(sha256(int4send(1)), 'base64'));
            SELECT verdict FROM wg_provision.find_peers('{office}', ARRAY[sha256(int4send(1))])" | tail -n 1)" = revoked
    done
    count migrations "$good" "$bad"
}

# As a role: what libpq's words say comes later and so wins.
owner_ctl() { # STATUS WORDS ROLE SCHEMA-FOLDER
    expect_ctl "$1" "$2" db migrate --schema-dir "$4" --dsn "$(postgres_dsn dbname=owners user="$3")"
}
owners_sql() { postgres_psql -d "$(postgres_dsn dbname=owners)" -c "$1" 2>&1; }
looks_up() { # WHEN [FUNCTION]
    expect_true "$1, the daemon looks up" test "$(psql -XAtq "$(postgres_dsn dbname=owners user=owners_gateway)" -c \
        "SELECT verdict FROM wg_provision.${2:-find_peers_of}('{office}', ARRAY[sha256(int4send(1))])" 2>&1)" = found
}
belongs() { # WHEN
    expect_true "$1, all of it belongs to the owner" test "$(owners_sql "SELECT count(*) FROM pg_class c
        WHERE c.relnamespace = 'wg_provision'::regnamespace AND c.relowner <> 'wg_provision_owner'::regrole")" = 0
}

# The first one to migrate is another than the next one: superusers, and logins without that right.
run_owners() {
    local good=0 bad=0 newest older="$work_dir/older" later="$work_dir/later"
    newest="$(find "$checkout/schema" -name '0*.sql' | wc -l)"
    rm -rf "$older" "$later" && mkdir "$older" "$later"
    find "$checkout/schema" -name '000[1-8]*.sql' -exec cp -t "$older" {} +
    cp "$checkout/schema"/*.sql "$later"
    printf 'CREATE TABLE wg_provision.later ();\n' >"$later/$(printf %04d $((newest + 1)))_later.sql"
    postgres_psql -c 'CREATE ROLE first_owner LOGIN CREATEROLE' -c 'CREATE ROLE other_owner LOGIN CREATEROLE' \
        -c 'CREATE ROLE other_root LOGIN SUPERUSER'
    local fill="INSERT INTO wg_provision.networks (name) VALUES ('office');
        INSERT INTO wg_provision.peers (network_id, public_key) VALUES (1, sha256(int4send(1)))"

    fresh_database owners
    owner_ctl 0 'applied 0001' postgres "$older"
    postgres_psql -c 'CREATE ROLE owners_gateway LOGIN IN ROLE wg_provision_daemon'
    expect_true 'it can be filled' owners_sql "$fill" >/dev/null
    owner_ctl 4 'the schema belongs to the role postgres' other_owner "$checkout/schema"
    looks_up 'refused' find_peers
    owner_ctl 0 'applied 0010' other_root "$checkout/schema"
    looks_up 'migrated by another superuser'
    belongs 'migrated by another superuser'
    owner_ctl 4 'GRANT wg_provision_owner TO other_owner' other_owner "$later"
    postgres_psql -c 'GRANT wg_provision_owner TO other_owner'
    owner_ctl 0 '_later' other_owner "$later"
    belongs 'migrated by a member of the owner'

    fresh_database owners
    postgres_psql -c 'ALTER DATABASE owners OWNER TO first_owner'
    owner_ctl 0 'applied 0001' first_owner "$older"
    expect_true 'it can be filled' owners_sql "$fill" >/dev/null
    # Since PostgreSQL 16 CREATEROLE gives no right to a role that another has created.
    if (($(owners_sql 'SHOW server_version_num') >= 160000)); then
        owner_ctl 1 'A superuser lets it: GRANT wg_provision_owner TO first_owner' first_owner "$checkout/schema"
        postgres_psql -c 'GRANT wg_provision_owner TO first_owner'
    fi
    owner_ctl 0 'applied 0010' first_owner "$checkout/schema"
    looks_up 'migrated by an owner that is no superuser'
    belongs 'migrated by an owner that is no superuser'
    owner_ctl 0 '_later' first_owner "$later"
    belongs 'with one more file'
    postgres_psql -c 'REVOKE wg_provision_owner FROM other_owner, first_owner'

    fresh_database owners
    postgres_psql -c 'ALTER DATABASE owners OWNER TO first_owner' -c 'ALTER ROLE first_owner NOCREATEROLE'
    owner_ctl 1 'A superuser lets it: GRANT wg_provision_owner TO first_owner' first_owner "$checkout/schema"
    postgres_psql -c 'GRANT wg_provision_owner TO first_owner'
    owner_ctl 0 'applied 0010' first_owner "$checkout/schema"
    belongs 'with what a superuser has granted'
    expect_ctl 0 'took CREATE, CONNECT and TEMPORARY' db init --schema-dir "$checkout/schema" \
        --dsn "$(postgres_dsn dbname=owners user=first_owner)"
    postgres_psql -c 'GRANT wg_provision_owner TO other_owner' -c 'GRANT CONNECT ON DATABASE owners TO PUBLIC'
    expect_ctl 4 'log in as first_owner or as a superuser' db init --schema-dir "$checkout/schema" \
        --dsn "$(postgres_dsn dbname=owners user=other_owner)"
    postgres_psql -c 'REVOKE wg_provision_owner FROM other_owner, first_owner'

    fresh_database owners
    postgres_psql -c 'ALTER ROLE wg_provision_owner LOGIN'
    owner_ctl 1 'may do more than own a schema' postgres "$checkout/schema"
    postgres_psql -c 'ALTER ROLE wg_provision_owner NOLOGIN'
    count owners "$good" "$bad"
}
