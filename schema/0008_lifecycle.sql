-- How a peer lives on the gateways: how long it stays without a session, where it may be, which gateway had it last, and
-- how far the gateways are behind.

-- A domain, so that networks and peers have one rule. An array of one dimension from 1, as gateways read it.
CREATE DOMAIN wg_provision.source_list AS cidr[] CONSTRAINT source_list_shape CHECK (
    CASE WHEN array_ndims(VALUE) = 1 THEN
        cardinality(VALUE) <= 64 AND array_lower(VALUE, 1) = 1 AND array_position(VALUE, NULL) IS NULL
    ELSE VALUE IS NULL END);
COMMENT ON DOMAIN wg_provision.source_list IS 'Prefixes that a peer''s first packet may come from, 1 to 64';

ALTER TABLE wg_provision.networks
    ADD COLUMN idle_timeout     interval,
    ADD COLUMN allowed_sources  wg_provision.source_list,
    ADD COLUMN roaming          boolean NOT NULL DEFAULT true,
    ADD COLUMN several_gateways boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT networks_idle_timeout_range
        CHECK (idle_timeout BETWEEN interval '180 seconds' AND interval '30 days');
COMMENT ON COLUMN wg_provision.networks.idle_timeout IS
    'How long a peer stays on a gateway without a handshake, 180 seconds to 30 days; NULL for the gateway''s own setting';
COMMENT ON COLUMN wg_provision.networks.allowed_sources IS
    'Where the first packet of a peer must come from, 1 to 64 prefixes; NULL for anywhere';
COMMENT ON COLUMN wg_provision.networks.roaming IS 'False keeps a peer to the address that it was let in from';
COMMENT ON COLUMN wg_provision.networks.several_gateways IS
    'True lets a peer have sessions on several gateways at a time; false leaves it with the last one';

ALTER TABLE wg_provision.peers
    ADD COLUMN allowed_sources  wg_provision.source_list,
    ADD COLUMN roaming          boolean,
    ADD COLUMN several_gateways boolean,
    ADD COLUMN evict_last       boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN wg_provision.peers.allowed_sources IS
    'As of the network; NULL for the network''s, {0.0.0.0/0,::/0} for anywhere all the same';
COMMENT ON COLUMN wg_provision.peers.roaming IS 'As of the network; NULL for the network''s';
COMMENT ON COLUMN wg_provision.peers.several_gateways IS 'As of the network; NULL for the network''s';
COMMENT ON COLUMN wg_provision.peers.evict_last IS 'True lets others go first when an interface is full';

CREATE OR REPLACE FUNCTION wg_provision.networks_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF OLD.name IS DISTINCT FROM NEW.name THEN
        PERFORM wg_provision.note_change(OLD.name, NULL);
        PERFORM wg_provision.note_change(NEW.name, NULL);
    ELSIF (OLD.idle_timeout, OLD.allowed_sources::cidr[], OLD.roaming, OLD.several_gateways)
            IS DISTINCT FROM (NEW.idle_timeout, NEW.allowed_sources::cidr[], NEW.roaming, NEW.several_gateways) THEN
        PERFORM wg_provision.note_change(NEW.name, NULL);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION wg_provision.networks_changed() IS
    'Trigger: records that a network has another name, or other rules for the life of its peers';

-- Where each key had its latest session. A device's clock orders them: the later initiation is the later session, whichever
-- gateway writes first.
CREATE TABLE wg_provision.sessions (
    public_key bytea       PRIMARY KEY,
    peer_id    bigint      NOT NULL REFERENCES wg_provision.peers (id) ON DELETE CASCADE,
    gateway    text        NOT NULL,
    interface  text        NOT NULL,
    initiation bytea,
    claimed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT sessions_public_key_length CHECK (octet_length(public_key) = 32),
    CONSTRAINT sessions_gateway_length CHECK (length(gateway) BETWEEN 1 AND 255),
    CONSTRAINT sessions_interface_length CHECK (length(interface) BETWEEN 1 AND 15),
    CONSTRAINT sessions_initiation_length CHECK (octet_length(initiation) = 12)
) WITH (fillfactor = 70);
COMMENT ON TABLE wg_provision.sessions IS
    'The gateway that each key had its latest session on, its peer''s or a retiring one; written by the gateways';
