-- Which gateway is which. A name is for people; what tells one daemon from another is a random number that it makes at its
-- start, and which of two sessions is the later one is told by their times. And a network is the same under another name.

CREATE TABLE wg_provision.gateway_runs (
    run        uuid        PRIMARY KEY,
    gateway_id integer     NOT NULL REFERENCES wg_provision.gateways (id) ON DELETE CASCADE,
    machine    text,
    host       text        NOT NULL,
    first_seen timestamptz NOT NULL DEFAULT pg_catalog.now(),
    last_seen  timestamptz NOT NULL DEFAULT pg_catalog.now(),
    ended_at   timestamptz,
    CONSTRAINT gateway_runs_machine_length CHECK (pg_catalog.length(machine) BETWEEN 1 AND 64),
    CONSTRAINT gateway_runs_host_length CHECK (pg_catalog.length(host) BETWEEN 1 AND 255)
);
COMMENT ON TABLE wg_provision.gateway_runs IS
    'Daemons that have reported under a gateway''s name in the last day, at most 16 for each; one that runs does so every 5 s';
COMMENT ON COLUMN wg_provision.gateway_runs.run IS 'Made by the daemon at its start, at random';
COMMENT ON COLUMN wg_provision.gateway_runs.gateway_id IS 'Under which name';
COMMENT ON COLUMN wg_provision.gateway_runs.machine IS
    'A number of the machine that stays, made from its machine id for this alone; NULL where it has none';
COMMENT ON COLUMN wg_provision.gateway_runs.host IS 'The machine''s host name, for people';
COMMENT ON COLUMN wg_provision.gateway_runs.first_seen IS 'When it reported first';
COMMENT ON COLUMN wg_provision.gateway_runs.last_seen IS 'When it reported last';
COMMENT ON COLUMN wg_provision.gateway_runs.ended_at IS 'When it said that it stops; NULL while it runs, and when it was killed';
CREATE INDEX gateway_runs_gateway ON wg_provision.gateway_runs (gateway_id);

-- Which login may be which gateway, for which networks. A login without a row is trusted as it was before there were any: with
-- all networks and any name but those that are given to other logins.
CREATE TABLE wg_provision.gateway_logins (
    login      text    NOT NULL,
    gateway    text    NOT NULL,
    network_id integer REFERENCES wg_provision.networks (id) ON DELETE CASCADE,
    CONSTRAINT gateway_logins_login_length CHECK (pg_catalog.length(login) BETWEEN 1 AND 63),
    CONSTRAINT gateway_logins_gateway_length CHECK (pg_catalog.length(gateway) BETWEEN 1 AND 255)
);
COMMENT ON TABLE wg_provision.gateway_logins IS
    'Which role, when it logs in, may be which gateway for which network; a role without a row may be any that no other has';
COMMENT ON COLUMN wg_provision.gateway_logins.login IS 'Name of the role; it need not be there yet';
COMMENT ON COLUMN wg_provision.gateway_logins.gateway IS 'As in the gateway''s settings (gateway:)';
COMMENT ON COLUMN wg_provision.gateway_logins.network_id IS 'For which network; NULL for all';
CREATE UNIQUE INDEX gateway_logins_unique
    ON wg_provision.gateway_logins (login, gateway, (coalesce(network_id, 0)));
CREATE INDEX gateway_logins_gateway ON wg_provision.gateway_logins (gateway);

-- The session's user is who logged in, whatever role a function runs as.
CREATE FUNCTION wg_provision.is_bound() RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (SELECT FROM wg_provision.gateway_logins l WHERE l.login = session_user)
$$;
COMMENT ON FUNCTION wg_provision.is_bound() IS 'Whether who logged in may only be what gateway_logins says';

CREATE FUNCTION wg_provision.may_serve(p_network integer) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT NOT wg_provision.is_bound()
        OR EXISTS (SELECT FROM wg_provision.gateway_logins l
            WHERE l.login = session_user AND coalesce(l.network_id, p_network) = p_network)
$$;
COMMENT ON FUNCTION wg_provision.may_serve(integer) IS 'Whether who logged in may serve a network';

CREATE FUNCTION wg_provision.check_login(p_gateway text) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM wg_provision.gateway_logins l WHERE l.login = session_user AND l.gateway = p_gateway)
            OR NOT EXISTS (SELECT FROM wg_provision.gateway_logins l WHERE l.login = session_user OR l.gateway = p_gateway) THEN
        RETURN;
    END IF;
    RAISE EXCEPTION 'the login "%" may not be the gateway "%"', session_user, p_gateway USING
        ERRCODE = 'insufficient_privilege',
        HINT = format('An administrator lets it: wg-provisionctl gateway allow %s %s', session_user, p_gateway);
