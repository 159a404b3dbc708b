-- Which login may onboard for which networks. One that onboards for a network neither touches another nor sees what is in it.

-- No reference to the network: a login whose last network was deleted would be trusted with all of them. An id is never given
-- to another network.
CREATE TABLE wg_provision.onboarding_logins (
    login      text NOT NULL,
    network_id integer,
    CONSTRAINT onboarding_logins_login_length CHECK (pg_catalog.length(login) BETWEEN 1 AND 63)
);
COMMENT ON TABLE wg_provision.onboarding_logins IS
    'Which role, when it logs in, may onboard for which network; a role without a row may for all';
COMMENT ON COLUMN wg_provision.onboarding_logins.login IS 'Name of the role; it need not be there yet';
COMMENT ON COLUMN wg_provision.onboarding_logins.network_id IS
    'For which network, which may be gone by now; NULL for none: the login is bound, and may onboard nowhere by this row';
CREATE UNIQUE INDEX onboarding_logins_unique ON wg_provision.onboarding_logins (login, (coalesce(network_id, 0)));

-- The same of gateways.
ALTER TABLE wg_provision.gateway_logins DROP CONSTRAINT gateway_logins_network_id_fkey;
COMMENT ON COLUMN wg_provision.gateway_logins.network_id IS
    'For which network, which may be gone by now; NULL for all';

CREATE FUNCTION wg_provision.is_onboarding_bound() RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (SELECT FROM wg_provision.onboarding_logins l WHERE l.login = session_user)
$$;
COMMENT ON FUNCTION wg_provision.is_onboarding_bound() IS
    'Whether who logged in may only onboard where onboarding_logins says';

CREATE FUNCTION wg_provision.may_onboard(p_network integer) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT NOT wg_provision.is_onboarding_bound()
        OR EXISTS (SELECT FROM wg_provision.onboarding_logins l WHERE l.login = session_user AND l.network_id = p_network)
$$;
COMMENT ON FUNCTION wg_provision.may_onboard(integer) IS 'Whether who logged in may onboard for a network';

-- The same words for a network that there is and for one that there is not.
CREATE FUNCTION wg_provision.onboarding_network(p_name text) RETURNS integer
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found_id integer;
BEGIN
    IF NOT wg_provision.is_onboarding_bound() THEN
        RETURN wg_provision.network_id(p_name);
    END IF;
    SELECT n.id INTO found_id FROM wg_provision.networks n WHERE n.name = p_name AND wg_provision.may_onboard(n.id);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the login "%" may not onboard for the network "%"', session_user, p_name USING
            ERRCODE = 'insufficient_privilege',
            HINT = format('An administrator lets it: wg-provisionctl onboarding allow %s --network %s', session_user, p_name);
    END IF;
    RETURN found_id;
END
$$;
COMMENT ON FUNCTION wg_provision.onboarding_network(text) IS
    'The id of the network with this name, or an error that says that who logged in may not onboard for it';

-- A key belongs to the network that knows it, be it as a peer's, as expected, on its way out or removed: whoever adds it
-- elsewhere takes it away there.
CREATE FUNCTION wg_provision.is_known_elsewhere(p_key bytea) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (SELECT FROM wg_provision.peers p
            WHERE p.public_key = p_key AND NOT wg_provision.may_onboard(p.network_id))
        OR EXISTS (SELECT FROM wg_provision.expected_keys e
            WHERE e.public_key = p_key AND NOT wg_provision.may_onboard(e.network_id))
        OR EXISTS (SELECT FROM wg_provision.tombstones t
            WHERE t.public_key = p_key AND NOT wg_provision.may_onboard(t.network_id))
        OR EXISTS (SELECT FROM wg_provision.retiring_keys r JOIN wg_provision.peers p ON p.id = r.peer_id
            WHERE r.public_key = p_key AND NOT wg_provision.may_onboard(p.network_id))
$$;
COMMENT ON FUNCTION wg_provision.is_known_elsewhere(bytea) IS
    'Whether a network knows the key for which who logged in may not onboard';