COMMENT ON COLUMN wg_provision.sessions.public_key IS 'The key, 32 bytes';
COMMENT ON COLUMN wg_provision.sessions.peer_id IS 'Whose key';
COMMENT ON COLUMN wg_provision.sessions.gateway IS 'On which gateway';
COMMENT ON COLUMN wg_provision.sessions.interface IS 'On which of its interfaces';
COMMENT ON COLUMN wg_provision.sessions.initiation IS
    'The newest timestamp of a handshake initiation that led to a session, TAI64N, 12 bytes; at most 10 minutes ahead of the '
    'time when it was written; NULL when none was seen';
COMMENT ON COLUMN wg_provision.sessions.claimed_at IS
    'When the session came up, by the gateway''s clock; the time when it told, if that was earlier';
CREATE INDEX sessions_peer ON wg_provision.sessions (peer_id);

CREATE FUNCTION wg_provision.tai64n(instant timestamptz) RETURNS bytea
    LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp
AS $$
    SELECT int8send((1::bigint << 62) + 10 + floor(t.us / 1000000)::bigint) || int4send((mod(t.us, 1000000) * 1000)::integer)
    FROM (SELECT (extract(epoch FROM instant)::numeric * 1000000) AS us) AS t
$$;
COMMENT ON FUNCTION wg_provision.tai64n(timestamptz) IS
    'A time from 1970 on as WireGuard stamps its initiations: TAI64N, 12 bytes that sort as the times do';

-- Rows are locked in the order of the keys, new ones included, so that gateways that claim the same keys wait for each other
-- and never in a circle. What the second statement reads is then the last word.
CREATE FUNCTION wg_provision.claim_sessions(
        p_gateway text, p_interface text, p_network text, p_keys bytea[], p_initiations bytea[], p_handshakes_us bigint[])
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
DECLARE
    latest    CONSTANT bytea := wg_provision.tai64n(now() + interval '10 minutes');
    claims    record;
    displaced bytea[];
    first     integer;
BEGIN
    SELECT array_agg(c.key) AS keys, array_agg(c.initiation) AS initiations, array_agg(c.at) AS times,
            array_agg(c.peer_id) AS peers, array_agg(c.several) AS several INTO claims
        FROM (
            SELECT DISTINCT ON (r.key) r.key, CASE WHEN r.initiation > latest THEN latest ELSE r.initiation END AS initiation,
                least(to_timestamp(r.handshake_us / 1000000.0), now()) AS at, p.id AS peer_id,
                coalesce(p.several_gateways, n.several_gateways) AS several
            FROM unnest(p_keys, p_initiations, p_handshakes_us) AS r (key, initiation, handshake_us)
            CROSS JOIN LATERAL (
                SELECT k.id, k.network_id, k.several_gateways FROM wg_provision.peers k WHERE k.public_key = r.key
                UNION ALL
                SELECT q.id, q.network_id, q.several_gateways FROM wg_provision.retiring_keys k
                    JOIN wg_provision.peers q ON q.id = k.peer_id WHERE k.public_key = r.key LIMIT 1) AS p
            JOIN wg_provision.networks n ON n.id = p.network_id AND n.name = p_network
            ORDER BY r.key, r.initiation DESC NULLS LAST) AS c;
    PERFORM FROM wg_provision.peers p WHERE p.id = ANY (claims.peers) ORDER BY p.id FOR KEY SHARE;
    INSERT INTO wg_provision.sessions AS s (public_key, peer_id, gateway, interface, initiation, claimed_at)
        SELECT c.key, c.peer, p_gateway, p_interface, c.initiation, c.at
        FROM unnest(claims.keys, claims.peers, claims.initiations, claims.times) AS c (key, peer, initiation, at)
        JOIN wg_provision.peers p ON p.id = c.peer -- unless it was deleted meanwhile
        ORDER BY c.key
        ON CONFLICT (public_key) DO UPDATE SET claimed_at = s.claimed_at WHERE false; -- only locks
    WITH before AS (
        SELECT s.public_key, (s.gateway, s.interface) IS DISTINCT FROM (p_gateway, p_interface) AS moves, c.peer, c.initiation,
            c.several, c.at
        FROM unnest(claims.keys, claims.peers, claims.initiations, claims.several, claims.times)
            AS c (key, peer, initiation, several, at)
        JOIN wg_provision.sessions s ON s.public_key = c.key
        WHERE CASE WHEN c.initiation IS NULL OR s.initiation IS NULL THEN c.at >= s.claimed_at
            ELSE c.initiation >= s.initiation END
    ), claimed AS (
        UPDATE wg_provision.sessions s SET peer_id = b.peer, gateway = p_gateway, interface = p_interface,
                initiation = coalesce(b.initiation, s.initiation), claimed_at = b.at
            FROM before b WHERE s.public_key = b.public_key
            RETURNING s.public_key, b.moves AND NOT b.several AS displaces
    )
    SELECT array_agg(c.public_key) INTO displaced FROM claimed c WHERE c.displaces;
    -- In pieces, because a change without keys would have every gateway look up everybody.
    FOR first IN SELECT generate_series(1, cardinality(displaced), 100) LOOP
        PERFORM wg_provision.note_change(p_network, displaced[first:first + 99]);
    END LOOP;
    -- A device that has another key by now.
    DELETE FROM wg_provision.sessions s USING wg_provision.peers p
        WHERE s.peer_id = ANY (claims.peers) AND p.id = s.peer_id AND p.public_key <> s.public_key
        AND NOT EXISTS (SELECT FROM wg_provision.retiring_keys r WHERE r.public_key = s.public_key);
