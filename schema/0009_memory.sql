-- What outlives a peer and a gateway: the newest initiation of a key whose peer was deleted, and what went through a gateway
-- that is gone. And nobody waits in a circle: who deletes peers and the gateways that report them.

-- A key may be added again, and its initiations from before are recordings.
CREATE TABLE wg_provision.past_initiations (
    public_key bytea       PRIMARY KEY,
    initiation bytea       NOT NULL,
    kept_since timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT past_initiations_public_key_length CHECK (octet_length(public_key) = 32),
    CONSTRAINT past_initiations_initiation_length CHECK (octet_length(initiation) = 12)
);
COMMENT ON TABLE wg_provision.past_initiations IS
    'The newest initiation of keys that lost their row in sessions in the last 90 days, as when their peer was deleted';
COMMENT ON COLUMN wg_provision.past_initiations.public_key IS 'The key, 32 bytes';
COMMENT ON COLUMN wg_provision.past_initiations.initiation IS 'As in sessions';
COMMENT ON COLUMN wg_provision.past_initiations.kept_since IS 'When the row in sessions went';
CREATE INDEX past_initiations_kept_since ON wg_provision.past_initiations (kept_since);

CREATE FUNCTION wg_provision.sessions_deleted() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO wg_provision.past_initiations AS i (public_key, initiation)
        SELECT o.public_key, o.initiation FROM old_rows o WHERE o.initiation IS NOT NULL ORDER BY o.public_key
        ON CONFLICT (public_key) DO UPDATE SET initiation = greatest(i.initiation, excluded.initiation),
            kept_since = excluded.kept_since;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION wg_provision.sessions_deleted() IS 'Trigger: keeps the newest initiation of a key';
CREATE TRIGGER sessions_deleted AFTER DELETE ON wg_provision.sessions
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION wg_provision.sessions_deleted();

CREATE OR REPLACE FUNCTION wg_provision.forget_initiations(public_key text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    peer CONSTANT bigint := wg_provision.peer_id(public_key);
    keys CONSTANT bytea[] := ARRAY(
        SELECT p.public_key FROM wg_provision.peers p WHERE p.id = peer
        UNION SELECT r.public_key FROM wg_provision.retiring_keys r WHERE r.peer_id = peer);
BEGIN
    PERFORM FROM wg_provision.peers p WHERE p.id = peer FOR UPDATE; -- as claims expect it
    UPDATE wg_provision.sessions s SET initiation = NULL WHERE s.peer_id = peer;
    DELETE FROM wg_provision.past_initiations i WHERE i.public_key = ANY (keys);
    PERFORM wg_provision.note_change(n.name, keys)
        FROM wg_provision.peers p JOIN wg_provision.networks n ON n.id = p.network_id WHERE p.id = peer;
END
$$;

-- As before, and what is remembered from before the peer was added.
CREATE OR REPLACE FUNCTION wg_provision.find_peers(p_networks text[], p_public_keys bytea[])
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
           greatest(session.initiation, past.initiation),
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
        WHERE judged.verdict = 'found' AND s.public_key = asked.public_key) AS session ON true
    LEFT JOIN LATERAL (
        SELECT i.initiation FROM wg_provision.past_initiations i
        WHERE judged.verdict IN ('found', 'expected', 'trial') AND i.public_key = asked.public_key) AS past ON true;
END
$$;
COMMENT ON FUNCTION wg_provision.find_peers(text[], bytea[]) IS
    'One row per asked (network, public key), in any order; verdict is found, unknown, revoked, other_network, disabled, '
    'not_yet_valid, expired, expected or trial, by this server''s clock; the columns after it are NULL unless found, or trial: '
    'then the enrolment key, and no addresses. Of expected and trial the network''s rules and the newest initiation are told '
    'as well';

-- What is to be tidied up is tidied by the gateways' reports, once a minute and a little at a time, whoever comes first.
CREATE TABLE wg_provision.sweeps (
    only_row  boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    swept_at  timestamptz NOT NULL DEFAULT now(),
    next_peer bigint      NOT NULL DEFAULT 0
);
COMMENT ON TABLE wg_provision.sweeps IS 'Where the tidying up stands; one row';
COMMENT ON COLUMN wg_provision.sweeps.only_row IS 'Always true: keeps the table at one row';
COMMENT ON COLUMN wg_provision.sweeps.swept_at IS 'When a gateway''s report tidied up last';
COMMENT ON COLUMN wg_provision.sweeps.next_peer IS 'The id after which the next one goes on; 0 begins anew';
INSERT INTO wg_provision.sweeps DEFAULT VALUES;

