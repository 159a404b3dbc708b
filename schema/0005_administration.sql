-- For administrators: a view in the words of `wg`, functions for what takes more than one statement, the import of a
-- manifest, and the roles.

CREATE VIEW wg_provision.peer_list AS
    SELECT p.id,
           n.name AS network,
           p.name,
           encode(p.public_key, 'base64') AS public_key,
           ARRAY(SELECT a.prefix FROM wg_provision.allowed_ips a WHERE a.peer_id = p.id ORDER BY a.prefix) AS allowed_ips,
           CASE WHEN p.preshared_key IS NOT NULL THEN '(set)' END AS preshared_key,
           p.keepalive_seconds,
           p.enabled,
           p.not_before,
           p.expires_at,
           CASE WHEN NOT p.enabled THEN 'disabled'
                WHEN p.not_before > now() THEN 'not_yet_valid'
                WHEN p.expires_at <= now() THEN 'expired'
                ELSE 'enabled' END AS state,
           p.labels,
           p.comment,
           p.created_at,
           p.updated_at
    FROM wg_provision.peers p JOIN wg_provision.networks n ON n.id = p.network_id;
COMMENT ON VIEW wg_provision.peer_list IS
    'Peers in the words of wg. It can be written to: INSERT is add_peer, DELETE forgets a peer (revoke_peer bars its key as '
    'well). preshared_key shows (set) for one that there is';