END
$$;
COMMENT ON FUNCTION wg_provision.claim_sessions(text, text, text, bytea[], bytea[], bigint[]) IS
    'For the daemon: these keys have a session here now; arrays of one length, times of handshakes in microseconds since 1970. '
    'An initiation older than the stored one is passed over, as is a key that is no peer of the network; without one the time '
    'of the handshake decides, and the stored one stays. The gateway that had a key hears of it as of a change, unless the peer '
    'may be on several';

CREATE FUNCTION wg_provision.forget_initiations(public_key text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    peer CONSTANT bigint := wg_provision.peer_id(public_key);
BEGIN
    UPDATE wg_provision.sessions s SET initiation = NULL WHERE s.peer_id = peer;
    PERFORM wg_provision.note_change(n.name, ARRAY(
            SELECT p.public_key UNION SELECT r.public_key FROM wg_provision.retiring_keys r WHERE r.peer_id = peer))
        FROM wg_provision.peers p JOIN wg_provision.networks n ON n.id = p.network_id WHERE p.id = peer;
END
$$;
COMMENT ON FUNCTION wg_provision.forget_initiations(text) IS
    'Lets a device in whose clock went back: here and on the gateways nothing is remembered of its handshakes';

-- As before, and what a peer's life on a gateway depends on.
DROP FUNCTION wg_provision.find_peers(text[], bytea[]);
CREATE FUNCTION wg_provision.find_peers(p_networks text[], p_public_keys bytea[])
    RETURNS TABLE (
        ordinal           integer,
        public_key        bytea,
        verdict           text,
        peer_id           bigint,
        preshared_key     bytea,
        keepalive_seconds integer,
        allowed_ips       cidr[],
        expires_at_us     bigint,
        session_gateway   text,
        session_interface text,
        newest_initiation bytea,
        idle_timeout_s    integer,
        allowed_sources   cidr[],
        roaming           boolean,
        several_gateways  boolean,
        evict_last        boolean)
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
           coalesce(found.preshared_key, newcomer.preshared_key),
           CASE WHEN judged.verdict = 'trial' THEN 0 ELSE found.keepalive_seconds END,
           CASE WHEN found.id IS NOT NULL THEN
               ARRAY(SELECT a.prefix FROM wg_provision.allowed_ips a WHERE a.peer_id = found.id)
           WHEN judged.verdict = 'trial' THEN '{}' END,
           (extract(epoch FROM found.expires_at) * 1000000)::bigint,
           session.gateway,
           session.interface,
           session.initiation,
           extract(epoch FROM coalesce(found.idle_timeout, newcomer.idle_timeout))::integer,
           coalesce(found.allowed_sources, newcomer.allowed_sources)::cidr[],
           coalesce(found.roaming, newcomer.roaming),
           coalesce(found.several_gateways, newcomer.several_gateways),
           found.evict_last
    FROM unnest(p_networks, p_public_keys) WITH ORDINALITY AS asked (network, public_key, ordinal)
    LEFT JOIN wg_provision.peers k ON k.public_key = asked.public_key
    LEFT JOIN LATERAL (
        SELECT k.id, k.network_id, k.preshared_key, k.keepalive_seconds, k.enabled, k.not_before, k.expires_at,
                k.allowed_sources, k.roaming, k.several_gateways, k.evict_last
            WHERE k.id IS NOT NULL
        UNION ALL
        SELECT q.id, q.network_id, q.preshared_key, q.keepalive_seconds, q.enabled, q.not_before,
                least(q.expires_at, r.ends_at), q.allowed_sources, q.roaming, q.several_gateways, q.evict_last
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
        END AS verdict OFFSET 0) AS judged -- judged once, not wherever the verdict is used
    LEFT JOIN LATERAL (
        SELECT p.id, p.preshared_key, p.keepalive_seconds, p.expires_at, n.idle_timeout,
            coalesce(p.allowed_sources, n.allowed_sources) AS allowed_sources, coalesce(p.roaming, n.roaming) AS roaming,
            coalesce(p.several_gateways, n.several_gateways) AS several_gateways, p.evict_last
        WHERE judged.verdict = 'found') AS found ON true
    LEFT JOIN LATERAL (
        SELECT t.preshared_key, m.idle_timeout, m.allowed_sources, m.roaming, m.several_gateways
        FROM wg_provision.networks m
        LEFT JOIN wg_provision.trial_enrolments t ON t.network_id = m.id AND judged.verdict = 'trial'
        WHERE judged.verdict IN ('expected', 'trial') AND m.name = asked.network) AS newcomer ON true
    LEFT JOIN LATERAL (
        SELECT s.gateway, s.interface, s.initiation FROM wg_provision.sessions s
        WHERE judged.verdict = 'found' AND s.public_key = asked.public_key) AS session ON true;
END
$$;
COMMENT ON FUNCTION wg_provision.find_peers(text[], bytea[]) IS
    'One row per asked (network, public key), in any order; verdict is found, unknown, revoked, other_network, disabled, '
    'not_yet_valid, expired, expected or trial, by this server''s clock; the columns after it are NULL unless found, or trial: '
    'then the enrolment key, and no addresses. Of expected and trial the network''s rules are told as well';

DROP FUNCTION wg_provision.enrol_peer(text, text, bytea);
CREATE FUNCTION wg_provision.enrol_peer(p_gateway text, p_network text, p_public_key bytea)
    RETURNS TABLE (
        ordinal           integer,
        public_key        bytea,
        verdict           text,
        peer_id           bigint,
        preshared_key     bytea,
        keepalive_seconds integer,
        allowed_ips       cidr[],
        expires_at_us     bigint,
        session_gateway   text,
        session_interface text,
        newest_initiation bytea,
        idle_timeout_s    integer,
        allowed_sources   cidr[],
        roaming           boolean,
        several_gateways  boolean,
        evict_last        boolean)
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
    RETURN QUERY SELECT 1, p_public_key, 'not_enrolled', NULL::bigint, NULL::bytea, NULL::integer, NULL::cidr[], NULL::bigint,
        NULL::text, NULL::text, NULL::bytea, NULL::integer, NULL::cidr[], NULL::boolean, NULL::boolean, NULL::boolean;
END
$$;
COMMENT ON FUNCTION wg_provision.enrol_peer(text, text, bytea) IS
    'For the daemon: makes a peer of a device that is expected, or that has passed its trial, and answers as find_peers '
    'does; not_enrolled, and a warning in the server''s log, where it cannot have an address';

-- One row per place, with totals that go on when a counter begins anew.
ALTER TABLE wg_provision.activity
    DROP CONSTRAINT activity_pkey,
    ADD COLUMN public_key bytea,
    ADD COLUMN total_received_bytes bigint NOT NULL DEFAULT 0,
    ADD COLUMN total_sent_bytes     bigint NOT NULL DEFAULT 0;
UPDATE wg_provision.activity a SET total_received_bytes = received_bytes, total_sent_bytes = sent_bytes,
    public_key = (SELECT p.public_key FROM wg_provision.peers p WHERE p.id = a.peer_id);
ALTER TABLE wg_provision.activity
    ADD PRIMARY KEY (peer_id, gateway, interface, public_key),
    ADD CONSTRAINT activity_public_key_length CHECK (octet_length(public_key) = 32),
    ALTER COLUMN total_received_bytes DROP DEFAULT, ALTER COLUMN total_sent_bytes DROP DEFAULT;
COMMENT ON TABLE wg_provision.activity IS
    'The last session of each peer on each interface where a gateway could report one; written by the gateways';
COMMENT ON COLUMN wg_provision.activity.public_key IS 'With which key: the peer''s, or one that is on its way out';
COMMENT ON COLUMN wg_provision.activity.total_received_bytes IS
    'From the device on this interface, all sessions together, as far as they were reported';
COMMENT ON COLUMN wg_provision.activity.total_sent_bytes IS
    'To the device on this interface, all sessions together, as far as they were reported';

ALTER TABLE wg_provision.interfaces ADD COLUMN position text;
COMMENT ON COLUMN wg_provision.interfaces.position IS
    'Which changes it has heard of: a snapshot, as changes_after gives it; NULL for none yet';

DROP FUNCTION wg_provision.report_interface(text, text, text, text, bytea, integer, bytea[], inet[], integer[], bigint[],
    bigint[], bigint[]);
CREATE FUNCTION wg_provision.report_interface(
        p_gateway text, p_version text, p_interface text, p_network text, p_public_key bytea, p_peers integer,
        p_keys bytea[], p_addresses inet[], p_ports integer[], p_handshakes_us bigint[], p_received bigint[], p_sent bigint[],
        p_position text DEFAULT NULL)
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET synchronous_commit = off
AS $$
DECLARE
    reporting integer;
BEGIN
    INSERT INTO wg_provision.gateways AS g (name, version) VALUES (p_gateway, p_version)
        ON CONFLICT (name) DO UPDATE SET version = excluded.version, last_seen = excluded.last_seen
        RETURNING g.id INTO reporting;
    INSERT INTO wg_provision.interfaces AS i (gateway_id, name, network_id, public_key, peers, position)
        SELECT reporting, p_interface, n.id, p_public_key, p_peers, nullif(p_position, '')::pg_snapshot::text
        FROM wg_provision.networks n WHERE n.name = p_network
        ON CONFLICT (gateway_id, name) DO UPDATE SET network_id = excluded.network_id, public_key = excluded.public_key,
            peers = excluded.peers, position = excluded.position, last_seen = excluded.last_seen;
    INSERT INTO wg_provision.activity AS a (peer_id, gateway, interface, public_key, address, port, since, last_handshake,
            received_bytes, sent_bytes, total_received_bytes, total_sent_bytes)
        SELECT DISTINCT ON (r.key) p.id, p_gateway, p_interface, r.key, r.address, r.port, h.at, h.at, r.received, r.sent,
            r.received, r.sent
        FROM unnest(p_keys, p_addresses, p_ports, p_handshakes_us, p_received, p_sent)
            AS r (key, address, port, handshake_us, received, sent)
        CROSS JOIN LATERAL (SELECT least(to_timestamp(r.handshake_us / 1000000.0), now()) AS at) AS h
        CROSS JOIN LATERAL (
            SELECT k.id FROM wg_provision.peers k WHERE k.public_key = r.key
            UNION ALL SELECT k.peer_id FROM wg_provision.retiring_keys k WHERE k.public_key = r.key LIMIT 1) AS p
        -- A gateway that has lost the session has nothing to say any more.
        WHERE NOT EXISTS (
            SELECT FROM wg_provision.sessions s JOIN wg_provision.peers k ON k.id = p.id
            JOIN wg_provision.networks n ON n.id = k.network_id
            WHERE s.public_key = r.key AND (s.gateway, s.interface) IS DISTINCT FROM (p_gateway, p_interface)
            AND NOT coalesce(k.several_gateways, n.several_gateways))
        ORDER BY r.key, h.at DESC
        ON CONFLICT (peer_id, gateway, interface, public_key) DO UPDATE SET address = excluded.address, port = excluded.port,
            last_handshake = excluded.last_handshake, received_bytes = excluded.received_bytes,
            sent_bytes = excluded.sent_bytes, reported_at = excluded.reported_at,
            total_received_bytes = a.total_received_bytes + excluded.received_bytes
                - CASE WHEN excluded.received_bytes >= a.received_bytes THEN a.received_bytes ELSE 0 END,
            total_sent_bytes = a.total_sent_bytes + excluded.sent_bytes
                - CASE WHEN excluded.sent_bytes >= a.sent_bytes THEN a.sent_bytes ELSE 0 END,
            since = CASE WHEN a.reported_at > now() - interval '5 minutes' THEN a.since ELSE excluded.since END;
END
$$;
COMMENT ON FUNCTION wg_provision.report_interface(text, text, text, text, bytea, integer, bytea[], inet[], integer[], bigint[],
        bigint[], bigint[], text) IS
    'For the daemon: an interface, and those of its peers that have had a handshake lately; arrays of one length, times in '
    'microseconds since 1970, counters as the interface has them; last the position of the changes that it has heard of, empty '
    'or NULL for none. Of a peer that has its session elsewhere nothing is taken';

CREATE OR REPLACE VIEW wg_provision.active_peers AS
    SELECT DISTINCT ON (a.peer_id) n.name AS network, p.name, encode(p.public_key, 'base64') AS public_key, a.gateway,
        a.interface, a.since, a.address, a.port, a.last_handshake, a.received_bytes, a.sent_bytes,
        (SELECT sum(t.total_received_bytes)::bigint FROM wg_provision.activity t WHERE t.peer_id = a.peer_id)
            AS total_received_bytes,
        (SELECT sum(t.total_sent_bytes)::bigint FROM wg_provision.activity t WHERE t.peer_id = a.peer_id) AS total_sent_bytes
    FROM wg_provision.activity a JOIN wg_provision.peers p ON p.id = a.peer_id
    JOIN wg_provision.networks n ON n.id = p.network_id
    WHERE a.last_handshake > now() - interval '5 minutes'
    ORDER BY a.peer_id, a.last_handshake DESC;
COMMENT ON VIEW wg_provision.active_peers IS
    'Who has a session, where and since when: the newest handshake of the last five minutes, as of the gateways'' last reports. '
    'The totals are of all sessions that were reported, on every gateway';

CREATE OR REPLACE VIEW wg_provision.gateway_list AS
    SELECT g.name AS gateway, i.name AS interface, n.name AS network, encode(i.public_key, 'base64') AS public_key, i.peers,
        g.version, coalesce(i.last_seen, g.last_seen) AS last_seen,
        coalesce(i.last_seen, g.last_seen) > now() - interval '3 minutes' AS is_alive,
        CASE WHEN i.position IS NOT NULL THEN coalesce((
            SELECT round(extract(epoch FROM now() - min(c.changed_at)))::integer FROM wg_provision.changes c
            WHERE c.network = n.name AND c.xid >= pg_snapshot_xmin(i.position::pg_snapshot)
            AND NOT pg_visible_in_snapshot(c.xid, i.position::pg_snapshot)), 0) END AS changes_behind
    FROM wg_provision.gateways g LEFT JOIN wg_provision.interfaces i ON i.gateway_id = g.id
    LEFT JOIN wg_provision.networks n ON n.id = i.network_id;
COMMENT ON VIEW wg_provision.gateway_list IS
    'Gateways and the interfaces that they serve; alive: reported in the last 3 minutes. changes_behind: seconds since the '
    'oldest change that it had not heard of at its last report, up to a minute ago; NULL where it did not tell';

CREATE OR REPLACE VIEW wg_provision.peer_list AS
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
           p.updated_at,
           (SELECT max(a.last_handshake) FROM wg_provision.activity a WHERE a.peer_id = p.id) AS last_seen,
           p.allowed_sources,
           p.roaming,
           p.several_gateways,
           p.evict_last
    FROM wg_provision.peers p JOIN wg_provision.networks n ON n.id = p.network_id;

-- As before, with the columns that it has more.
CREATE OR REPLACE FUNCTION wg_provision.peer_list_write() RETURNS trigger
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
        UPDATE wg_provision.peers p SET allowed_sources = NEW.allowed_sources, roaming = NEW.roaming,
            several_gateways = NEW.several_gateways, evict_last = coalesce(NEW.evict_last, false)
            WHERE p.id = written AND (num_nonnulls(NEW.allowed_sources, NEW.roaming, NEW.several_gateways) > 0
                OR NEW.evict_last);
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
            expires_at = NEW.expires_at, name = NEW.name, comment = NEW.comment, labels = NEW.labels,
            allowed_sources = NEW.allowed_sources, roaming = NEW.roaming, several_gateways = NEW.several_gateways,
            evict_last = NEW.evict_last
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

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA wg_provision FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wg_provision.find_peers(text[], bytea[])
    TO wg_provision_daemon, wg_provision_administrator;
GRANT EXECUTE ON FUNCTION wg_provision.enrol_peer(text, text, bytea),
    wg_provision.claim_sessions(text, text, text, bytea[], bytea[], bigint[]),
    wg_provision.report_interface(text, text, text, text, bytea, integer, bytea[], inet[], integer[], bigint[], bigint[],
        bigint[], text) TO wg_provision_daemon;
GRANT EXECUTE ON FUNCTION wg_provision.forget_initiations(text) TO wg_provision_administrator;
GRANT SELECT ON wg_provision.sessions TO wg_provision_administrator, wg_provision_viewer;
GRANT SELECT (allowed_sources, roaming, several_gateways, evict_last) ON wg_provision.peers TO wg_provision_viewer;
