-- What grows with the fleet: plans that stay right, triggers that cost what the rows cost, changes that are told once, and a
-- trail that can be read and shortened.

-- As before. A plan that was made while a table was empty may go through any of its indexes, all of which are as good then, and
-- stays when the table has grown: so each key is asked for as the first of a range, in an order that only its own index has.
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
               ARRAY(SELECT a.prefix FROM wg_provision.allowed_ips a
                   WHERE a.peer_id >= found.id AND a.peer_id <= found.id ORDER BY a.peer_id, a.prefix)
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
    LEFT JOIN LATERAL (
        SELECT o.* FROM wg_provision.peers o
        WHERE o.public_key >= asked.public_key AND o.public_key <= asked.public_key
        ORDER BY o.public_key LIMIT 1) AS k ON true
    LEFT JOIN LATERAL (
        SELECT k.id, k.network_id, k.preshared_key, k.keepalive_seconds, k.enabled, k.not_before, k.expires_at,
                k.allowed_sources, k.roaming, k.several_gateways, k.evict_last
            WHERE k.id IS NOT NULL
        UNION ALL
        SELECT q.id, q.network_id, q.preshared_key, q.keepalive_seconds, q.enabled, q.not_before,
                least(q.expires_at, r.ends_at), q.allowed_sources, q.roaming, q.several_gateways, q.evict_last
            FROM (
                SELECT o.peer_id, o.ends_at FROM wg_provision.retiring_keys o
                WHERE k.id IS NULL AND o.public_key >= asked.public_key AND o.public_key <= asked.public_key
                ORDER BY o.public_key LIMIT 1) AS r
            CROSS JOIN LATERAL (
                SELECT o.* FROM wg_provision.peers o WHERE o.id >= r.peer_id AND o.id <= r.peer_id
                ORDER BY o.id LIMIT 1) AS q
            WHERE r.ends_at > now()) AS p ON true
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
        WHERE judged.verdict = 'found' AND s.public_key >= asked.public_key AND s.public_key <= asked.public_key
        ORDER BY s.public_key LIMIT 1) AS session ON true
    LEFT JOIN LATERAL (
        SELECT i.initiation FROM wg_provision.past_initiations i
        WHERE judged.verdict IN ('found', 'expected', 'trial') AND i.public_key >= asked.public_key
            AND i.public_key <= asked.public_key
        ORDER BY i.public_key LIMIT 1) AS past ON true;
END
$$;

CREATE OR REPLACE FUNCTION wg_provision.find_peers_of(p_references text[], p_public_keys bytea[])
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
    LEFT JOIN LATERAL (
        SELECT c.run, c.claimed_at FROM wg_provision.sessions c
        WHERE f.session_gateway IS NOT NULL AND c.public_key >= f.public_key AND c.public_key <= f.public_key
        ORDER BY c.public_key LIMIT 1) AS s ON true;
END
$$;

-- No update of a row that this index covers can stay on its page (before PostgreSQL 16), and each peer is reported once a minute.
DROP INDEX wg_provision.activity_last_handshake;

