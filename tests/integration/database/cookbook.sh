# shellcheck shell=bash disable=SC2154
# docs/sql.md holds: its blocks of SQL run in order in one database, each as a psql of its own. run.sh sources this file
# and calls run_cookbook.
#
# A block must succeed, unless its first line is "-- refused: WORDS": then it must fail and say so. What a line
# "-- => ROW" shows must be among the rows that it prints. The address that the block of sh computes must be that of the
# database.

# Writes each block to $1/NUMBER.sql or .sh, NUMBER being its first line's in the page.
cookbook_extract() { # DIR
    awk -v dir="$1" '
        /^```/ && file == "" && /^```(sql|sh)$/ { file = sprintf("%s/%04d.%s", dir, NR + 1, substr($0, 4)); next }
        /^```/ && file == "" { other = !other; next }
        /^```$/ { close(file); file = ""; next }
        file != "" { print > file }
        END { if (file != "" || other) { print "docs/sql.md: a block has no end" > "/dev/stderr"; exit 1 } }
    ' "$checkout/docs/sql.md"
}

cookbook_psql() {
    postgres_psql -d "$(postgres_dsn dbname=cookbook)" "$@"
}

cookbook_complain() { # FILE WORDS
    local line="${1##*/}"
    printf 'docs/sql.md, line %d: %s\n' "$((10#${line%.*}))" "$2" >&2
    bad=$((bad + 1))
}

cookbook_block() { # FILE
    local first words output row status=0
    read -r first <"$1"
    output="$(cookbook_psql -f "$1" 2>&1)" || status=$?
    if [[ "$first" == '-- refused: '* ]]; then
        words="${first#-- refused: }"
        if ((status == 0)) || ! grep -F 'ERROR:' <<<"$output" | grep -F -e "$words" >/dev/null; then
            cookbook_complain "$1" "wanted the error \"$words\", got: $output"
            return
        fi
    elif ((status != 0)); then
        cookbook_complain "$1" "$output"
        return
    fi
    while read -r row; do
        if ! grep -qxF -e "$row" <<<"$output"; then
            cookbook_complain "$1" "wanted the row \"$row\", got: $output"
            return
        fi
    done < <(sed -n 's/^-- => //p' "$1")
    good=$((good + 1))
}

# Computes the address of every peer that the derived pool has served, as a device does, with the page's own function.
cookbook_derived() { # FILE
    local key allocated computed peers
    peers="$(cookbook_psql -F ' ' -c "SELECT l.public_key, host(a.prefix) FROM wg_provision.allowed_ips a
        JOIN wg_provision.peer_list l ON l.id = a.peer_id
        JOIN wg_provision.pools p ON p.network_id = a.network_id AND p.method = 'derived' AND a.prefix <<= p.prefix")"
    if [[ "$(wc -l <<<"$peers")" -lt 3 ]]; then
        cookbook_complain "$1" "too few derived addresses to compare: $peers"
        return
    fi
    while read -r key allocated; do
        computed="$(sh -c '. "$1" >/dev/null && derived_address fd20:0:20:1 "$2"' sh "$1" "$key")" || true
        if [[ "$(cookbook_psql -c "SELECT host('$computed'::inet)" 2>&1)" == "$allocated" ]]; then
            good=$((good + 1))
        else
            cookbook_complain "$1" "computed \"$computed\" for $key, the database allocated $allocated"
        fi
    done <<<"$peers"
}

run_cookbook() {
    local good=0 bad=0 blocks="$work_dir/cookbook" file
    mkdir "$blocks"
    chmod 755 "$blocks"
    fresh_database cookbook schema_template
    cookbook_extract "$blocks" || bad=$((bad + 1))
    for file in "$blocks"/*.sql; do
        cookbook_block "$file"
    done
    for file in "$blocks"/*.sh; do
        cookbook_derived "$file"
    done
    count cookbook "$good" "$bad"
}
