-- A manifest has all that an administrator can set of a peer, so that what is exported and imported again may do no more and
-- no less than before. And what gateways refuse by themselves is recorded as well.

ALTER TABLE wg_provision.import
    ADD COLUMN outside_ranges   text,
    ADD COLUMN allowed_sources  text,
    ADD COLUMN roaming          text,
    ADD COLUMN several_gateways text,
    ADD COLUMN evict_last       text;
COMMENT ON COLUMN wg_provision.import.allowed_ips IS
    'With commas or spaces between; empty takes them from the pools, none leaves the peer without';
COMMENT ON COLUMN wg_provision.import.preshared_key IS
    'As wg prints it; empty for none; (set), as exports have it, is refused, because they do not have the key';
COMMENT ON COLUMN wg_provision.import.outside_ranges IS
    'Which of allowed_ips may lie outside the ranges of the network, with commas or spaces between; empty for none';
COMMENT ON COLUMN wg_provision.import.allowed_sources IS
    'Prefixes that its first packet may come from, with commas or spaces between; empty for the network''s';
COMMENT ON COLUMN wg_provision.import.roaming IS 'true or false; empty for the network''s';
COMMENT ON COLUMN wg_provision.import.several_gateways IS 'true or false; empty for the network''s';
COMMENT ON COLUMN wg_provision.import.evict_last IS 'true or false; empty for false';