-- What is found by these.
CREATE INDEX peers_expires_at ON wg_provision.peers (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX peers_public_key_text ON wg_provision.peers USING hash (pg_catalog.encode(public_key, 'base64'));
CREATE INDEX audit_changed_by ON wg_provision.audit (changed_by, id);

-- Rows are matched by their keys as they are, and without compiling: a plan that was made for a bulk change is compiled again at
-- each firing, for one row too. An allowed IP is the same by its peer and prefix.
CREATE OR REPLACE FUNCTION wg_provision.audit_updated() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
    IF TG_TABLE_NAME = 'peers' THEN
        -- Its id cannot change: it is the identity.
        INSERT INTO wg_provision.audit (operation, relation, subject, before, after)
            SELECT 'update', 'peers', encode(n.public_key, 'base64'),
                to_jsonb(o) || jsonb_build_object('public_key', encode(o.public_key, 'base64'),
                    'preshared_key', CASE WHEN o.preshared_key IS NOT NULL THEN true END),
                to_jsonb(n) || jsonb_build_object('public_key', encode(n.public_key, 'base64'),
                    'preshared_key', CASE WHEN o.preshared_key <> n.preshared_key THEN to_jsonb('changed'::text)
                        WHEN n.preshared_key IS NOT NULL THEN to_jsonb(true) END)
            FROM old_rows o JOIN new_rows n ON n.id = o.id
            WHERE to_jsonb(o) - 'updated_at' IS DISTINCT FROM to_jsonb(n) - 'updated_at';
        RETURN NULL;
    END IF;
    INSERT INTO wg_provision.audit (operation, relation, subject, before, after)
        SELECT CASE WHEN n.line IS NULL THEN 'delete' WHEN o.line IS NULL THEN 'insert' ELSE 'update' END, TG_TABLE_NAME,
            coalesce(shown.after ->> 'public_key', shown.before ->> 'public_key', shown.before ->> 'peer_id',
                shown.after ->> 'peer_id', shown.before ->> 'id', shown.before ->> 'network_id'),
            shown.before,
            shown.after || CASE WHEN o.line ->> 'preshared_key' <> n.line ->> 'preshared_key'
                THEN jsonb '{"preshared_key": "changed"}' ELSE '{}' END
        FROM (SELECT to_jsonb(r) AS line FROM old_rows r) AS o
        FULL JOIN (SELECT to_jsonb(r) AS line FROM new_rows r) AS n
            ON coalesce(o.line ->> 'id', concat_ws(' ', o.line ->> 'peer_id', coalesce(o.line ->> 'prefix', o.line ->> 'network_id')))
             = coalesce(n.line ->> 'id', concat_ws(' ', n.line ->> 'peer_id', coalesce(n.line ->> 'prefix', n.line ->> 'network_id')))
        CROSS JOIN LATERAL (
            SELECT wg_provision.audited(o.line) AS before, wg_provision.audited(n.line) AS after) AS shown
        WHERE o.line - 'updated_at' IS DISTINCT FROM n.line - 'updated_at';
    RETURN NULL;
END
$$;

-- As before, but only what a gateway would be told otherwise is a change: not a comment, a name or a label, nor a row that is
-- written as it was.
CREATE OR REPLACE FUNCTION wg_provision.peers_updated() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
    barred record;
BEGIN
    SELECT encode(t.public_key, 'base64') AS key INTO barred
        FROM new_rows p JOIN wg_provision.tombstones t ON t.public_key = p.public_key WHERE t.is_barred LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the key % was revoked', barred.key
            USING ERRCODE = 'check_violation', TABLE = 'peers', CONSTRAINT = 'peers_not_revoked',
                  HINT = 'Use another key, or SELECT wg_provision.pardon_key(...) first.';
    END IF;
    DELETE FROM wg_provision.tombstones t USING new_rows p WHERE t.public_key = p.public_key;
    -- A key that no row has any more was replaced.
    INSERT INTO wg_provision.tombstones (public_key, network_id, peer_name)
        SELECT o.public_key, o.network_id, o.name FROM old_rows o
        WHERE NOT EXISTS (SELECT FROM wg_provision.peers p WHERE p.public_key = o.public_key)
        ON CONFLICT (public_key) DO UPDATE SET network_id = excluded.network_id, peer_name = excluded.peer_name,
            revoked_at = excluded.revoked_at, revoked_by = excluded.revoked_by, reason = NULL;
    PERFORM wg_provision.note_change(changed.name, changed.keys) FROM (
        SELECT n.name, CASE WHEN count(*) <= 100 THEN array_agg(p.public_key) END AS keys
        FROM (
            SELECT DISTINCT k.network_id, k.public_key FROM old_rows o JOIN new_rows r ON r.id = o.id
            CROSS JOIN LATERAL (VALUES (o.network_id, o.public_key), (r.network_id, r.public_key)) AS k (network_id, public_key)
            WHERE (o.network_id, o.public_key, o.preshared_key, o.keepalive_seconds, o.enabled, o.not_before, o.expires_at,
                    o.allowed_sources::cidr[], o.roaming, o.several_gateways, o.evict_last)
                IS DISTINCT FROM (r.network_id, r.public_key, r.preshared_key, r.keepalive_seconds, r.enabled, r.not_before,
                    r.expires_at, r.allowed_sources::cidr[], r.roaming, r.several_gateways, r.evict_last)) AS p
        JOIN wg_provision.networks n ON n.id = p.network_id
        GROUP BY n.name ORDER BY n.name) AS changed;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION wg_provision.peers_updated() IS
    'Trigger: records what a gateway would be told otherwise, in both networks when a peer moves, and buries a key that was '
    'replaced';

-- As before, for prefixes that are others than they were.
CREATE OR REPLACE FUNCTION wg_provision.allowed_ips_updated() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
    PERFORM wg_provision.note_change(changed.name, changed.keys) FROM (
        SELECT n.name, CASE WHEN count(*) <= 100 THEN array_agg(p.public_key) END AS keys
        FROM wg_provision.peers p JOIN wg_provision.networks n ON n.id = p.network_id
        WHERE p.id IN (
            SELECT c.peer_id FROM (
                (SELECT o.peer_id, o.prefix FROM old_rows o EXCEPT SELECT r.peer_id, r.prefix FROM new_rows r)
                UNION ALL (SELECT r.peer_id, r.prefix FROM new_rows r EXCEPT SELECT o.peer_id, o.prefix FROM old_rows o)) AS c)
        GROUP BY n.name ORDER BY n.name) AS changed;
    RETURN NULL;
END
$$;

DO $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT p.oid::pg_catalog.regprocedure AS signature FROM pg_catalog.pg_proc p
            WHERE p.pronamespace = 'wg_provision'::pg_catalog.regnamespace AND p.prorettype = 'pg_catalog.trigger'::pg_catalog.regtype
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                AND d.objid = p.oid AND d.deptype = 'e') LOOP
        EXECUTE pg_catalog.format('ALTER FUNCTION %s SET jit = off', one.signature);
    END LOOP;