CREATE TABLE wg_provision.past_activity (
    peer_id              bigint      PRIMARY KEY REFERENCES wg_provision.peers (id) ON DELETE CASCADE,
    last_handshake       timestamptz NOT NULL,
    total_received_bytes bigint      NOT NULL,
    total_sent_bytes     bigint      NOT NULL
);
COMMENT ON TABLE wg_provision.past_activity IS
    'What is left of rows in activity whose gateway, interface or key is gone: one row for each peer';
COMMENT ON COLUMN wg_provision.past_activity.peer_id IS 'Whose';
COMMENT ON COLUMN wg_provision.past_activity.last_handshake IS 'The newest of them';
COMMENT ON COLUMN wg_provision.past_activity.total_received_bytes IS 'Of all of them together';
COMMENT ON COLUMN wg_provision.past_activity.total_sent_bytes IS 'Of all of them together';

ALTER TABLE wg_provision.sessions
    ALTER COLUMN gateway DROP NOT NULL,
    ALTER COLUMN interface DROP NOT NULL,
    ADD CONSTRAINT sessions_place_whole CHECK ((gateway IS NULL) = (interface IS NULL));
COMMENT ON COLUMN wg_provision.sessions.gateway IS 'On which gateway; NULL when that has not reported for 30 days';
COMMENT ON COLUMN wg_provision.sessions.interface IS 'On which of its interfaces; NULL with the gateway';

CREATE FUNCTION wg_provision.is_served(p_gateway text, p_interface text) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT p_gateway IS NULL OR EXISTS (
        SELECT FROM wg_provision.gateways g JOIN wg_provision.interfaces i ON i.gateway_id = g.id
        WHERE g.name = p_gateway AND i.name = p_interface AND i.last_seen >= now() - interval '30 days')
$$;
COMMENT ON FUNCTION wg_provision.is_served(text, text) IS
    'Part of tidying up: whether a gateway has reported an interface in the last 30 days';

CREATE FUNCTION wg_provision.is_key_of(peer wg_provision.peers, key bytea) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT peer.public_key = key
        OR EXISTS (SELECT FROM wg_provision.retiring_keys r
            WHERE r.public_key = key AND r.peer_id = peer.id AND r.ends_at > now())
$$;
COMMENT ON FUNCTION wg_provision.is_key_of(wg_provision.peers, bytea) IS
    'Part of tidying up: whether a peer has this key, or has it for a while';

-- Waits for nobody, so that no report is held up by it and nobody waits in a circle.
CREATE FUNCTION wg_provision.sweep() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    most CONSTANT integer := 1000;
    old  CONSTANT timestamptz := now() - interval '30 days';
    turn wg_provision.sweeps;
    ids  bigint[];
BEGIN
    SELECT * INTO turn FROM wg_provision.sweeps s WHERE s.swept_at <= now() - interval '1 minute' FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    DELETE FROM wg_provision.past_initiations p WHERE p.public_key IN (
        SELECT i.public_key FROM wg_provision.past_initiations i WHERE i.kept_since < now() - interval '90 days'
        ORDER BY i.kept_since LIMIT most FOR UPDATE SKIP LOCKED);
    ids := ARRAY(SELECT p.id FROM wg_provision.peers p WHERE p.id > turn.next_peer ORDER BY p.id LIMIT most);
    UPDATE wg_provision.sweeps SET swept_at = now(), next_peer = CASE cardinality(ids) WHEN most THEN ids[most] ELSE 0 END;
    -- An interface that reports again counts what was before once more, so it has to be gone for long.
    WITH gone AS (
        SELECT a.peer_id, a.gateway, a.interface, a.public_key
        FROM wg_provision.activity a JOIN wg_provision.peers p ON p.id = a.peer_id
        WHERE a.peer_id = ANY (ids) AND a.reported_at < old AND (
            NOT wg_provision.is_served(a.gateway, a.interface) OR NOT wg_provision.is_key_of(p, a.public_key))
        FOR UPDATE OF a SKIP LOCKED FOR KEY SHARE OF p SKIP LOCKED
    ), removed AS (
        DELETE FROM wg_provision.activity a USING gone g WHERE (a.peer_id, a.gateway, a.interface, a.public_key)
            = (g.peer_id, g.gateway, g.interface, g.public_key) RETURNING a.*
    )
    INSERT INTO wg_provision.past_activity AS p (peer_id, last_handshake, total_received_bytes, total_sent_bytes)
        SELECT r.peer_id, max(r.last_handshake), sum(r.total_received_bytes), sum(r.total_sent_bytes)
        FROM removed r GROUP BY r.peer_id
        ON CONFLICT (peer_id) DO UPDATE SET last_handshake = greatest(p.last_handshake, excluded.last_handshake),
            total_received_bytes = p.total_received_bytes + excluded.total_received_bytes,
            total_sent_bytes = p.total_sent_bytes + excluded.total_sent_bytes;
    -- The initiation of a peer's key stays, however long ago it was.
    WITH gone AS (
        SELECT s.public_key, s.initiation IS NOT NULL AND wg_provision.is_key_of(p, s.public_key) AS is_remembered
        FROM wg_provision.sessions s JOIN wg_provision.peers p ON p.id = s.peer_id
        WHERE s.peer_id = ANY (ids) AND s.claimed_at < old AND (
            NOT wg_provision.is_served(s.gateway, s.interface) OR NOT wg_provision.is_key_of(p, s.public_key))
        FOR UPDATE OF s SKIP LOCKED
    ), removed AS (
        DELETE FROM wg_provision.sessions s USING gone g WHERE s.public_key = g.public_key AND NOT g.is_remembered
    )
    UPDATE wg_provision.sessions s SET gateway = NULL, interface = NULL
        FROM gone g WHERE s.public_key = g.public_key AND g.is_remembered;