END
$$;
COMMENT ON FUNCTION wg_provision.check_login(text) IS 'Refuses who logged in and may not be this gateway';

CREATE FUNCTION wg_provision.allow_gateway(login text, gateway text, network text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    INSERT INTO wg_provision.gateway_logins AS l (login, gateway, network_id)
        VALUES (login, gateway, CASE WHEN network IS NOT NULL THEN wg_provision.network_id(network) END)
        ON CONFLICT DO NOTHING;
END
$$;
COMMENT ON FUNCTION wg_provision.allow_gateway(text, text, text) IS
    'Lets a login be a gateway for a network, or for all; from then on it is what it was allowed, and nothing else';

CREATE FUNCTION wg_provision.forbid_gateway(login text, gateway text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    DELETE FROM wg_provision.gateway_logins l WHERE l.login = login AND l.gateway = gateway;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION wg_provision.forbid_gateway(text, text) IS
    'Takes back what a login was allowed of a gateway. A login that is left without any is trusted as one that never had any: '
    'to shut one out, take its membership in wg_provision_daemon or its LOGIN';

-- Whoever may report could invent gateways without end.
CREATE FUNCTION wg_provision.gateways_inserted() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF (SELECT count(*) FROM wg_provision.gateways) > 4096 THEN
        RAISE EXCEPTION 'there are 4096 gateways already' USING ERRCODE = 'program_limit_exceeded',
            HINT = 'Delete those that are gone: DELETE FROM wg_provision.gateways WHERE last_seen < now() - interval ''30 days'';';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION wg_provision.gateways_inserted() IS 'Trigger: 4096 gateways at most';
CREATE TRIGGER gateways_inserted AFTER INSERT ON wg_provision.gateways
    FOR EACH ROW EXECUTE FUNCTION wg_provision.gateways_inserted();

COMMENT ON COLUMN wg_provision.gateways.name IS 'As in its settings (gateway:), by default made from the machine id';

ALTER TABLE wg_provision.sessions ADD COLUMN run uuid;
COMMENT ON COLUMN wg_provision.sessions.run IS 'Of the daemon that claimed it (gateway_runs); NULL from before that was told';

-- Two daemons are alive at a time when each has reported after the other's first report. A restart never looks like this,
-- however the daemon before it ended, so it never has to wait.
CREATE FUNCTION wg_provision.same_name(p_run uuid)
    RETURNS TABLE (other wg_provision.gateway_runs, is_other_machine boolean, was_first boolean)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT o, coalesce(o.machine <> r.machine, false), (o.first_seen, o.run) < (r.first_seen, r.run)
    FROM wg_provision.gateway_runs r
    JOIN wg_provision.gateway_runs o ON o.gateway_id = r.gateway_id AND o.run <> r.run
    WHERE r.run = p_run AND o.ended_at IS NULL AND o.last_seen > now() - interval '30 seconds'
    AND least(o.last_seen, r.last_seen) > greatest(o.first_seen, r.first_seen) + interval '1 second'
$$;
COMMENT ON FUNCTION wg_provision.same_name(uuid) IS
    'Other daemons that are certainly alive under the name of this one, at the same time: on another machine, and before it';

CREATE FUNCTION wg_provision.is_refused(p_gateway text, p_run uuid) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT p_run IS NOT NULL AND EXISTS (
        SELECT FROM wg_provision.same_name(p_run) s JOIN wg_provision.gateways g ON g.id = (s.other).gateway_id
        WHERE g.name = p_gateway AND s.is_other_machine AND s.was_first)
$$;
COMMENT ON FUNCTION wg_provision.is_refused(text, uuid) IS
    'Whether another machine has this name, was there first, and is certainly alive';

CREATE FUNCTION wg_provision.may_be_alive(p_run uuid) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce((SELECT r.ended_at IS NULL AND r.last_seen > now() - interval '1 minute'
        FROM wg_provision.gateway_runs r WHERE r.run = p_run), false)
$$;
COMMENT ON FUNCTION wg_provision.may_be_alive(uuid) IS 'Part of claims: whether this daemon has to be told that it lost a session';

CREATE FUNCTION wg_provision.report_gateway(
        p_gateway text, p_version text, p_run uuid, p_machine text, p_host text, p_ends boolean)
    RETURNS TABLE (host text, is_refused boolean)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET synchronous_commit = off
AS $$
#variable_conflict use_column
DECLARE
    most      CONSTANT integer := 16;
    reporting integer;
BEGIN
    PERFORM wg_provision.check_login(p_gateway);
    INSERT INTO wg_provision.gateways AS g (name, version) VALUES (p_gateway, p_version)
        ON CONFLICT (name) DO UPDATE SET version = excluded.version, last_seen = excluded.last_seen
        RETURNING g.id INTO reporting;
    INSERT INTO wg_provision.gateway_runs AS r (run, gateway_id, machine, host, ended_at)
        VALUES (p_run, reporting, nullif(p_machine, ''), p_host, CASE WHEN p_ends THEN now() END)
        ON CONFLICT (run) DO UPDATE SET last_seen = excluded.last_seen, ended_at = excluded.ended_at
            WHERE r.gateway_id = excluded.gateway_id;
    DELETE FROM wg_provision.gateway_runs r WHERE r.gateway_id = reporting AND r.run <> p_run
        AND (r.last_seen < now() - interval '1 day' OR r.run IN (
            SELECT o.run FROM wg_provision.gateway_runs o WHERE o.gateway_id = reporting
            ORDER BY o.last_seen DESC OFFSET most));
    RETURN QUERY SELECT (s.other).host, s.is_other_machine AND s.was_first FROM wg_provision.same_name(p_run) s;
END
$$;
COMMENT ON FUNCTION wg_provision.report_gateway(text, text, uuid, text, text, boolean) IS
    'For the daemon, every 5 s: this run of a gateway is alive, or ends. Returns the other daemons that are alive under the '
    'same name, and whether one of them refuses this one: it was there first, on another machine. Then nothing that this one '
    'claims is taken until the other is gone';

-- As before, but the daemon that claims is known by its run, whatever it is called, and is told apart from another one of
-- its name. Of two machines with one name the later claims nothing. And no gateway can lock a device out for long: an
-- initiation counts as one of ten seconds from now at most.
COMMENT ON COLUMN wg_provision.sessions.initiation IS
    'The newest timestamp of a handshake initiation that led to a session, TAI64N, 12 bytes; at most 10 seconds ahead of the '
    'time when it was written; NULL when none was seen';
DROP FUNCTION wg_provision.claim_sessions(text, text, text, bytea[], bytea[], bigint[]);
CREATE FUNCTION wg_provision.claim_sessions(
        p_gateway text, p_interface text, p_network text, p_keys bytea[], p_initiations bytea[], p_handshakes_us bigint[],
        p_run uuid DEFAULT NULL)
    RETURNS bytea[]
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
DECLARE
    latest    CONSTANT bytea := wg_provision.tai64n(now() + interval '10 seconds');
    claims    record;
    free      bigint[];
    busy      bytea[] := '{}';
    displaced bytea[];
    first     integer;
    is_shared CONSTANT boolean := EXISTS (SELECT FROM wg_provision.same_name(p_run)); -- the name
BEGIN
    IF wg_provision.is_refused(p_gateway, p_run) THEN
        RETURN p_keys;
    END IF;
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
    INSERT INTO wg_provision.sessions AS s (public_key, peer_id, gateway, interface, initiation, claimed_at, run)
        SELECT c.key, c.peer, p_gateway, p_interface, c.initiation, c.at, p_run
        FROM unnest(claims.keys, claims.peers, claims.initiations, claims.times) AS c (key, peer, initiation, at)
        ORDER BY c.key
        ON CONFLICT (public_key) DO UPDATE SET claimed_at = s.claimed_at WHERE false; -- only locks
    WITH before AS (
        SELECT s.public_key, (s.gateway, s.interface) <> (p_gateway, p_interface)
            OR (s.run <> p_run AND (is_shared OR wg_provision.may_be_alive(s.run))) AS moves, c.peer, c.initiation, c.several, c.at
        FROM unnest(claims.keys, claims.peers, claims.initiations, claims.several, claims.times)
            AS c (key, peer, initiation, several, at)
        JOIN wg_provision.sessions s ON s.public_key = c.key
        WHERE CASE WHEN c.initiation IS NULL OR s.initiation IS NULL THEN c.at >= s.claimed_at
            ELSE c.initiation >= s.initiation END
    ), claimed AS (
        UPDATE wg_provision.sessions s SET peer_id = b.peer, gateway = p_gateway, interface = p_interface,
                initiation = coalesce(b.initiation, s.initiation), claimed_at = b.at, run = p_run
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
COMMENT ON FUNCTION wg_provision.claim_sessions(text, text, text, bytea[], bytea[], bigint[], uuid) IS
    'For the daemon: these keys have a session here now; arrays of one length, times of handshakes in microseconds since 1970; '
    'last the daemon''s run. An initiation older than the stored one is passed over, as is a key that is no peer of the '
    'network; without one the time of the handshake decides, and the stored one stays. The daemon that had a key hears of it '
    'as of a change, unless the peer may be on several. Returns the keys that are to be claimed again: those whose peer '
    'somebody is changing or deleting, or all where the gateway''s name is another machine''s';

-- A gateway names a network as its settings do. Once it has found it, it names it by its id as well, with the time at which
-- it was made, because another database may have another network of this id: "office#12@1767225600000000".
CREATE FUNCTION wg_provision.network_reference(name text, network wg_provision.networks) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format('%s#%s@%s', name, network.id, (extract(epoch FROM network.created_at) * 1000000)::bigint)
$$;
COMMENT ON FUNCTION wg_provision.network_reference(text, wg_provision.networks) IS
    'How a gateway refers to a network that its settings call by this name';

CREATE FUNCTION wg_provision.find_network(reference text) RETURNS wg_provision.networks
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    name CONSTANT text := split_part(reference, '#', 1);
    id   CONSTANT text := substring(reference FROM '#([0-9]{1,9})@');
    there wg_provision.networks;
BEGIN
    SELECT * INTO there FROM wg_provision.networks n
        WHERE n.id = id::integer AND wg_provision.network_reference(name, n) = reference;
    IF NOT FOUND THEN
        SELECT * INTO there FROM wg_provision.networks n WHERE n.name = name;
    END IF;
    IF NOT wg_provision.may_serve(there.id) THEN
        there := NULL;
    END IF;
    RETURN there;
END
$$;
COMMENT ON FUNCTION wg_provision.find_network(text) IS 'The network that a gateway refers to, by its id or else by its name, if who logged in may serve it';

CREATE FUNCTION wg_provision.find_networks(p_references text[])
    RETURNS TABLE (ordinal integer, reference text, name text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT r.ordinal::integer, wg_provision.network_reference(split_part(r.reference, '#', 1), n), n.name
    FROM unnest(p_references) WITH ORDINALITY AS r (reference, ordinal)
    JOIN wg_provision.networks n ON n.id = (wg_provision.find_network(r.reference)).id
$$;
COMMENT ON FUNCTION wg_provision.find_networks(text[]) IS
    'For the daemon: which of its networks there are, how it refers to each from now on, and what each is called now';

CREATE FUNCTION wg_provision.network_name(p_reference text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce((wg_provision.find_network(p_reference)).name, '')
$$;
COMMENT ON FUNCTION wg_provision.network_name(text) IS
    'What the network that a gateway refers to is called now; empty, which is none''s name, where it may not serve it';

CREATE FUNCTION wg_provision.network_names(p_references text[]) RETURNS text[]
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    names text[] := '{}';
    one   text;
    last  text;
    name  text;
BEGIN
    FOREACH one IN ARRAY p_references LOOP
        IF last IS DISTINCT FROM one THEN
            last := one;
            name := wg_provision.network_name(one);
        END IF;
        names := names || name;
    END LOOP;
    RETURN names;
END
$$;
COMMENT ON FUNCTION wg_provision.network_names(text[]) IS 'The same for several, in their order';

CREATE FUNCTION wg_provision.find_peers_of(p_references text[], p_public_keys bytea[])
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
        evict_last        boolean,
        session_run       uuid,
        session_at_us     bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 128 SET search_path = pg_catalog, pg_temp
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
    SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT f.*, s.run, (extract(epoch FROM s.claimed_at) * 1000000)::bigint
    FROM wg_provision.find_peers(wg_provision.network_names(p_references), p_public_keys) f
    LEFT JOIN wg_provision.sessions s ON s.public_key = f.public_key AND f.session_gateway IS NOT NULL;
END
$$;
COMMENT ON FUNCTION wg_provision.find_peers_of(text[], bytea[]) IS
    'For the daemon: find_peers in the networks that it refers to, and of a peer''s latest session which daemon claimed it and '
    'the time of its handshake, in microseconds since 1970';

-- What a gateway calls. Each holds the login against gateway_logins, and does what the function does that it calls; those are
-- no gateway's any more.
CREATE FUNCTION wg_provision.enrol_peer_of(p_gateway text, p_reference text, p_public_key bytea)
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
BEGIN
    PERFORM wg_provision.check_login(p_gateway);
    RETURN QUERY SELECT * FROM wg_provision.enrol_peer(p_gateway, wg_provision.network_name(p_reference), p_public_key);
END
$$;
COMMENT ON FUNCTION wg_provision.enrol_peer_of(text, text, bytea) IS 'For the daemon: enrol_peer in a network that it refers to';

CREATE FUNCTION wg_provision.record_sightings_of(
        p_gateway text, p_references text[], p_keys bytea[], p_reasons text[], p_addresses inet[], p_ports integer[])
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET synchronous_commit = off
AS $$
BEGIN
    PERFORM wg_provision.check_login(p_gateway);
    PERFORM wg_provision.record_sightings(
        p_gateway, wg_provision.network_names(p_references), p_keys, p_reasons, p_addresses, p_ports);
END
$$;
COMMENT ON FUNCTION wg_provision.record_sightings_of(text, text[], bytea[], text[], inet[], integer[]) IS
    'For the daemon: record_sightings in networks that it refers to';

CREATE FUNCTION wg_provision.report_interface_of(
        p_gateway text, p_version text, p_interface text, p_reference text, p_public_key bytea, p_peers integer,
        p_keys bytea[], p_addresses inet[], p_ports integer[], p_handshakes_us bigint[], p_received bigint[], p_sent bigint[],
        p_position text)
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET synchronous_commit = off
AS $$
DECLARE
    served CONSTANT wg_provision.networks := wg_provision.find_network(p_reference);
    own    boolean[]; -- which keys are of a peer in this network
BEGIN
    PERFORM wg_provision.check_login(p_gateway);
    IF NOT wg_provision.is_bound() THEN
        PERFORM wg_provision.report_interface(p_gateway, p_version, p_interface, coalesce(served.name, ''), p_public_key,
            p_peers, p_keys, p_addresses, p_ports, p_handshakes_us, p_received, p_sent, p_position);
        RETURN;
    END IF;
    own := ARRAY(
        SELECT EXISTS (
            SELECT FROM wg_provision.peers p WHERE p.public_key = r.key AND p.network_id = served.id
            UNION ALL SELECT FROM wg_provision.retiring_keys k JOIN wg_provision.peers p ON p.id = k.peer_id
                WHERE k.public_key = r.key AND p.network_id = served.id)
        FROM unnest(p_keys) WITH ORDINALITY AS r (key, ordinal) ORDER BY r.ordinal);
    PERFORM wg_provision.report_interface(p_gateway, p_version, p_interface, coalesce(served.name, ''), p_public_key, p_peers,
            array_agg(r.key ORDER BY r.ordinal), array_agg(r.address ORDER BY r.ordinal), array_agg(r.port ORDER BY r.ordinal),
            array_agg(r.handshake_us ORDER BY r.ordinal), array_agg(r.received ORDER BY r.ordinal),
            array_agg(r.sent ORDER BY r.ordinal), p_position)
        FROM unnest(p_keys, p_addresses, p_ports, p_handshakes_us, p_received, p_sent, own) WITH ORDINALITY
            AS r (key, address, port, handshake_us, received, sent, is_own, ordinal) WHERE r.is_own;
END
$$;
COMMENT ON FUNCTION wg_provision.report_interface_of(text, text, text, text, bytea, integer, bytea[], inet[], integer[], bigint[],
        bigint[], bigint[], text) IS
    'For the daemon: report_interface in a network that it refers to, and of that network''s peers only where the login is bound';

CREATE FUNCTION wg_provision.claim_sessions_of(
        p_gateway text, p_interface text, p_reference text, p_keys bytea[], p_initiations bytea[], p_handshakes_us bigint[],
        p_run uuid)
    RETURNS bytea[]
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM wg_provision.check_login(p_gateway);
    RETURN wg_provision.claim_sessions(p_gateway, p_interface, wg_provision.network_name(p_reference), p_keys, p_initiations,
        p_handshakes_us, p_run);
END
$$;
COMMENT ON FUNCTION wg_provision.claim_sessions_of(text, text, text, bytea[], bytea[], bigint[], uuid) IS
    'For the daemon: claim_sessions in a network that it refers to';

-- A change in another network leaves its row, because each has the position, and nothing of what changed.
CREATE FUNCTION wg_provision.changes_for(p_position text)
    RETURNS TABLE (next_position text, network text, public_key bytea, is_many boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT c.next_position, CASE WHEN c.is_served THEN c.network END, CASE WHEN c.is_served THEN c.public_key END, c.is_many
    FROM (
        SELECT a.*, NOT wg_provision.is_bound() OR EXISTS (
            SELECT FROM wg_provision.networks n WHERE n.name = a.network AND wg_provision.may_serve(n.id)) AS is_served
        FROM wg_provision.changes_after(p_position) a) AS c
$$;
COMMENT ON FUNCTION wg_provision.changes_for(text) IS
    'For the daemon: changes_after, of the networks that who logged in may serve';

CREATE OR REPLACE VIEW wg_provision.gateway_list AS
    SELECT g.name AS gateway, i.name AS interface, n.name AS network, pg_catalog.encode(i.public_key, 'base64') AS public_key,
        i.peers, g.version, coalesce(i.last_seen, g.last_seen) AS last_seen,
        coalesce(i.last_seen, g.last_seen) > pg_catalog.now() - interval '3 minutes' AS is_alive,
        CASE WHEN i.position IS NOT NULL THEN coalesce((
            SELECT pg_catalog.round(extract(epoch FROM pg_catalog.now() - pg_catalog.min(c.changed_at)))::integer
            FROM wg_provision.changes c
            WHERE c.network = n.name AND c.xid >= pg_catalog.pg_snapshot_xmin(i.position::pg_catalog.pg_snapshot)
            AND NOT pg_catalog.pg_visible_in_snapshot(c.xid, i.position::pg_catalog.pg_snapshot)), 0) END AS changes_behind,
        (SELECT pg_catalog.count(DISTINCT r.run) FROM wg_provision.gateway_runs r
            JOIN wg_provision.gateway_runs o ON o.gateway_id = r.gateway_id AND o.run <> r.run
            WHERE r.gateway_id = g.id AND r.ended_at IS NULL AND o.ended_at IS NULL
            AND least(r.last_seen, o.last_seen) > greatest(pg_catalog.now() - interval '30 seconds',
                greatest(r.first_seen, o.first_seen) + interval '1 second')) AS same_name
    FROM wg_provision.gateways g LEFT JOIN wg_provision.interfaces i ON i.gateway_id = g.id
    LEFT JOIN wg_provision.networks n ON n.id = i.network_id;
COMMENT ON VIEW wg_provision.gateway_list IS
    'Gateways and the interfaces that they serve; alive: reported in the last 3 minutes. changes_behind: seconds since the '
    'oldest change that it had not heard of at its last report, up to a minute ago; NULL where it did not tell. same_name: how '
    'many daemons are alive under this name at a time, 0 where it is one';

DO $$
DECLARE
    made CONSTANT text[] := '{claim_sessions, same_name, is_refused, may_be_alive, report_gateway, network_reference, find_network,
        find_networks, network_name, network_names, find_peers_of, is_bound, may_serve, check_login, allow_gateway, forbid_gateway,
        gateways_inserted, enrol_peer_of, record_sightings_of, report_interface_of, claim_sessions_of, changes_for}';
    called CONSTANT text[] := '{report_gateway, find_networks, find_peers_of, enrol_peer_of, record_sightings_of,
        report_interface_of, claim_sessions_of, changes_for}';
    former CONSTANT text[] := '{find_peers, enrol_peer, record_sightings, report_interface, claim_sessions, changes_after}';
    one record;
BEGIN
    FOR one IN SELECT p.oid::pg_catalog.regprocedure AS signature, p.proname::pg_catalog.text AS name
            FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'wg_provision'::pg_catalog.regnamespace LOOP
        IF one.name = ANY (made) THEN
            EXECUTE pg_catalog.format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', one.signature);
        END IF;
        IF one.name = ANY (former) THEN
            EXECUTE pg_catalog.format('REVOKE ALL ON FUNCTION %s FROM wg_provision_daemon', one.signature);
        END IF;
        IF one.name = ANY (called) THEN
            EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO wg_provision_daemon', one.signature);
        END IF;
    END LOOP;
END
$$;
GRANT EXECUTE ON FUNCTION wg_provision.allow_gateway(text, text, text), wg_provision.forbid_gateway(text, text)
    TO wg_provision_administrator;
GRANT SELECT ON wg_provision.gateway_logins, wg_provision.gateway_runs TO wg_provision_administrator, wg_provision_viewer;