END
$$;

-- Peers exchange addresses in one statement: whether prefixes overlap is asked when it has ended.
ALTER TABLE wg_provision.allowed_ips DROP CONSTRAINT allowed_ips_no_overlap,
    ADD CONSTRAINT allowed_ips_no_overlap EXCLUDE USING gist (prefix inet_ops WITH &&, network_id WITH =)
        DEFERRABLE INITIALLY IMMEDIATE;

-- A key that was revoked stays revoked when its network is deleted, whose id no other network gets.
ALTER TABLE wg_provision.tombstones DROP CONSTRAINT tombstones_network_id_fkey;
COMMENT ON COLUMN wg_provision.tombstones.network_id IS 'The network it was known in, which may be gone by now';

-- The same rows, each part by its own index.
CREATE OR REPLACE FUNCTION wg_provision.peer_history(public_key text)
    RETURNS TABLE (changed_at timestamptz, changed_by text, application text, reason text, operation text, relation text,
        before jsonb, after jsonb)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
    SELECT h.changed_at, h.changed_by, h.application, h.reason, h.operation, h.relation, h.before, h.after
    FROM (
        SELECT a.* FROM wg_provision.audit a
            WHERE a.subject = peer_history.public_key AND a.relation IN ('peers', 'tombstones')
        UNION ALL
        SELECT a.* FROM (
            SELECT DISTINCT coalesce(p.after, p.before) ->> 'id' AS id FROM wg_provision.audit p
                WHERE p.subject = peer_history.public_key AND p.relation = 'peers') AS peer
            CROSS JOIN LATERAL (
                SELECT i.* FROM wg_provision.audit i WHERE i.subject = peer.id AND i.relation = 'allowed_ips' OFFSET 0) AS a) AS h
    ORDER BY h.id