-- The functions are as before, with the new columns.
DROP FUNCTION wg_provision.read_import_line(wg_provision.import);
CREATE FUNCTION wg_provision.read_import_line(
        l wg_provision.import, OUT network_id integer, OUT public_key bytea, OUT preshared_key bytea,
        OUT keepalive_seconds integer, OUT enabled boolean, OUT not_before timestamptz, OUT expires_at timestamptz,
        OUT labels jsonb, OUT prefixes cidr[], OUT outside_ranges cidr[], OUT allowed_sources cidr[], OUT roaming boolean,
        OUT several_gateways boolean, OUT evict_last boolean, OUT reason text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    field           text;
    default_seconds integer;
BEGIN
    IF num_nulls(nullif(l.network, ''), nullif(l.public_key, '')) > 0 THEN
        reason := 'network and public_key must be given';
        RETURN;
    ELSIF l.network ~ '^[A-Za-z0-9+/]{43}=$' OR l.name ~ '^[A-Za-z0-9+/]{43}=$' THEN
        reason := 'a key stands where the network or the name should be';
        RETURN;
    ELSIF l.preshared_key = '(set)' THEN
        reason := 'its preshared key is not in the manifest: write it there, or empty the field to have none';
        RETURN;
    END IF;
    SELECT n.id, n.keepalive_seconds INTO network_id, default_seconds FROM wg_provision.networks n WHERE n.name = l.network;
    IF NOT FOUND THEN
        reason := format('there is no network "%s"', l.network);
        RETURN;
    END IF;
    public_key := wg_provision.key_from_base64('public_key', l.public_key);
    preshared_key := wg_provision.key_from_base64('preshared_key', nullif(l.preshared_key, ''));
    field := 'keepalive_seconds: ';
    keepalive_seconds := coalesce(nullif(l.keepalive_seconds, '')::integer, default_seconds);
    field := 'enabled: ';
    enabled := coalesce(nullif(l.enabled, '')::boolean, true);
    field := 'not_before: ';
    not_before := nullif(l.not_before, '')::timestamptz;
    field := 'expires_at: ';
    expires_at := nullif(l.expires_at, '')::timestamptz;
    IF expires_at <= now() THEN
        reason := format('expires_at is in the past: %s', l.expires_at);
        RETURN;
    END IF;
    field := 'labels: ';
    labels := coalesce(nullif(l.labels, '')::jsonb, '{}');
    field := 'allowed_ips: ';
    prefixes := CASE trim(l.allowed_ips) WHEN 'none' THEN '{}'
        ELSE regexp_split_to_array(nullif(trim(l.allowed_ips), ''), '[\s,]+') END::cidr[];
    field := 'outside_ranges: ';
    outside_ranges := coalesce(regexp_split_to_array(nullif(trim(l.outside_ranges), ''), '[\s,]+')::cidr[], '{}');
    field := 'allowed_sources: ';
    allowed_sources := regexp_split_to_array(nullif(trim(l.allowed_sources), ''), '[\s,]+')::cidr[];
    field := 'roaming: ';
    roaming := nullif(l.roaming, '')::boolean;
    field := 'several_gateways: ';
    several_gateways := nullif(l.several_gateways, '')::boolean;
    field := 'evict_last: ';
    evict_last := coalesce(nullif(l.evict_last, '')::boolean, false);
    IF cardinality(prefixes) > 1024 THEN
        reason := 'more than 1024 allowed IPs';
    ELSIF cardinality(allowed_sources) > 64 THEN
        reason := 'more than 64 allowed sources';
    ELSIF NOT outside_ranges <@ coalesce(prefixes, '{}') THEN
        reason := 'outside_ranges names a prefix that is none of allowed_ips';
    END IF;
EXCEPTION WHEN data_exception OR integrity_constraint_violation OR program_limit_exceeded THEN
    reason := concat(field, SQLERRM);
END
$$;
COMMENT ON FUNCTION wg_provision.read_import_line(wg_provision.import) IS 'The values of a line, or why it has none';

CREATE OR REPLACE FUNCTION wg_provision.judge_import() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $$
DECLARE
    rules text;
BEGIN
    -- The constraints of the table themselves, so that they stand in one place.
    SELECT string_agg(format('WHEN NOT (%s) THEN %L', pg_get_expr(c.conbin, c.conrelid), 'breaks the rule ' || c.conname),
            ' ' ORDER BY c.conname) INTO rules
        FROM pg_constraint c WHERE c.conrelid = 'wg_provision.peers'::regclass AND c.contype = 'c';
    EXECUTE format(
        'UPDATE pg_temp.import_lines SET reason = CASE %s END WHERE reason IS NULL AND CASE %s END IS NOT NULL',
        rules, rules);

    UPDATE pg_temp.import_lines l
        SET reason = format('this public key is already peer %s of network "%s"', p.id, n.name)
        FROM wg_provision.peers p JOIN wg_provision.networks n ON n.id = p.network_id
        WHERE l.reason IS NULL AND p.public_key = l.public_key;
    UPDATE pg_temp.import_lines l
        SET reason = format('the key was revoked on %s', to_char(t.revoked_at, 'YYYY-MM-DD HH24:MI TZ'))
        FROM wg_provision.tombstones t WHERE l.reason IS NULL AND t.is_barred AND t.public_key = l.public_key;
    UPDATE pg_temp.import_lines l SET reason = format('peer %s has this name', p.id)
        FROM wg_provision.peers p WHERE l.reason IS NULL AND p.network_id = l.network_id AND p.name = l.name;
    UPDATE pg_temp.import_lines l
        SET reason = format('allowed IP %s lies outside the ranges of network "%s"', a.prefix, n.name)
        FROM wg_provision.networks n, pg_temp.import_lines same, unnest(same.prefixes) AS a (prefix)
        WHERE l.reason IS NULL AND n.id = l.network_id AND same.line = l.line
        AND NOT a.prefix <<= ANY (n.ranges::inet[]) AND a.prefix <> ALL (same.outside_ranges);
    UPDATE pg_temp.import_lines l
        SET reason = format('allowed IP %s overlaps %s of peer %s', o.asked, o.prefix, o.peer_id)
        FROM (SELECT i.line, w.prefix AS asked, held.prefix, held.peer_id
              FROM pg_temp.import_lines i CROSS JOIN LATERAL unnest(i.prefixes) AS w (prefix) CROSS JOIN LATERAL (
                  SELECT a.prefix, a.peer_id FROM wg_provision.allowed_ips a
                  WHERE a.prefix && w.prefix AND a.network_id = i.network_id LIMIT 1) AS held
              WHERE i.reason IS NULL) AS o
        WHERE l.line = o.line;

    UPDATE pg_temp.import_lines l SET reason = format('the same key as line %s', twice.first_line)
        FROM (SELECT line, min(line) OVER (PARTITION BY public_key) AS first_line FROM pg_temp.import_lines
              WHERE reason IS NULL) AS twice
        WHERE l.line = twice.line AND twice.line > twice.first_line;
    UPDATE pg_temp.import_lines l SET reason = format('the same name as line %s', twice.first_line)
        FROM (SELECT line, min(line) OVER (PARTITION BY network_id, name) AS first_line FROM pg_temp.import_lines
              WHERE reason IS NULL AND name IS NOT NULL) AS twice
        WHERE l.line = twice.line AND twice.line > twice.first_line;
    -- In this order a prefix comes right before those that it covers; the array carries the one that reaches furthest.
    WITH wanted AS (
        SELECT i.line, i.network_id, a.prefix, set_masklen(a.prefix::inet, b.bits) AS first_address,
            set_masklen(broadcast(a.prefix), b.bits) AS last_address
        FROM pg_temp.import_lines i, unnest(i.prefixes) AS a (prefix),
            LATERAL (SELECT CASE family(a.prefix) WHEN 4 THEN 32 ELSE 128 END AS bits) AS b
        WHERE i.reason IS NULL
    ), walked AS (
        SELECT w.*, max(ARRAY[w.last_address, w.prefix::inet]) OVER (PARTITION BY w.network_id, family(w.prefix)
            ORDER BY w.first_address, masklen(w.prefix), w.line ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS cover
        FROM wanted w
    )
    UPDATE pg_temp.import_lines l
        SET reason = format('allowed IP %s overlaps %s of line %s', o.prefix, o.cover[2]::cidr, f.line)
        FROM walked o JOIN (SELECT w.network_id, w.prefix, min(w.line) AS line FROM wanted w GROUP BY 1, 2) AS f
            ON f.network_id = o.network_id AND f.prefix = o.cover[2]::cidr
        WHERE l.line = o.line AND o.cover[1] >= o.first_address;
END
$$;

CREATE OR REPLACE FUNCTION wg_provision.add_import() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE pg_temp.import_lines SET id = nextval(pg_get_serial_sequence('wg_provision.peers', 'id'))
        WHERE reason IS NULL AND prefixes IS NOT NULL AND NOT is_added;
    INSERT INTO wg_provision.peers (id, network_id, public_key, preshared_key, keepalive_seconds, enabled, not_before,
            expires_at, name, comment, labels, allowed_sources, roaming, several_gateways, evict_last)
        OVERRIDING SYSTEM VALUE
        SELECT id, network_id, public_key, preshared_key, keepalive_seconds, enabled, not_before, expires_at, name, comment,
            labels, allowed_sources, roaming, several_gateways, evict_last FROM pg_temp.import_lines WHERE id IS NOT NULL AND NOT is_added;
    -- In no order: the index of the exclusion constraint grows badly from sorted prefixes.
    INSERT INTO wg_provision.allowed_ips (peer_id, network_id, prefix, outside_ranges)
        SELECT l.id, l.network_id, a.prefix, a.prefix = ANY (l.outside_ranges)
        FROM pg_temp.import_lines l, unnest(l.prefixes) AS a (prefix)
        WHERE l.id IS NOT NULL AND NOT l.is_added ORDER BY hashtext(a.prefix::text);
    UPDATE pg_temp.import_lines SET is_added = true WHERE id IS NOT NULL AND NOT is_added;
END
$$;

-- A recording of an initiation may be sent by anybody, so it says nothing of a key that is no peer's: a device that waits to be
-- approved stays where it is.
CREATE OR REPLACE FUNCTION wg_provision.record_sightings(
        p_gateway text, p_networks text[], p_public_keys bytea[], p_reasons text[], p_addresses inet[], p_ports integer[])
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET synchronous_commit = off
AS $$
DECLARE
    most    CONSTANT bigint := 10000;
    touched integer[];
BEGIN
    WITH recorded AS (
        INSERT INTO wg_provision.sightings AS s (network_id, public_key, reason, gateway, address, port)
            SELECT DISTINCT ON (n.id, r.public_key) n.id, r.public_key, r.reason, p_gateway, r.address, r.port
            FROM unnest(p_networks, p_public_keys, p_reasons, p_addresses, p_ports) WITH ORDINALITY
                AS r (network, public_key, reason, address, port, ordinal)
            JOIN wg_provision.networks n ON n.name = r.network
            WHERE r.reason <> 'replayed'
                OR EXISTS (SELECT FROM wg_provision.peers p WHERE p.public_key = r.public_key)
                OR EXISTS (SELECT FROM wg_provision.retiring_keys k WHERE k.public_key = r.public_key)
            ORDER BY n.id, r.public_key, r.ordinal DESC
            ON CONFLICT (network_id, public_key) DO UPDATE SET reason = excluded.reason, gateway = excluded.gateway,
                address = excluded.address, port = excluded.port, last_seen = excluded.last_seen,
                times_seen = s.times_seen + 1
            RETURNING s.network_id)
        SELECT array_agg(DISTINCT network_id) INTO touched FROM recorded;
    DELETE FROM wg_provision.sightings s USING (
        SELECT t.network_id, surplus.public_key FROM unnest(touched) AS t (network_id), LATERAL (
            SELECT x.public_key FROM wg_provision.sightings x WHERE x.network_id = t.network_id
            ORDER BY x.times_seen DESC, x.last_seen DESC OFFSET most) AS surplus) AS rare
        WHERE s.network_id = rare.network_id AND s.public_key = rare.public_key;
END
$$;
COMMENT ON TABLE wg_provision.sightings IS
    'Devices that proved to hold a key and were refused, by the database or by a gateway: a sample, at most 10000 keys of a '
    'network; when there are more, those seen least often go, of these the ones seen longest ago';

REVOKE ALL ON FUNCTION wg_provision.read_import_line(wg_provision.import) FROM PUBLIC;
