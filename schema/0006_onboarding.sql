-- Keys that nobody has added yet: what the gateways see of them, how one is approved, and how a network enrols by itself.
-- And keys on their way out: the one before a rotation.

CREATE TABLE wg_provision.sightings (
    network_id integer     NOT NULL REFERENCES wg_provision.networks (id) ON DELETE CASCADE,
    public_key bytea       NOT NULL,
    reason     text        NOT NULL,
    gateway    text        NOT NULL,
    address    inet        NOT NULL,
    port       integer     NOT NULL,
    first_seen timestamptz NOT NULL DEFAULT now(),
    last_seen  timestamptz NOT NULL DEFAULT now(),
    times_seen bigint      NOT NULL DEFAULT 1,
    PRIMARY KEY (network_id, public_key),
    CONSTRAINT sightings_public_key_length CHECK (octet_length(public_key) = 32),
    CONSTRAINT sightings_reason CHECK (reason ~ '^[a-z_]{1,40}$'),
    CONSTRAINT sightings_gateway_length CHECK (length(gateway) BETWEEN 1 AND 255),
    CONSTRAINT sightings_port_range CHECK (port BETWEEN 1 AND 65535)
);
COMMENT ON TABLE wg_provision.sightings IS
    'Devices that proved to hold a key and were refused: a sample, at most 10000 keys of a network; when there are more, '
    'those seen least often go, of these the ones seen longest ago';
COMMENT ON COLUMN wg_provision.sightings.network_id IS 'In which network';
COMMENT ON COLUMN wg_provision.sightings.public_key IS 'The key, 32 bytes';
COMMENT ON COLUMN wg_provision.sightings.reason IS 'Why it was refused last, a word of the log';
COMMENT ON COLUMN wg_provision.sightings.gateway IS 'By which gateway';
COMMENT ON COLUMN wg_provision.sightings.address IS 'From which address';
COMMENT ON COLUMN wg_provision.sightings.port IS 'From which UDP port';
COMMENT ON COLUMN wg_provision.sightings.first_seen IS 'When it was reported first';
COMMENT ON COLUMN wg_provision.sightings.last_seen IS 'When it was reported last';
COMMENT ON COLUMN wg_provision.sightings.times_seen IS 'How often it was reported; a device knocks more often than that';
CREATE INDEX sightings_rank ON wg_provision.sightings (network_id, times_seen, last_seen);