$$;

-- As before, but what was read and is not told again is not read again: beyond the end of the snapshot, and what it names.
CREATE OR REPLACE FUNCTION wg_provision.changes_after(p_position text)
    RETURNS TABLE (next_position text, network text, public_key bytea, is_many boolean)
    LANGUAGE sql STABLE SECURITY DEFINER ROWS 10 SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
    WITH here AS (
        SELECT s.now, s.seen, s.oldest, s.next, s.next - s.oldest <= 1000 AS can_name_all
        FROM (SELECT n.now, p_position::pg_snapshot AS seen, pg_snapshot_xmin(n.now)::text::bigint AS oldest,
                pg_snapshot_xmax(n.now)::text::bigint AS next
            FROM (SELECT pg_current_snapshot() AS now) AS n) AS s
    )
    SELECT CASE WHEN NOT pg_is_in_recovery() THEN here.now::text
            WHEN NOT here.can_name_all THEN format('%1$s:%1$s:', here.oldest)
            ELSE format('%s:%s:%s', here.oldest, here.next, (
                SELECT string_agg(x::text, ',' ORDER BY x) FROM generate_series(here.oldest, here.next - 1) AS x
                WHERE NOT EXISTS (SELECT FROM wg_provision.changes c WHERE c.xid = x::text::xid8))) END,
        news.network, news.bytes, coalesce(news.is_many, false)
    FROM here LEFT JOIN LATERAL (
        SELECT fresh.network, key.bytes, fresh.public_keys IS NULL AS is_many
            FROM (
                SELECT c.network, c.public_keys, c.xid FROM wg_provision.changes c WHERE c.xid >= pg_snapshot_xmax(here.seen)
                UNION ALL
                SELECT c.network, c.public_keys, c.xid FROM pg_snapshot_xip(here.seen) AS running (xid)
                    CROSS JOIN LATERAL (
                        SELECT f.* FROM wg_provision.changes f WHERE f.xid = running.xid OFFSET 0) AS c) AS fresh
            LEFT JOIN LATERAL unnest(fresh.public_keys) AS key (bytes) ON true
            WHERE fresh.xid < pg_snapshot_xmax(here.now) OR fresh.xid = pg_current_xact_id_if_assigned()
        UNION ALL
        SELECT n.name, NULL, true FROM wg_provision.networks n
            WHERE pg_snapshot_xmax(here.seen) > pg_snapshot_xmax(here.now)
    ) AS news ON true
$$;

-- The trail is shortened without keeping anybody waiting: no trigger is switched off.
CREATE OR REPLACE FUNCTION wg_provision.audit_append_only() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('wg_provision.prunes_audit', true) = 'on' THEN
        RETURN NULL; -- whoever may delete here owns the schema
    END IF;
    RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE FUNCTION wg_provision.prune_audit(before timestamptz, at_most integer DEFAULT 10000) RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    removed bigint;
BEGIN
    PERFORM set_config('wg_provision.prunes_audit', 'on', true);
    DELETE FROM wg_provision.audit d WHERE d.id IN (
        SELECT a.id FROM wg_provision.audit a WHERE a.changed_at < before ORDER BY a.id LIMIT at_most);
    GET DIAGNOSTICS removed = ROW_COUNT;
    PERFORM set_config('wg_provision.prunes_audit', 'off', true);
    RETURN removed;
END
$$;
COMMENT ON FUNCTION wg_provision.prune_audit(timestamptz, integer) IS
    'For the owner of the schema: removes the oldest rows of the trail from before this time, so many at most, and says how '
    'many; to be called until it is 0';
REVOKE ALL ON FUNCTION wg_provision.prune_audit(timestamptz, integer) FROM PUBLIC;