CREATE FUNCTION wg_provision.check_onboarding(p_key bytea) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF wg_provision.is_onboarding_bound() AND wg_provision.is_known_elsewhere(p_key) THEN
        RAISE EXCEPTION 'the key % is known elsewhere', encode(p_key, 'base64') USING ERRCODE = 'unique_violation',
            HINT = 'It is or was a key of a network for which this login may not onboard.';
    END IF;
END
$$;
COMMENT ON FUNCTION wg_provision.check_onboarding(bytea) IS
    'Refuses a key of a network for which who logged in may not onboard';

CREATE FUNCTION wg_provision.is_administrator() RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT pg_has_role(session_user, 'wg_provision_administrator', 'MEMBER')
        OR pg_has_role(session_user, 'wg_provision_owner', 'MEMBER')
$$;
COMMENT ON FUNCTION wg_provision.is_administrator() IS 'Whether who logged in may do more than onboard';

CREATE FUNCTION wg_provision.allow_onboarding(login text, network text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    INSERT INTO wg_provision.onboarding_logins AS l (login, network_id)
        VALUES (login, wg_provision.network_id(network)) ON CONFLICT DO NOTHING;
    DELETE FROM wg_provision.onboarding_logins l WHERE l.login = login AND l.network_id IS NULL;
END
$$;
COMMENT ON FUNCTION wg_provision.allow_onboarding(text, text) IS
    'Lets a login onboard for a network; from then on it may for those that it was allowed, and no other';

CREATE FUNCTION wg_provision.forbid_onboarding(login text, network text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    forbidden CONSTANT integer := CASE WHEN network IS NOT NULL THEN wg_provision.network_id(network) END;
BEGIN
    INSERT INTO wg_provision.onboarding_logins AS l (login, network_id) VALUES (login, NULL) ON CONFLICT DO NOTHING;
    DELETE FROM wg_provision.onboarding_logins l WHERE l.login = login AND l.network_id = coalesce(forbidden, l.network_id);
    DELETE FROM wg_provision.onboarding_logins l WHERE l.login = login AND l.network_id IS NULL
        AND EXISTS (SELECT FROM wg_provision.onboarding_logins o WHERE o.login = login AND o.network_id IS NOT NULL);
END
$$;
COMMENT ON FUNCTION wg_provision.forbid_onboarding(text, text) IS
    'Takes back what a login was allowed of a network, or of all. One that is left with none may onboard nowhere';

CREATE FUNCTION wg_provision.trust_onboarding(login text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    DELETE FROM wg_provision.onboarding_logins l WHERE l.login = login;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION wg_provision.trust_onboarding(text) IS
    'Lets a login onboard for every network again, those to come included. False where it was not bound';

CREATE VIEW wg_provision.onboarding_list AS
    SELECT l.login, n.name AS network, l.network_id IS NOT NULL AND n.id IS NULL AS is_gone
    FROM wg_provision.onboarding_logins l LEFT JOIN wg_provision.networks n ON n.id = l.network_id;
COMMENT ON VIEW wg_provision.onboarding_list IS
    'Logins that may only onboard for some networks; network is NULL for none, and where it is gone';

-- As before, of the networks for which who asks may onboard.
CREATE OR REPLACE VIEW wg_provision.pending_keys AS
    SELECT n.name AS network, pg_catalog.encode(s.public_key, 'base64') AS public_key, s.address, s.port, s.gateway,
        s.first_seen, s.last_seen, s.times_seen
    FROM wg_provision.sightings s JOIN wg_provision.networks n ON n.id = s.network_id
    WHERE s.reason = 'unknown_key' AND NOT EXISTS (SELECT FROM wg_provision.peers p WHERE p.public_key = s.public_key)
    AND (NOT EXISTS (SELECT FROM wg_provision.onboarding_logins l WHERE l.login = session_user)
        OR EXISTS (SELECT FROM wg_provision.onboarding_logins l WHERE l.login = session_user AND l.network_id = n.id));

-- As before, in a network for which who adds may onboard. What lies outside the ranges is for administrators.
CREATE OR REPLACE FUNCTION wg_provision.add_peer(
        network           text,
        public_key        text,
        allowed_ips       cidr[]      DEFAULT NULL,
        preshared_key     text        DEFAULT NULL,
        keepalive_seconds integer     DEFAULT NULL,
        enabled           boolean     DEFAULT true,
        not_before        timestamptz DEFAULT NULL,
        expires_at        timestamptz DEFAULT NULL,
        name              text        DEFAULT NULL,
        comment           text        DEFAULT NULL,
        labels            jsonb       DEFAULT '{}',
        outside_ranges    boolean     DEFAULT false)
    RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_variable
DECLARE
    network_of_peer integer;
    key             bytea;
    prefixes        cidr[];
    other           record;
    added           bigint;
    fault_message   text;
    fault_rule      text;
    fault_detail    text;
    fault_hint      text;
    fault_state     text;
BEGIN
    IF num_nulls(network, public_key) > 0 THEN
        RAISE EXCEPTION 'network and public_key must be given' USING ERRCODE = 'null_value_not_allowed';
    ELSIF array_position(allowed_ips, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'allowed_ips holds a NULL' USING ERRCODE = 'null_value_not_allowed';
    ELSIF expires_at <= now() THEN
        RAISE EXCEPTION 'expires_at is in the past: %', expires_at USING ERRCODE = 'invalid_parameter_value';
    ELSIF outside_ranges AND NOT wg_provision.is_administrator() THEN
        RAISE EXCEPTION 'outside_ranges is for administrators' USING ERRCODE = 'insufficient_privilege';
    END IF;
    key := wg_provision.key_from_base64('public_key', public_key);
    network_of_peer := wg_provision.onboarding_network(network);
    PERFORM wg_provision.check_onboarding(key);

    SELECT p.id, n.name INTO other
        FROM wg_provision.peers p JOIN wg_provision.networks n ON n.id = p.network_id WHERE p.public_key = key;
    IF FOUND THEN
        RAISE EXCEPTION 'this public key is already peer % of network "%"', other.id, other.name
            USING ERRCODE = 'unique_violation';
    END IF;

    prefixes := coalesce(allowed_ips, wg_provision.allocate_addresses(network_of_peer, key));
    SELECT held.peer_id, held.prefix, asked.prefix AS asked INTO other
        FROM unnest(prefixes) AS asked (prefix) CROSS JOIN LATERAL (
            SELECT a.peer_id, a.prefix FROM wg_provision.allowed_ips a
            WHERE a.prefix && asked.prefix AND a.network_id = network_of_peer LIMIT 1) AS held LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'allowed IP % overlaps % of peer %', other.asked, other.prefix, other.peer_id
            USING ERRCODE = 'exclusion_violation';
    END IF;

    BEGIN
        INSERT INTO wg_provision.peers (network_id, public_key, preshared_key, keepalive_seconds, enabled, not_before,
                expires_at, name, comment, labels)
            VALUES (network_of_peer, key, wg_provision.key_from_base64('preshared_key', preshared_key),
                coalesce(keepalive_seconds,
                    (SELECT n.keepalive_seconds FROM wg_provision.networks n WHERE n.id = network_of_peer)),
                enabled, not_before, expires_at, name, comment, coalesce(labels, '{}'))
            RETURNING id INTO added;
    EXCEPTION WHEN check_violation OR not_null_violation THEN
        GET STACKED DIAGNOSTICS fault_message = MESSAGE_TEXT, fault_rule = CONSTRAINT_NAME, fault_detail = PG_EXCEPTION_DETAIL,
            fault_hint = PG_EXCEPTION_HINT, fault_state = RETURNED_SQLSTATE;
        PERFORM wg_provision.raise_without_row(fault_message, fault_rule, fault_detail, fault_hint, fault_state);
    END;
    INSERT INTO wg_provision.allowed_ips (peer_id, network_id, prefix, outside_ranges)
        SELECT added, network_of_peer, asked.prefix, outside_ranges AND allowed_ips IS NOT NULL
        FROM unnest(prefixes) AS asked (prefix);
    RETURN added;
END
$$;

CREATE OR REPLACE FUNCTION wg_provision.approve_key(
        public_key        text,
        network           text        DEFAULT NULL,
        name              text        DEFAULT NULL,
        allowed_ips       cidr[]      DEFAULT NULL,
        expires_at        timestamptz DEFAULT NULL,
        labels            jsonb       DEFAULT '{}')
    RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    key          CONSTANT bytea := wg_provision.key_from_base64('public_key', public_key);
    outer_reason CONSTANT text := current_setting('wg_provision.reason', true);
    seen         text[];
    added        bigint;
BEGIN
    SELECT array_agg(n.name ORDER BY n.name) INTO seen
        FROM wg_provision.sightings s JOIN wg_provision.networks n ON n.id = s.network_id
        WHERE s.public_key = key AND n.name = coalesce(network, n.name) AND wg_provision.may_onboard(n.id);
    IF seen IS NULL THEN
        RAISE EXCEPTION 'no gateway has seen the key %', concat(public_key, ' in network ' || network)
            USING ERRCODE = 'no_data_found', HINT = 'To add a key that has not been seen: wg_provision.add_peer(...).';
    ELSIF cardinality(seen) > 1 THEN
        RAISE EXCEPTION 'the key was seen in the networks %', array_to_string(seen, ', ')
            USING ERRCODE = 'cardinality_violation', HINT = 'Give network as well.';
    END IF;
    PERFORM wg_provision.set_reason('approved');
    added := wg_provision.add_peer(network => seen[1], public_key => public_key, allowed_ips => allowed_ips, name => name,
        expires_at => expires_at, labels => labels);
    PERFORM wg_provision.set_reason(outer_reason);
    RETURN added;
END
$$;

CREATE OR REPLACE FUNCTION wg_provision.expect_key(network text, public_key text, name text DEFAULT NULL, labels jsonb DEFAULT '{}')
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    key    CONSTANT bytea := wg_provision.key_from_base64('public_key', public_key);
    target integer;
    buried wg_provision.tombstones;
BEGIN
    IF key IS NULL THEN
        RAISE EXCEPTION 'public_key must be given' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    target := wg_provision.onboarding_network(network);
    PERFORM wg_provision.check_onboarding(key);
    IF EXISTS (SELECT FROM wg_provision.peers p WHERE p.public_key = key) THEN
        RAISE EXCEPTION 'the key % is a peer already', public_key USING ERRCODE = 'unique_violation';
    ELSIF EXISTS (SELECT FROM wg_provision.expected_keys e WHERE e.public_key = key) THEN
        RAISE EXCEPTION 'the key % is expected already', public_key USING ERRCODE = 'unique_violation';
    END IF;
    SELECT * INTO buried FROM wg_provision.tombstones t WHERE t.public_key = key;
    IF buried.is_barred THEN
        RAISE EXCEPTION 'the key % was revoked on %', public_key, to_char(buried.revoked_at, 'YYYY-MM-DD HH24:MI TZ')
            USING ERRCODE = 'check_violation', HINT = 'SELECT wg_provision.pardon_key(...) first.';
    END IF;
    DELETE FROM wg_provision.tombstones t WHERE t.public_key = key;
    INSERT INTO wg_provision.expected_keys (public_key, network_id, name, labels)
        VALUES (key, target, name, coalesce(labels, '{}'));
END
$$;

-- Comes first, so that no other reason is given away.
CREATE FUNCTION wg_provision.judge_onboarding() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $$
BEGIN
    IF NOT wg_provision.is_administrator() THEN
        UPDATE pg_temp.import_lines l SET reason = 'outside_ranges is for administrators'
            WHERE l.reason IS NULL AND l.outside_ranges <> '{}';
    END IF;
    IF NOT wg_provision.is_onboarding_bound() THEN
        RETURN;
    END IF;
    UPDATE pg_temp.import_lines l
        SET reason = format('the login "%s" may not onboard for the network "%s"', session_user, l.network)
        WHERE CASE WHEN l.network_id IS NULL THEN l.reason LIKE 'there is no network "%'
            ELSE NOT EXISTS (SELECT FROM wg_provision.onboarding_logins o
                WHERE o.login = session_user AND o.network_id = l.network_id) END;
    UPDATE pg_temp.import_lines l SET reason = 'the key is known elsewhere'
        WHERE l.reason IS NULL AND wg_provision.is_known_elsewhere(l.public_key);
END
$$;
COMMENT ON FUNCTION wg_provision.judge_onboarding() IS
    'Part of the import: refuses lines of networks for which who imports may not onboard';

CREATE OR REPLACE FUNCTION wg_provision.import_lines() RETURNS trigger
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
    PERFORM wg_provision.judge_onboarding();
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

-- Onboarding reads nothing of peers, but whoever hands out a configuration has to know what it has just added.
CREATE FUNCTION wg_provision.just_added(p_public_key text)
    RETURNS TABLE (id bigint, allowed_ips text, keepalive_seconds integer, endpoint text, dns text, client_allowed_ips text,
        gateway_keys text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT p.id,
        array_to_string(ARRAY(SELECT a.prefix FROM wg_provision.allowed_ips a WHERE a.peer_id = p.id ORDER BY a.prefix), ' '),
        p.keepalive_seconds, n.endpoint, array_to_string(n.client_dns, ', '), array_to_string(n.client_allowed_ips, ', '),
        array_to_string(ARRAY(SELECT DISTINCT g.public_key FROM wg_provision.gateway_list g
            WHERE g.network = n.name AND g.is_alive), ' ')
    FROM wg_provision.peers p JOIN wg_provision.networks n ON n.id = p.network_id
    WHERE p.public_key = wg_provision.key_from_base64('public_key', p_public_key)
    AND EXISTS (SELECT FROM wg_provision.audit a WHERE a.subject = p_public_key AND a.relation = 'peers'
        AND a.operation = 'insert' AND a.xid = pg_current_xact_id_if_assigned() AND a.changed_by = session_user)
$$;
COMMENT ON FUNCTION wg_provision.just_added(text) IS
    'A peer that this transaction has added, and what its network tells new clients; no row for any other';

-- As before, but whoever may connect may also listen: a notification says nothing.
CREATE OR REPLACE FUNCTION wg_provision.note_change(p_network text, p_public_keys bytea[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO wg_provision.changes (network, public_keys) VALUES (p_network, p_public_keys);
    DELETE FROM wg_provision.changes WHERE id IN (
        SELECT c.id FROM wg_provision.changes c WHERE c.changed_at < now() - interval '6 hours'
        ORDER BY c.changed_at LIMIT 10 FOR UPDATE SKIP LOCKED);
    DELETE FROM wg_provision.changes WHERE id IN (
        SELECT c.id FROM wg_provision.changes c
        WHERE c.xid >= pg_snapshot_xmax(pg_current_snapshot()) AND c.xid <> pg_current_xact_id()
        ORDER BY c.xid LIMIT 100 FOR UPDATE SKIP LOCKED);
    PERFORM pg_notify('wg_provision_changes', '');
END
$$;

REVOKE ALL ON FUNCTION wg_provision.is_onboarding_bound(), wg_provision.may_onboard(integer),
    wg_provision.onboarding_network(text), wg_provision.is_known_elsewhere(bytea), wg_provision.check_onboarding(bytea),
    wg_provision.is_administrator(), wg_provision.allow_onboarding(text, text), wg_provision.forbid_onboarding(text, text),
    wg_provision.trust_onboarding(text), wg_provision.judge_onboarding(), wg_provision.just_added(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wg_provision.just_added(text) TO wg_provision_onboarding;
GRANT EXECUTE ON FUNCTION wg_provision.allow_onboarding(text, text), wg_provision.forbid_onboarding(text, text),
    wg_provision.trust_onboarding(text) TO wg_provision_administrator;
GRANT SELECT ON wg_provision.onboarding_logins, wg_provision.onboarding_list
    TO wg_provision_administrator, wg_provision_viewer;