CREATE FUNCTION wg_provision.set_allowed_ips(p_peer bigint, p_network integer, p_prefixes cidr[]) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF array_position(p_prefixes, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'allowed_ips holds a NULL' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    DELETE FROM wg_provision.allowed_ips a WHERE a.peer_id = p_peer AND a.prefix <> ALL (p_prefixes);
    INSERT INTO wg_provision.allowed_ips (peer_id, network_id, prefix)
        SELECT p_peer, p_network, asked.prefix FROM unnest(p_prefixes) AS asked (prefix)
        WHERE NOT EXISTS (SELECT FROM wg_provision.allowed_ips a WHERE a.peer_id = p_peer AND a.prefix = asked.prefix);
END
$$;
COMMENT ON FUNCTION wg_provision.set_allowed_ips(bigint, integer, cidr[]) IS
    'Makes these the allowed IPs of a peer and leaves alone those that it has already';

CREATE FUNCTION wg_provision.peer_list_write() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    written       bigint := OLD.id;
    fault_message text;
    fault_rule    text;
    fault_detail  text;
    fault_hint    text;
    fault_state   text;
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM wg_provision.peers p WHERE p.id = OLD.id;
        RETURN OLD;
    ELSIF TG_OP = 'INSERT' THEN
        written := wg_provision.add_peer(NEW.network, NEW.public_key, NEW.allowed_ips, NEW.preshared_key,
            NEW.keepalive_seconds, coalesce(NEW.enabled, true), NEW.not_before, NEW.expires_at, NEW.name, NEW.comment,
            NEW.labels);
    ELSE
        IF (NEW.id, NEW.state, NEW.created_at, NEW.updated_at)
                IS DISTINCT FROM (OLD.id, OLD.state, OLD.created_at, OLD.updated_at) THEN
            RAISE EXCEPTION 'id, state, created_at and updated_at cannot be written'
                USING ERRCODE = 'feature_not_supported',
                      HINT = 'The state follows from enabled, not_before and expires_at.';
        ELSIF NEW.network IS DISTINCT FROM OLD.network THEN
            PERFORM wg_provision.move_peer(OLD.public_key, NEW.network,
                CASE WHEN NEW.allowed_ips IS DISTINCT FROM OLD.allowed_ips THEN NEW.allowed_ips END);
        ELSIF NEW.allowed_ips IS DISTINCT FROM OLD.allowed_ips THEN
            PERFORM wg_provision.set_allowed_ips(
                OLD.id, wg_provision.network_id(OLD.network), coalesce(NEW.allowed_ips, '{}'));
        END IF;
        UPDATE wg_provision.peers p SET
            public_key = wg_provision.key_from_base64('public_key', NEW.public_key),
            preshared_key = CASE WHEN NEW.preshared_key IS NOT DISTINCT FROM OLD.preshared_key THEN p.preshared_key
                                 ELSE wg_provision.key_from_base64('preshared_key', NEW.preshared_key) END,
            keepalive_seconds = NEW.keepalive_seconds, enabled = NEW.enabled, not_before = NEW.not_before,
            expires_at = NEW.expires_at, name = NEW.name, comment = NEW.comment, labels = NEW.labels
            WHERE p.id = OLD.id;
    END IF;
    SELECT * INTO NEW FROM wg_provision.peer_list l WHERE l.id = written;
    RETURN NEW;
EXCEPTION WHEN check_violation OR not_null_violation THEN
    GET STACKED DIAGNOSTICS fault_message = MESSAGE_TEXT, fault_rule = CONSTRAINT_NAME,
        fault_detail = PG_EXCEPTION_DETAIL, fault_hint = PG_EXCEPTION_HINT, fault_state = RETURNED_SQLSTATE;
    PERFORM wg_provision.raise_without_row(fault_message, fault_rule, fault_detail, fault_hint, fault_state);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION wg_provision.peer_list_write() IS 'Trigger: writes to the tables behind the view';
CREATE TRIGGER peer_list_write INSTEAD OF INSERT OR UPDATE OR DELETE ON wg_provision.peer_list
    FOR EACH ROW EXECUTE FUNCTION wg_provision.peer_list_write();

CREATE FUNCTION wg_provision.peer_id(public_key text) RETURNS bigint
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    key      CONSTANT bytea := wg_provision.key_from_base64('public_key', public_key);
    found_id bigint;
BEGIN
    IF key IS NULL THEN
        RAISE EXCEPTION 'public_key must be given' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT p.id INTO found_id FROM wg_provision.peers p WHERE p.public_key = key;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no peer with the key %', public_key USING ERRCODE = 'no_data_found';
    END IF;
    RETURN found_id;
END
$$;
COMMENT ON FUNCTION wg_provision.peer_id(text) IS 'The id of the peer with this key, or an error that says so';

CREATE FUNCTION wg_provision.set_expiry(public_key text, expires_at timestamptz) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    IF expires_at <= now() THEN
        RAISE EXCEPTION 'expires_at is in the past: %', expires_at
            USING ERRCODE = 'invalid_parameter_value', HINT = 'To refuse a peer now: UPDATE ... SET enabled = false.';
    END IF;
    UPDATE wg_provision.peers p SET expires_at = set_expiry.expires_at WHERE p.id = wg_provision.peer_id(public_key);
END
$$;
COMMENT ON FUNCTION wg_provision.set_expiry(text, timestamptz) IS 'Until when a peer is let in; NULL for ever';

CREATE FUNCTION wg_provision.move_peer(public_key text, network text, allowed_ips cidr[] DEFAULT NULL) RETURNS cidr[]
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    moved    CONSTANT bigint := wg_provision.peer_id(public_key);
    target   CONSTANT integer := wg_provision.network_id(network);
    prefixes cidr[] := allowed_ips;
BEGIN
    IF array_position(prefixes, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'allowed_ips holds a NULL' USING ERRCODE = 'null_value_not_allowed';
    ELSIF prefixes IS NULL AND EXISTS (SELECT FROM wg_provision.pools p WHERE p.network_id = target)
            AND NOT EXISTS (SELECT FROM wg_provision.peers p WHERE p.id = moved AND p.network_id = target) THEN
        prefixes := wg_provision.allocate_addresses(target, decode(public_key, 'base64'));
    END IF;
    -- Before the move, so that the old addresses need not fit into the new network.
    IF prefixes IS NOT NULL THEN
        DELETE FROM wg_provision.allowed_ips a WHERE a.peer_id = moved AND a.prefix <> ALL (prefixes);
    END IF;
    UPDATE wg_provision.peers p SET network_id = target WHERE p.id = moved AND p.network_id <> target;
    IF prefixes IS NOT NULL THEN
        PERFORM wg_provision.set_allowed_ips(moved, target, prefixes);
    END IF;
    RETURN ARRAY(SELECT a.prefix FROM wg_provision.allowed_ips a WHERE a.peer_id = moved ORDER BY a.prefix);
END
$$;
COMMENT ON FUNCTION wg_provision.move_peer(text, text, cidr[]) IS
    'Moves a peer to another network and returns its allowed IPs: those given, or from the pools there, or as they were '
    'where the network has none';

-- Import. COPY fills a table whose trigger reads all lines at once, adds what is right and reports the rest.
CREATE UNLOGGED TABLE wg_provision.import (
    line              bigint GENERATED ALWAYS AS IDENTITY,
    network           text,
    public_key        text,
    name              text,
    allowed_ips       text,
    preshared_key     text,
    keepalive_seconds text,
    enabled           text,
    not_before        text,
    expires_at        text,
    labels            text,
    comment           text
);
COMMENT ON TABLE wg_provision.import IS
    'COPY a manifest into it, in whole or with a list of columns: each line becomes a peer or a row of import_report. Always '
    'empty afterwards. SET wg_provision.import_all_or_nothing = on refuses all when it refuses one';
COMMENT ON COLUMN wg_provision.import.line IS 'In the order of the lines';
COMMENT ON COLUMN wg_provision.import.network IS 'Name of the network';
COMMENT ON COLUMN wg_provision.import.public_key IS 'As wg prints it';
COMMENT ON COLUMN wg_provision.import.name IS 'For people; empty for none';
COMMENT ON COLUMN wg_provision.import.allowed_ips IS 'With commas or spaces between; empty takes them from the pools';
COMMENT ON COLUMN wg_provision.import.preshared_key IS 'As wg prints it; empty for none';
COMMENT ON COLUMN wg_provision.import.keepalive_seconds IS '0 to 65535; empty for the network''s';
COMMENT ON COLUMN wg_provision.import.enabled IS 'true or false; empty for true';
COMMENT ON COLUMN wg_provision.import.not_before IS 'As PostgreSQL reads a time; empty for no such limit';
COMMENT ON COLUMN wg_provision.import.expires_at IS 'As PostgreSQL reads a time; empty for never';
COMMENT ON COLUMN wg_provision.import.labels IS 'A JSON object; empty for none';
COMMENT ON COLUMN wg_provision.import.comment IS 'For people; empty for none';

CREATE TABLE wg_provision.imports (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    imported_at timestamptz NOT NULL DEFAULT now(),
    imported_by text        NOT NULL DEFAULT session_user,
    added       bigint      NOT NULL,
    refused     bigint      NOT NULL
);
COMMENT ON TABLE wg_provision.imports IS 'Manifests of the last 30 days';
COMMENT ON COLUMN wg_provision.imports.id IS 'Identity; the audit trail has it as the reason, "import 7"';
COMMENT ON COLUMN wg_provision.imports.imported_at IS 'When';
COMMENT ON COLUMN wg_provision.imports.imported_by IS 'By whom';
COMMENT ON COLUMN wg_provision.imports.added IS 'Lines that became peers';
COMMENT ON COLUMN wg_provision.imports.refused IS 'Lines that did not';

CREATE TABLE wg_provision.import_refusals (
    import_id  bigint NOT NULL REFERENCES wg_provision.imports (id) ON DELETE CASCADE,
    line       bigint NOT NULL,
    network    text,
    public_key text,
    name       text,
    reason     text   NOT NULL,
    PRIMARY KEY (import_id, line)
);
COMMENT ON TABLE wg_provision.import_refusals IS 'Lines of manifests that were not imported';
COMMENT ON COLUMN wg_provision.import_refusals.import_id IS 'Which manifest';
COMMENT ON COLUMN wg_provision.import_refusals.line IS 'Which line, from 1, not counting a header';
COMMENT ON COLUMN wg_provision.import_refusals.network IS 'As it stood there';
COMMENT ON COLUMN wg_provision.import_refusals.public_key IS 'As it stood there';
COMMENT ON COLUMN wg_provision.import_refusals.name IS 'As it stood there';
COMMENT ON COLUMN wg_provision.import_refusals.reason IS 'Why';

CREATE VIEW wg_provision.import_report AS
    SELECT r.line, r.reason, r.network, r.public_key, r.name
    FROM wg_provision.import_refusals r
    WHERE r.import_id = (SELECT max(i.id) FROM wg_provision.imports i WHERE i.imported_by = session_user)
    ORDER BY r.line;
COMMENT ON VIEW wg_provision.import_report IS 'The refused lines of your last import';

CREATE FUNCTION wg_provision.read_import_line(
        l wg_provision.import, OUT network_id integer, OUT public_key bytea, OUT preshared_key bytea,
        OUT keepalive_seconds integer, OUT enabled boolean, OUT not_before timestamptz, OUT expires_at timestamptz,
        OUT labels jsonb, OUT prefixes cidr[], OUT reason text)
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
    prefixes := regexp_split_to_array(nullif(trim(l.allowed_ips), ''), '[\s,]+')::cidr[];
    IF cardinality(prefixes) > 1024 THEN
        reason := 'more than 1024 allowed IPs';
    END IF;
EXCEPTION WHEN data_exception OR integrity_constraint_violation OR program_limit_exceeded THEN
    reason := concat(field, SQLERRM);
END
$$;
COMMENT ON FUNCTION wg_provision.read_import_line(wg_provision.import) IS 'The values of a line, or why it has none';

-- Which lines cannot become peers, each with the first reason that applies: a line's own mistakes come first, then its
-- quarrels with what the database has, then those with other lines. Of two lines with the same key or name the later one
-- is refused, of two prefixes that overlap the longer one's.
CREATE FUNCTION wg_provision.judge_import() RETURNS void
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
        AND NOT a.prefix <<= ANY (n.ranges::inet[]);
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
COMMENT ON FUNCTION wg_provision.judge_import() IS 'Part of the import: gives each line that is refused its reason';

-- Addresses of one family for the lines of one network that name none, as pool_addresses would give them one by one.
CREATE FUNCTION wg_provision.fill_import(p_network integer, p_family integer) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    pool    wg_provision.pools;
    missing bigint;
BEGIN
    FOR pool IN SELECT * FROM wg_provision.pools p WHERE p.network_id = p_network AND family(p.prefix) = p_family
            ORDER BY p.id LOOP
        IF pool.method = 'derived' THEN
            UPDATE pg_temp.import_lines l
                SET taken = l.taken || wg_provision.derived_address(pool.prefix, l.public_key), is_filled = true
                WHERE l.network_id = p_network AND l.reason IS NULL AND l.prefixes IS NULL AND NOT l.is_filled;
            EXIT;
        END IF;
        SELECT count(*) INTO missing FROM pg_temp.import_lines l
            WHERE l.network_id = p_network AND l.reason IS NULL AND l.prefixes IS NULL AND NOT l.is_filled;
        UPDATE pg_temp.import_lines l SET taken = l.taken || a.address, is_filled = true
            FROM (SELECT i.line, row_number() OVER (ORDER BY i.line) AS n FROM pg_temp.import_lines i
                  WHERE i.network_id = p_network AND i.reason IS NULL AND i.prefixes IS NULL AND NOT i.is_filled) AS w
            JOIN wg_provision.next_addresses(pool.id, missing) WITH ORDINALITY AS a (address, n) ON a.n = w.n
            WHERE l.line = w.line;
    END LOOP;
    IF pool.id IS NULL THEN
        RETURN;
    END IF;
    UPDATE pg_temp.import_lines l SET reason = format('the pool %s has no address left', (
            SELECT p.prefix FROM wg_provision.pools p WHERE p.network_id = p_network AND family(p.prefix) = p_family
            ORDER BY p.id LIMIT 1))
        WHERE l.network_id = p_network AND l.reason IS NULL AND l.prefixes IS NULL AND NOT l.is_filled;
    UPDATE pg_temp.import_lines l SET is_filled = false WHERE l.network_id = p_network AND l.is_filled;
END
$$;
COMMENT ON FUNCTION wg_provision.fill_import(integer, integer) IS
    'Part of the import: takes addresses of a family from the pools of a network';

-- What the other lines name is in its table by now, so no pool hands it out.
CREATE FUNCTION wg_provision.fill_import() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM wg_provision.fill_import(w.network_id, f.family)
        FROM (SELECT DISTINCT l.network_id FROM pg_temp.import_lines l WHERE l.reason IS NULL AND l.prefixes IS NULL) AS w,
            unnest(ARRAY[4, 6]) AS f (family);
    UPDATE pg_temp.import_lines l SET reason = 'the network has no address pool'
        WHERE l.reason IS NULL AND l.prefixes IS NULL AND l.taken = '{}';
    UPDATE pg_temp.import_lines l SET reason = format('the address %s is held already', a.prefix)
        FROM pg_temp.import_lines same, unnest(same.taken) AS a (prefix)
        WHERE l.line = same.line AND l.reason IS NULL AND l.prefixes IS NULL
        AND wg_provision.address_holder(l.network_id, a.prefix) IS NOT NULL;
    UPDATE pg_temp.import_lines l SET prefixes = l.taken WHERE l.reason IS NULL AND l.prefixes IS NULL;
    INSERT INTO wg_provision.returned_prefixes (pool_id, prefix, free_from)
        SELECT p.id, a.prefix, now() FROM pg_temp.import_lines l CROSS JOIN LATERAL unnest(l.taken) AS a (prefix)
        JOIN wg_provision.pools p ON p.network_id = l.network_id AND p.method = 'sequential' AND a.prefix <<= p.prefix
        WHERE l.reason IS NOT NULL ON CONFLICT DO NOTHING;
END
$$;
COMMENT ON FUNCTION wg_provision.fill_import() IS 'Part of the import: takes addresses for the lines that name none';

CREATE FUNCTION wg_provision.add_import() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE pg_temp.import_lines SET id = nextval(pg_get_serial_sequence('wg_provision.peers', 'id'))
        WHERE reason IS NULL AND prefixes IS NOT NULL AND NOT is_added;
    INSERT INTO wg_provision.peers (id, network_id, public_key, preshared_key, keepalive_seconds, enabled, not_before,
            expires_at, name, comment, labels)
        OVERRIDING SYSTEM VALUE
        SELECT id, network_id, public_key, preshared_key, keepalive_seconds, enabled, not_before, expires_at, name, comment,
            labels FROM pg_temp.import_lines WHERE id IS NOT NULL AND NOT is_added;
    -- In no order: the index of the exclusion constraint grows badly from sorted prefixes.
    INSERT INTO wg_provision.allowed_ips (peer_id, network_id, prefix)
        SELECT l.id, l.network_id, a.prefix FROM pg_temp.import_lines l, unnest(l.prefixes) AS a (prefix)
        WHERE l.id IS NOT NULL AND NOT l.is_added ORDER BY hashtext(a.prefix::text);
    UPDATE pg_temp.import_lines SET is_added = true WHERE id IS NOT NULL AND NOT is_added;
END
$$;
COMMENT ON FUNCTION wg_provision.add_import() IS 'Part of the import: adds the lines that are right and have addresses';

CREATE FUNCTION wg_provision.import_lines() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    this_import  CONSTANT bigint := nextval(pg_get_serial_sequence('wg_provision.imports', 'id'));
    outer_reason CONSTANT text := current_setting('wg_provision.reason', true);
    is_strict    CONSTANT boolean :=
        coalesce(nullif(current_setting('wg_provision.import_all_or_nothing', true), ''), 'off')::boolean;
    bad          bigint;
    total        bigint;
    examples     text;
BEGIN
    CREATE TEMP TABLE import_lines ON COMMIT DROP AS
        SELECT row_number() OVER (ORDER BY l.line) AS line, l.network, l.public_key AS key_text,
            nullif(l.name, '') AS name, nullif(l.comment, '') AS comment, r.*, '{}'::cidr[] AS taken,
            NULL::bigint AS id, false AS is_filled, false AS is_added
        FROM new_lines l, LATERAL wg_provision.read_import_line((l.*)::wg_provision.import) AS r;
    ANALYZE import_lines;
    PERFORM wg_provision.judge_import();
    PERFORM wg_provision.set_reason('import ' || this_import);
    PERFORM wg_provision.add_import();
    PERFORM wg_provision.fill_import();
    PERFORM wg_provision.add_import();
    PERFORM wg_provision.set_reason(outer_reason);

    SELECT count(*) FILTER (WHERE reason IS NOT NULL), count(*) INTO bad, total FROM import_lines;
    IF bad > 0 AND is_strict THEN
        SELECT string_agg(format('line %s: %s', f.line, f.reason), E'\n' ORDER BY f.line) INTO examples
            FROM (SELECT line, reason FROM import_lines WHERE reason IS NOT NULL ORDER BY line LIMIT 20) AS f;
        RAISE EXCEPTION '% of % lines are refused, and so nothing is imported', bad, total
            USING ERRCODE = 'check_violation', TABLE = 'import', DETAIL = examples;
    END IF;

    DELETE FROM wg_provision.imports i WHERE i.imported_at < now() - interval '30 days';
    INSERT INTO wg_provision.imports (id, added, refused) OVERRIDING SYSTEM VALUE VALUES (this_import, total - bad, bad);
    INSERT INTO wg_provision.import_refusals
        SELECT this_import, line, CASE WHEN network !~ '^[A-Za-z0-9+/]{43}=$' THEN network END, key_text,
            CASE WHEN name !~ '^[A-Za-z0-9+/]{43}=$' THEN name END, reason
        FROM import_lines WHERE reason IS NOT NULL;
    DROP TABLE import_lines;
    DELETE FROM wg_provision.import l USING new_lines n WHERE l.line = n.line;
    RAISE NOTICE 'import %: % added, % refused%', this_import, total - bad, bad,
        CASE WHEN bad > 0 THEN '; SELECT * FROM wg_provision.import_report' ELSE '' END;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION wg_provision.import_lines() IS 'Trigger: makes peers of the lines of a manifest';
CREATE TRIGGER import_lines AFTER INSERT ON wg_provision.import
    REFERENCING NEW TABLE AS new_lines FOR EACH STATEMENT EXECUTE FUNCTION wg_provision.import_lines();

-- Roles. Like wg_provision_daemon they belong to the cluster and cannot log in: grant them to those who may.
DO $$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN SELECT * FROM (VALUES
        ('wg_provision_administrator', 'May change networks, pools and peers, and read the audit trail'),
        ('wg_provision_onboarding', 'May add peers, import manifests and approve pending keys, and nothing else'),
        ('wg_provision_viewer', 'May read everything but preshared keys')) AS roles (name, comment)
    LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted.name) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted.name);
                EXECUTE format('COMMENT ON ROLE %I IS %L', wanted.name, wanted.comment);
            END IF;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL; -- made by another migration at the same time
        END;
    END LOOP;
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA wg_provision FROM PUBLIC;
GRANT USAGE ON SCHEMA wg_provision TO wg_provision_administrator, wg_provision_onboarding, wg_provision_viewer;