END
$$;
COMMENT ON FUNCTION wg_provision.sweep() IS
    'Part of the reports, once a minute: 1000 initiations at most that were kept for their time, and of the next 1000 peers '
    'what gateways, interfaces and keys have left behind that are gone for 30 days. Totals stay';

-- As before, but it waits for nobody who deletes or changes a peer: they may have one and want another that is claimed here
-- as well. Whoever writes sessions has their peer first, so that claims wait for each other only, in the order of the keys.
DROP FUNCTION wg_provision.claim_sessions(text, text, text, bytea[], bytea[], bigint[]);
CREATE FUNCTION wg_provision.claim_sessions(
        p_gateway text, p_interface text, p_network text, p_keys bytea[], p_initiations bytea[], p_handshakes_us bigint[])
    RETURNS bytea[]
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
DECLARE
    latest    CONSTANT bytea := wg_provision.tai64n(now() + interval '10 minutes');
    claims    record;
    free      bigint[];
    busy      bytea[] := '{}';
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
    free := ARRAY(
        SELECT p.id FROM wg_provision.peers p WHERE p.id = ANY (claims.peers) ORDER BY p.id FOR KEY SHARE SKIP LOCKED);
    IF cardinality(free) < cardinality(claims.peers) THEN
        busy := ARRAY(
            SELECT c.key FROM unnest(claims.keys, claims.peers) AS c (key, peer) WHERE c.peer <> ALL (free) ORDER BY c.key);
        SELECT array_agg(c.key) AS keys, array_agg(c.initiation) AS initiations, array_agg(c.at) AS times,
                array_agg(c.peer) AS peers, array_agg(c.several) AS several INTO claims
            FROM unnest(claims.keys, claims.initiations, claims.times, claims.peers, claims.several)
                AS c (key, initiation, at, peer, several)
            WHERE c.peer = ANY (free);
    END IF;
    INSERT INTO wg_provision.sessions AS s (public_key, peer_id, gateway, interface, initiation, claimed_at)
        SELECT c.key, c.peer, p_gateway, p_interface, c.initiation, c.at
        FROM unnest(claims.keys, claims.peers, claims.initiations, claims.times) AS c (key, peer, initiation, at)
        ORDER BY c.key
        ON CONFLICT (public_key) DO UPDATE SET claimed_at = s.claimed_at WHERE false; -- only locks
    WITH before AS (
        SELECT s.public_key, (s.gateway, s.interface) <> (p_gateway, p_interface) AS moves, c.peer, c.initiation,
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
    RETURN busy;
END
$$;
COMMENT ON FUNCTION wg_provision.claim_sessions(text, text, text, bytea[], bytea[], bigint[]) IS
    'For the daemon: these keys have a session here now; arrays of one length, times of handshakes in microseconds since 1970. '
    'An initiation older than the stored one is passed over, as is a key that is no peer of the network; without one the time '
    'of the handshake decides, and the stored one stays. The gateway that had a key hears of it as of a change, unless the '
    'peer may be on several. Returns the keys whose peer somebody is changing or deleting: they are to be claimed again';

-- As before, with what is gone.
CREATE OR REPLACE VIEW wg_provision.active_peers AS
    SELECT DISTINCT ON (a.peer_id) n.name AS network, p.name, encode(p.public_key, 'base64') AS public_key, a.gateway,
        a.interface, a.since, a.address, a.port, a.last_handshake, a.received_bytes, a.sent_bytes,
        (SELECT sum(t.total_received_bytes)::bigint FROM wg_provision.activity t WHERE t.peer_id = a.peer_id)
            + coalesce((SELECT t.total_received_bytes FROM wg_provision.past_activity t WHERE t.peer_id = a.peer_id), 0)
            AS total_received_bytes,
        (SELECT sum(t.total_sent_bytes)::bigint FROM wg_provision.activity t WHERE t.peer_id = a.peer_id)
            + coalesce((SELECT t.total_sent_bytes FROM wg_provision.past_activity t WHERE t.peer_id = a.peer_id), 0)
            AS total_sent_bytes
    FROM wg_provision.activity a JOIN wg_provision.peers p ON p.id = a.peer_id
    JOIN wg_provision.networks n ON n.id = p.network_id
    WHERE a.last_handshake > now() - interval '5 minutes'
    ORDER BY a.peer_id, a.last_handshake DESC;

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
           greatest((SELECT max(a.last_handshake) FROM wg_provision.activity a WHERE a.peer_id = p.id),
               (SELECT a.last_handshake FROM wg_provision.past_activity a WHERE a.peer_id = p.id)) AS last_seen,
           p.allowed_sources,
           p.roaming,
           p.several_gateways,
           p.evict_last
    FROM wg_provision.peers p JOIN wg_provision.networks n ON n.id = p.network_id;

-- As before, and tidies up. A peer that somebody deletes meanwhile is not waited for but left out, for the reason that claims
-- have: first come the rows that there are, then the peers of new ones. Each is looked up by itself: a plan that joins them
-- all takes half a minute for ten thousand while the table is new.
CREATE OR REPLACE FUNCTION wg_provision.report_interface(
        p_gateway text, p_version text, p_interface text, p_network text, p_public_key bytea, p_peers integer,
        p_keys bytea[], p_addresses inet[], p_ports integer[], p_handshakes_us bigint[], p_received bigint[], p_sent bigint[],
        p_position text DEFAULT NULL)
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET synchronous_commit = off
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
DECLARE
    reporting integer;
    reported  bytea[];
    added     bigint[];
BEGIN
    INSERT INTO wg_provision.gateways AS g (name, version) VALUES (p_gateway, p_version)
        ON CONFLICT (name) DO UPDATE SET version = excluded.version, last_seen = excluded.last_seen
        RETURNING g.id INTO reporting;
    INSERT INTO wg_provision.interfaces AS i (gateway_id, name, network_id, public_key, peers, position)
        SELECT reporting, p_interface, n.id, p_public_key, p_peers, nullif(p_position, '')::pg_snapshot::text
        FROM wg_provision.networks n WHERE n.name = p_network
        ON CONFLICT (gateway_id, name) DO UPDATE SET network_id = excluded.network_id, public_key = excluded.public_key,
            peers = excluded.peers, position = excluded.position, last_seen = excluded.last_seen;
    reported := ARRAY(
        SELECT r.key FROM unnest(p_keys) AS r (key) CROSS JOIN LATERAL (
            SELECT k.id FROM wg_provision.peers k WHERE k.public_key = r.key
            UNION ALL SELECT k.peer_id FROM wg_provision.retiring_keys k WHERE k.public_key = r.key LIMIT 1) AS p
        CROSS JOIN LATERAL (
            SELECT FROM wg_provision.activity a
            WHERE (a.peer_id, a.gateway, a.interface, a.public_key) = (p.id, p_gateway, p_interface, r.key)
            FOR UPDATE SKIP LOCKED) AS locked);
    added := ARRAY(
        SELECT p.id FROM unnest(p_keys) AS r (key) CROSS JOIN LATERAL (
            SELECT k.id FROM wg_provision.peers k WHERE k.public_key = r.key
            UNION ALL SELECT k.peer_id FROM wg_provision.retiring_keys k WHERE k.public_key = r.key LIMIT 1) AS k
        JOIN wg_provision.peers p ON p.id = k.id
        WHERE (
            SELECT true FROM wg_provision.activity a
            WHERE (a.peer_id, a.gateway, a.interface, a.public_key) = (k.id, p_gateway, p_interface, r.key)) IS NULL
        ORDER BY p.id FOR KEY SHARE OF p SKIP LOCKED);
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
        WHERE (r.key IN (SELECT unnest(reported)) OR p.id IN (SELECT unnest(added)))
        -- A gateway that has lost the session has nothing to say any more.
        AND NOT EXISTS (
            SELECT FROM wg_provision.sessions s JOIN wg_provision.peers k ON k.id = p.id
            JOIN wg_provision.networks n ON n.id = k.network_id
            WHERE s.public_key = r.key AND (s.gateway, s.interface) <> (p_gateway, p_interface)
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
    PERFORM wg_provision.sweep();
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA wg_provision FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wg_provision.claim_sessions(text, text, text, bytea[], bytea[], bigint[]) TO wg_provision_daemon;
GRANT SELECT ON wg_provision.past_initiations, wg_provision.past_activity, wg_provision.sweeps
    TO wg_provision_administrator, wg_provision_viewer;