CREATE FUNCTION wg_provision.record_sightings(
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
COMMENT ON FUNCTION wg_provision.record_sightings(text, text[], bytea[], text[], inet[], integer[]) IS
    'For the daemon: proven keys that it refused; arrays of one length. A network that does not exist is passed over';

CREATE VIEW wg_provision.pending_keys AS
    SELECT n.name AS network, encode(s.public_key, 'base64') AS public_key, s.address, s.port, s.gateway, s.first_seen,
        s.last_seen, s.times_seen
    FROM wg_provision.sightings s JOIN wg_provision.networks n ON n.id = s.network_id
    WHERE s.reason = 'unknown_key' AND NOT EXISTS (SELECT FROM wg_provision.peers p WHERE p.public_key = s.public_key);
COMMENT ON VIEW wg_provision.pending_keys IS 'Unknown devices that asked to be let in; see approve_key';

CREATE VIEW wg_provision.recent_refusals AS
    SELECT n.name AS network, encode(s.public_key, 'base64') AS public_key, s.reason, p.name, s.address, s.port, s.gateway,
        s.last_seen, s.times_seen
    FROM wg_provision.sightings s JOIN wg_provision.networks n ON n.id = s.network_id
    LEFT JOIN wg_provision.peers p ON p.public_key = s.public_key
    WHERE s.last_seen > now() - interval '1 day';
COMMENT ON VIEW wg_provision.recent_refusals IS 'Devices that were refused in the last day, and why';

CREATE FUNCTION wg_provision.approve_key(
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
        WHERE s.public_key = key AND n.name = coalesce(network, n.name);
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
COMMENT ON FUNCTION wg_provision.approve_key(text, text, text, cidr[], timestamptz, jsonb) IS
    'Adds a device that a gateway has seen, in the network where it was seen, and returns the peer''s id; without allowed_ips '
    'it gets addresses from the pools. It gets in at its next attempt';

-- A network that enrols by itself: keys that are expected, and devices that hold its enrolment key.
CREATE TABLE wg_provision.expected_keys (
    public_key bytea       PRIMARY KEY,
    network_id integer     NOT NULL REFERENCES wg_provision.networks (id) ON DELETE CASCADE,
    name       text,
    labels     jsonb       NOT NULL DEFAULT '{}',
    added_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT expected_keys_name_length CHECK (length(name) BETWEEN 1 AND 128),
    CONSTRAINT expected_keys_name_printable CHECK (name !~ '[\u0001-\u001f\u007f-\u009f]'),
    CONSTRAINT expected_keys_labels_shape CHECK (jsonb_typeof(labels) = 'object' AND length(labels::text) <= 8192),
    CONSTRAINT expected_keys_public_key_length CHECK (octet_length(public_key) = 32)
);
COMMENT ON TABLE wg_provision.expected_keys IS
    'A batch of devices that were made and not met yet: each becomes a peer, with addresses, when it knocks first';
COMMENT ON COLUMN wg_provision.expected_keys.public_key IS 'The key, 32 bytes';
COMMENT ON COLUMN wg_provision.expected_keys.network_id IS 'Where it will be a peer';
COMMENT ON COLUMN wg_provision.expected_keys.name IS 'What it will be called';
COMMENT ON COLUMN wg_provision.expected_keys.labels IS 'What it will be labelled with';
COMMENT ON COLUMN wg_provision.expected_keys.added_at IS 'When the row was made';

CREATE TABLE wg_provision.trial_enrolments (
    network_id         integer     PRIMARY KEY REFERENCES wg_provision.networks (id) ON DELETE CASCADE,
    preshared_key      bytea       NOT NULL,
    ends_at            timestamptz,
    peers_expire_after interval,
    created_at         timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT trial_enrolments_preshared_key_shape
        CHECK (octet_length(preshared_key) = 32 AND preshared_key <> decode(repeat('00', 32), 'hex')),
    CONSTRAINT trial_enrolments_peers_expire_after_range CHECK (peers_expire_after > interval '0')
);
COMMENT ON TABLE wg_provision.trial_enrolments IS
    'Networks that let any device in that holds their enrolment key. A gateway takes an unknown device on trial, without '
    'addresses; only one that holds the key completes the handshake, and becomes a peer';
COMMENT ON COLUMN wg_provision.trial_enrolments.network_id IS 'Which network';
COMMENT ON COLUMN wg_provision.trial_enrolments.preshared_key IS
    'The enrolment key, 32 bytes: the preshared key of every device that comes in this way';
COMMENT ON COLUMN wg_provision.trial_enrolments.ends_at IS 'No trials from this time on; NULL for no end';
COMMENT ON COLUMN wg_provision.trial_enrolments.peers_expire_after IS 'Until when such peers are let in; NULL for ever';
COMMENT ON COLUMN wg_provision.trial_enrolments.created_at IS 'When the row was made';

CREATE FUNCTION wg_provision.expect_key(network text, public_key text, name text DEFAULT NULL, labels jsonb DEFAULT '{}')
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    key    CONSTANT bytea := wg_provision.key_from_base64('public_key', public_key);
    buried wg_provision.tombstones;
BEGIN
    IF key IS NULL THEN
        RAISE EXCEPTION 'public_key must be given' USING ERRCODE = 'null_value_not_allowed';
    ELSIF EXISTS (SELECT FROM wg_provision.peers p WHERE p.public_key = key) THEN
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
        VALUES (key, wg_provision.network_id(network), name, coalesce(labels, '{}'));
END
$$;
COMMENT ON FUNCTION wg_provision.expect_key(text, text, text, jsonb) IS
    'Registers a device that becomes a peer when it knocks first, with addresses from the pools';

CREATE FUNCTION wg_provision.allow_trials(
        network text, preshared_key text, ends_at timestamptz DEFAULT NULL, peers_expire_after interval DEFAULT NULL)
    RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    enrolling     CONSTANT integer := wg_provision.network_id(network);
    fault_message text;
    fault_rule    text;
    fault_detail  text;
    fault_hint    text;
    fault_state   text;
BEGIN
    IF ends_at <= now() THEN
        RAISE EXCEPTION 'ends_at is in the past: %', ends_at USING ERRCODE = 'invalid_parameter_value';
    ELSIF NOT EXISTS (SELECT FROM wg_provision.pools p WHERE p.network_id = enrolling) THEN
        RAISE EXCEPTION 'network "%" has no address pool', network
            USING ERRCODE = 'check_violation', HINT = 'SELECT wg_provision.add_pool(...) first.';
    END IF;
    INSERT INTO wg_provision.trial_enrolments AS t (network_id, preshared_key, ends_at, peers_expire_after)
        VALUES (enrolling, wg_provision.key_from_base64('preshared_key', preshared_key), ends_at, peers_expire_after)
        ON CONFLICT (network_id) DO UPDATE SET preshared_key = excluded.preshared_key, ends_at = excluded.ends_at,
            peers_expire_after = excluded.peers_expire_after;
EXCEPTION WHEN check_violation OR not_null_violation THEN
    GET STACKED DIAGNOSTICS fault_message = MESSAGE_TEXT, fault_rule = CONSTRAINT_NAME,
        fault_detail = PG_EXCEPTION_DETAIL, fault_hint = PG_EXCEPTION_HINT, fault_state = RETURNED_SQLSTATE;
    PERFORM wg_provision.raise_without_row(fault_message, fault_rule, fault_detail, fault_hint, fault_state);
END
$$;
COMMENT ON FUNCTION wg_provision.allow_trials(text, text, timestamptz, interval) IS
    'Lets every device into the network that holds this enrolment key, a preshared key as wg prints it';

CREATE FUNCTION wg_provision.end_trials(network text) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp
AS $$
    DELETE FROM wg_provision.trial_enrolments t WHERE t.network_id = wg_provision.network_id(network)
$$;
COMMENT ON FUNCTION wg_provision.end_trials(text) IS 'No more trials in this network; peers that came in stay';

-- Gateways forget that they refused these keys, and of a network that takes devices on trial, any key.
CREATE FUNCTION wg_provision.expected_keys_added() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM wg_provision.note_change(changed.name, changed.keys) FROM (
        SELECT n.name, CASE WHEN count(*) <= 100 THEN array_agg(e.public_key) END AS keys
        FROM new_rows e JOIN wg_provision.networks n ON n.id = e.network_id
        GROUP BY n.name ORDER BY n.name) AS changed;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION wg_provision.expected_keys_added() IS 'Trigger: records a change of these keys';
CREATE TRIGGER expected_keys_added AFTER INSERT ON wg_provision.expected_keys
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION wg_provision.expected_keys_added();
CREATE FUNCTION wg_provision.trial_enrolments_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM wg_provision.note_change(n.name, NULL) FROM wg_provision.networks n WHERE n.id = NEW.network_id;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION wg_provision.trial_enrolments_changed() IS 'Trigger: records a change of any key of the network';
CREATE TRIGGER trial_enrolments_changed AFTER INSERT OR UPDATE ON wg_provision.trial_enrolments
    FOR EACH ROW EXECUTE FUNCTION wg_provision.trial_enrolments_changed();

-- A key that was rotated out, during the overlap: its device is the peer still.
CREATE TABLE wg_provision.retiring_keys (
    public_key bytea       PRIMARY KEY,
    peer_id    bigint      NOT NULL REFERENCES wg_provision.peers (id) ON DELETE CASCADE,
    ends_at    timestamptz NOT NULL
);
COMMENT ON TABLE wg_provision.retiring_keys IS 'Former keys of peers that are let in for a while';
COMMENT ON COLUMN wg_provision.retiring_keys.public_key IS 'The former key, 32 bytes';
COMMENT ON COLUMN wg_provision.retiring_keys.peer_id IS 'Whose it was';
COMMENT ON COLUMN wg_provision.retiring_keys.ends_at IS 'Refused as revoked from this time on';
CREATE INDEX retiring_keys_peer ON wg_provision.retiring_keys (peer_id);

CREATE FUNCTION wg_provision.retiring_keys_removed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM wg_provision.note_change(n.name, array_agg(o.public_key))
        FROM old_rows o JOIN wg_provision.tombstones t ON t.public_key = o.public_key
        JOIN wg_provision.networks n ON n.id = t.network_id GROUP BY n.name;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION wg_provision.retiring_keys_removed() IS 'Trigger: gateways hear that the overlap has ended';
CREATE TRIGGER retiring_keys_removed AFTER DELETE ON wg_provision.retiring_keys
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION wg_provision.retiring_keys_removed();

CREATE FUNCTION wg_provision.rotate_key(public_key text, new_public_key text, overlap interval DEFAULT '0')
    RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    peer         CONSTANT bigint := wg_provision.peer_id(public_key);
    old_key      CONSTANT bytea := wg_provision.key_from_base64('public_key', public_key);
    new_key      CONSTANT bytea := wg_provision.key_from_base64('new_public_key', new_public_key);
    outer_reason CONSTANT text := current_setting('wg_provision.reason', true);
    holder       bigint;
BEGIN
    IF num_nulls(new_key, overlap) > 0 THEN
        RAISE EXCEPTION 'new_public_key and overlap must be given' USING ERRCODE = 'null_value_not_allowed';
    ELSIF overlap < interval '0' THEN
        RAISE EXCEPTION 'the overlap is negative: %', overlap USING ERRCODE = 'invalid_parameter_value';
    ELSIF new_key = old_key THEN
        RAISE EXCEPTION 'the new key is the old one' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT p.id INTO holder FROM wg_provision.peers p WHERE p.public_key = new_key;
    IF FOUND THEN
        RAISE EXCEPTION 'the new key is peer % already', holder USING ERRCODE = 'unique_violation';
    END IF;
    PERFORM wg_provision.set_reason('key rotated');
    DELETE FROM wg_provision.retiring_keys r WHERE r.ends_at <= now();
    DELETE FROM wg_provision.expected_keys e WHERE e.public_key = new_key;
    IF overlap > interval '0' THEN
        INSERT INTO wg_provision.retiring_keys (public_key, peer_id, ends_at) VALUES (old_key, peer, now() + overlap);
    END IF;
    UPDATE wg_provision.peers p SET public_key = new_key WHERE p.id = peer;
    UPDATE wg_provision.tombstones t SET is_barred = true, reason = 'rotated' WHERE t.public_key = old_key;
    PERFORM wg_provision.set_reason(outer_reason);
    RETURN peer;
END
$$;
COMMENT ON FUNCTION wg_provision.rotate_key(text, text, interval) IS
    'Gives a peer another key and returns its id. The old one is let in as long as the overlap lasts, the one that knocked '
    'last has the peer''s addresses; after that it is revoked';

-- As before, and: a key on its way out is its peer; keys that are expected are to be enrolled, unknown ones taken on trial
-- where the network does that.
CREATE OR REPLACE FUNCTION wg_provision.find_peers(p_networks text[], p_public_keys bytea[])
    RETURNS TABLE (
        ordinal           integer,
        public_key        bytea,
        verdict           text,
        peer_id           bigint,
        preshared_key     bytea,
        keepalive_seconds integer,
        allowed_ips       cidr[],
        expires_at_us     bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 128
    SET search_path = pg_catalog, pg_temp
    SET enable_seqscan = off
    SET enable_hashjoin = off
    SET enable_mergejoin = off
    SET jit = off
    SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT asked.ordinal::integer,
           asked.public_key,
           judged.verdict,
           found.id,
           coalesce(found.preshared_key, CASE WHEN judged.verdict = 'trial' THEN
               (SELECT t.preshared_key FROM wg_provision.trial_enrolments t JOIN wg_provision.networks m ON m.id = t.network_id
                WHERE m.name = asked.network) END),
           CASE WHEN judged.verdict = 'trial' THEN 0 ELSE found.keepalive_seconds END,
           CASE WHEN found.id IS NOT NULL THEN
               ARRAY(SELECT a.prefix FROM wg_provision.allowed_ips a WHERE a.peer_id = found.id)
           WHEN judged.verdict = 'trial' THEN '{}' END,
           (extract(epoch FROM found.expires_at) * 1000000)::bigint
    FROM unnest(p_networks, p_public_keys) WITH ORDINALITY AS asked (network, public_key, ordinal)
    LEFT JOIN wg_provision.peers k ON k.public_key = asked.public_key
    LEFT JOIN LATERAL (
        SELECT k.id, k.network_id, k.preshared_key, k.keepalive_seconds, k.enabled, k.not_before, k.expires_at
            WHERE k.id IS NOT NULL
        UNION ALL
        SELECT q.id, q.network_id, q.preshared_key, q.keepalive_seconds, q.enabled, q.not_before,
                least(q.expires_at, r.ends_at)
            FROM wg_provision.retiring_keys r JOIN wg_provision.peers q ON q.id = r.peer_id
            WHERE k.id IS NULL AND r.public_key = asked.public_key AND r.ends_at > now()) AS p ON true
    LEFT JOIN wg_provision.networks n ON n.id = p.network_id
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN p.id IS NULL THEN CASE
                WHEN EXISTS (SELECT FROM wg_provision.tombstones t WHERE t.public_key = asked.public_key) THEN 'revoked'
                WHEN EXISTS (SELECT FROM wg_provision.expected_keys e JOIN wg_provision.networks m ON m.id = e.network_id
                             WHERE e.public_key = asked.public_key AND m.name = asked.network) THEN 'expected'
                WHEN EXISTS (SELECT FROM wg_provision.trial_enrolments t JOIN wg_provision.networks m ON m.id = t.network_id
                             WHERE m.name = asked.network AND (t.ends_at IS NULL OR t.ends_at > now())) THEN 'trial'
                ELSE 'unknown' END
            WHEN n.name IS DISTINCT FROM asked.network THEN 'other_network'
            WHEN NOT p.enabled THEN 'disabled'
            WHEN p.not_before > now() THEN 'not_yet_valid'
            WHEN p.expires_at <= now() THEN 'expired'
            ELSE 'found'
        END AS verdict) AS judged
    LEFT JOIN LATERAL (
        SELECT p.id, p.preshared_key, p.keepalive_seconds, p.expires_at WHERE judged.verdict = 'found') AS found ON true;
END
$$;
COMMENT ON FUNCTION wg_provision.find_peers(text[], bytea[]) IS
    'One row per asked (network, public key), in any order; verdict is found, unknown, revoked, other_network, disabled, '
    'not_yet_valid, expired, expected or trial, by this server''s clock; the columns after it are NULL unless found, or trial: '
    'then the enrolment key, and no addresses';

CREATE FUNCTION wg_provision.enrol_peer(p_gateway text, p_network text, p_public_key bytea)
    RETURNS TABLE (
        ordinal           integer,
        public_key        bytea,
        verdict           text,
        peer_id           bigint,
        preshared_key     bytea,
        keepalive_seconds integer,
        allowed_ips       cidr[],
        expires_at_us     bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    judged   record;
    network  wg_provision.networks;
    expected wg_provision.expected_keys;
    trial    wg_provision.trial_enrolments;
    taken    record;
    added    bigint;
BEGIN
    SELECT f.verdict INTO judged FROM wg_provision.find_peers(ARRAY[p_network], ARRAY[p_public_key]) f;
    IF judged.verdict IN ('expected', 'trial') THEN
        SELECT * INTO network FROM wg_provision.networks n WHERE n.name = p_network;
        IF judged.verdict = 'expected' THEN
            DELETE FROM wg_provision.expected_keys e WHERE e.public_key = p_public_key AND e.network_id = network.id
                RETURNING e.* INTO expected;
        ELSE
            SELECT * INTO trial FROM wg_provision.trial_enrolments t WHERE t.network_id = network.id;
        END IF;
        PERFORM set_config('wg_provision.reason', format('enrolled %s by %s',
            CASE judged.verdict WHEN 'trial' THEN 'on trial' ELSE 'as expected' END, p_gateway), true);
        INSERT INTO wg_provision.peers (network_id, public_key, preshared_key, keepalive_seconds, expires_at, name, labels)
            VALUES (network.id, p_public_key, trial.preshared_key, network.keepalive_seconds,
                now() + trial.peers_expire_after, expected.name, coalesce(expected.labels, '{}'))
            ON CONFLICT ON CONSTRAINT peers_public_key_unique DO NOTHING RETURNING id INTO added;
        IF FOUND THEN -- otherwise another gateway was quicker
            SELECT * INTO taken FROM wg_provision.pool_addresses(network.id, p_public_key);
            IF taken.fault IS NOT NULL THEN
                RAISE EXCEPTION '%', taken.fault USING ERRCODE = 'check_violation';
            END IF;
            INSERT INTO wg_provision.allowed_ips (peer_id, network_id, prefix)
                SELECT added, network.id, a.prefix FROM unnest(taken.addresses) AS a (prefix);
        END IF;
        PERFORM set_config('wg_provision.reason', '', true);
    END IF;
    RETURN QUERY SELECT f.* FROM wg_provision.find_peers(ARRAY[p_network], ARRAY[p_public_key]) f;
EXCEPTION WHEN integrity_constraint_violation THEN
    PERFORM set_config('wg_provision.reason', '', true);
    RAISE WARNING 'a device could not be enrolled in network "%": %', p_network, SQLERRM;
    RETURN QUERY SELECT 1, p_public_key, 'not_enrolled', NULL::bigint, NULL::bytea, NULL::integer, NULL::cidr[], NULL::bigint;
END
$$;
COMMENT ON FUNCTION wg_provision.enrol_peer(text, text, bytea) IS
    'For the daemon: makes a peer of a device that is expected, or that has passed its trial, and answers as find_peers '
    'does; not_enrolled, and a warning in the server''s log, where it cannot have an address';

DO $$
DECLARE
    relation text;
BEGIN
    FOREACH relation IN ARRAY ARRAY['expected_keys', 'trial_enrolments', 'retiring_keys'] LOOP
        EXECUTE format('CREATE TRIGGER audit_inserted AFTER INSERT ON wg_provision.%I REFERENCING NEW TABLE AS new_rows '
            'FOR EACH STATEMENT EXECUTE FUNCTION wg_provision.audit_inserted()', relation);
        EXECUTE format('CREATE TRIGGER audit_updated AFTER UPDATE ON wg_provision.%I REFERENCING OLD TABLE AS old_rows '
            'NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION wg_provision.audit_updated()', relation);
        EXECUTE format('CREATE TRIGGER audit_deleted AFTER DELETE ON wg_provision.%I REFERENCING OLD TABLE AS old_rows '
            'FOR EACH STATEMENT EXECUTE FUNCTION wg_provision.audit_deleted()', relation);
    END LOOP;
END
$$;

-- A peer that was added needs no approval any more.
CREATE FUNCTION wg_provision.peers_approved() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM wg_provision.sightings s USING new_rows p WHERE s.network_id = p.network_id AND s.public_key = p.public_key;
    DELETE FROM wg_provision.expected_keys e USING new_rows p WHERE e.public_key = p.public_key;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION wg_provision.peers_approved() IS 'Trigger: whoever is a peer is neither pending nor expected';
CREATE TRIGGER peers_approved AFTER INSERT ON wg_provision.peers
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION wg_provision.peers_approved();

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA wg_provision FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wg_provision.record_sightings(text, text[], bytea[], text[], inet[], integer[]),
    wg_provision.enrol_peer(text, text, bytea) TO wg_provision_daemon;

GRANT SELECT, INSERT, UPDATE, DELETE ON wg_provision.expected_keys, wg_provision.trial_enrolments,
    wg_provision.retiring_keys TO wg_provision_administrator;
GRANT SELECT, DELETE ON wg_provision.sightings TO wg_provision_administrator;
GRANT EXECUTE ON FUNCTION wg_provision.allow_trials(text, text, timestamptz, interval), wg_provision.end_trials(text),
    wg_provision.rotate_key(text, text, interval) TO wg_provision_administrator;
GRANT EXECUTE ON FUNCTION wg_provision.approve_key(text, text, text, cidr[], timestamptz, jsonb),
    wg_provision.expect_key(text, text, text, jsonb) TO wg_provision_administrator, wg_provision_onboarding;
GRANT SELECT ON wg_provision.pending_keys TO wg_provision_administrator, wg_provision_onboarding, wg_provision_viewer;
GRANT SELECT ON wg_provision.recent_refusals TO wg_provision_administrator, wg_provision_viewer;
GRANT SELECT ON wg_provision.sightings, wg_provision.expected_keys, wg_provision.retiring_keys TO wg_provision_viewer;
GRANT SELECT (network_id, ends_at, peers_expire_after, created_at) ON wg_provision.trial_enrolments TO wg_provision_viewer;