ALTER FUNCTION wg_provision.revoke_peer(text, text) SECURITY DEFINER;
ALTER FUNCTION wg_provision.pardon_key(text) SECURITY DEFINER;
GRANT SELECT, INSERT, UPDATE, DELETE ON wg_provision.networks, wg_provision.pools, wg_provision.peers,
    wg_provision.allowed_ips, wg_provision.peer_list TO wg_provision_administrator;
GRANT SELECT ON wg_provision.tombstones, wg_provision.audit, wg_provision.changes, wg_provision.schema_version,
    wg_provision.fresh_ranges, wg_provision.returned_prefixes TO wg_provision_administrator;
GRANT EXECUTE ON FUNCTION
    wg_provision.key_from_base64(text, text), wg_provision.derived_address(cidr, bytea),
    wg_provision.network_id(text), wg_provision.peer_id(text), wg_provision.set_reason(text),
    wg_provision.add_pool(text, cidr, text, inet, inet, interval, text),
    wg_provision.set_allowed_ips(bigint, integer, cidr[]), wg_provision.set_expiry(text, timestamptz),
    wg_provision.move_peer(text, text, cidr[]), wg_provision.revoke_peer(text, text), wg_provision.pardon_key(text),
    wg_provision.peer_history(text), wg_provision.find_peers(text[], bytea[]),
    wg_provision.raise_without_row(text, text, text, text, text)
    TO wg_provision_administrator;

GRANT EXECUTE ON FUNCTION
    wg_provision.add_peer(text, text, cidr[], text, integer, boolean, timestamptz, timestamptz, text, text, jsonb, boolean)
    TO wg_provision_administrator, wg_provision_onboarding;
GRANT INSERT ON wg_provision.import TO wg_provision_administrator, wg_provision_onboarding;
GRANT SELECT ON wg_provision.import_report TO wg_provision_administrator, wg_provision_onboarding;
GRANT SELECT ON wg_provision.imports, wg_provision.import_refusals TO wg_provision_administrator;

GRANT SELECT ON wg_provision.networks, wg_provision.pools, wg_provision.allowed_ips, wg_provision.tombstones,
    wg_provision.audit, wg_provision.peer_list, wg_provision.imports, wg_provision.import_refusals,
    wg_provision.import_report, wg_provision.schema_version, wg_provision.fresh_ranges, wg_provision.returned_prefixes
    TO wg_provision_viewer;
GRANT SELECT (id, network_id, public_key, keepalive_seconds, enabled, not_before, expires_at, name, comment, created_at,
    updated_at, labels) ON wg_provision.peers TO wg_provision_viewer;
GRANT EXECUTE ON FUNCTION wg_provision.peer_history(text), wg_provision.derived_address(cidr, bytea) TO wg_provision_viewer;
