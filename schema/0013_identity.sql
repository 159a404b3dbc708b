-- Which database this is, which keys it has removed, and which of its changes are its own: so that a gateway tells a row that
-- somebody deleted from a database that never had it.

-- pg_dump, a base backup and a standby have the same identity; a database that is made anew has another.
CREATE TABLE wg_provision.identity (
    only_row boolean                PRIMARY KEY DEFAULT true,
    id       pg_catalog.uuid        NOT NULL DEFAULT pg_catalog.gen_random_uuid(),
    made_at  pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT identity_only_row CHECK (only_row)
);
COMMENT ON TABLE wg_provision.identity IS
    'What this database is called; a copy has the same name. Gateways remove nothing for want of a row when they find another one';
COMMENT ON COLUMN wg_provision.identity.only_row IS 'True';
COMMENT ON COLUMN wg_provision.identity.id IS 'Made at the first migration that had this table';
COMMENT ON COLUMN wg_provision.identity.made_at IS 'When that was';
INSERT INTO wg_provision.identity DEFAULT VALUES;

CREATE FUNCTION wg_provision.database_identity() RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT i.id::text FROM wg_provision.identity i
$$;
COMMENT ON FUNCTION wg_provision.database_identity() IS 'Which database this is; NULL when the row is gone';

-- A tombstone may have been taken away since, by pardon_key or with its network. The audit trail has the last word: what
-- became of the row with this key. A key that it does not know was never a peer of this database.
CREATE FUNCTION wg_provision.removed_peers(p_public_keys bytea[]) RETURNS SETOF bytea
    LANGUAGE sql STABLE SECURITY DEFINER ROWS 10 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT asked.key FROM unnest(p_public_keys) AS asked (key)
    WHERE NOT EXISTS (SELECT FROM wg_provision.peers p WHERE p.public_key = asked.key)
    AND NOT EXISTS (SELECT FROM wg_provision.retiring_keys r WHERE r.public_key = asked.key AND r.ends_at > now())
    AND (EXISTS (SELECT FROM wg_provision.tombstones t WHERE t.public_key = asked.key)
        OR (SELECT a.operation FROM wg_provision.audit a
            WHERE a.subject = encode(asked.key, 'base64') AND a.relation = 'peers'
            ORDER BY a.id DESC LIMIT 1) = 'delete')
$$;
COMMENT ON FUNCTION wg_provision.removed_peers(bytea[]) IS
    'For the daemon: those of the keys that were peers here and were removed, pardoned or not';

-- A number of a transaction means something only in the cluster that gave it. Rows that a dump has brought into a younger
-- cluster, or that are left after its numbers were set back, have numbers that this one has not come to yet: what is visible
-- and not below the end of the snapshot is none of ours. Such a row is no news, and a position from such a cluster says
-- nothing of what has been read: any key of any network then.
-- On a standby a snapshot does not name the transactions that were under way (they count as finished in it), so that what
-- they commit later would never be told. There the position names each number between its ends of which no change has been
-- seen; when these are very many, it ends at the first of them, and what lies behind is told again until that one is over.
CREATE OR REPLACE FUNCTION wg_provision.changes_after(p_position text)
    RETURNS TABLE (next_position text, network text, public_key bytea, is_many boolean)
    LANGUAGE sql STABLE SECURITY DEFINER ROWS 10 SET search_path = pg_catalog, pg_temp
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
        SELECT c.network, key.bytes, c.public_keys IS NULL AS is_many
            FROM wg_provision.changes c LEFT JOIN LATERAL unnest(c.public_keys) AS key (bytes) ON true
            WHERE c.xid >= pg_snapshot_xmin(here.seen) AND NOT pg_visible_in_snapshot(c.xid, here.seen)
            AND (c.xid < pg_snapshot_xmax(here.now) OR c.xid = pg_current_xact_id_if_assigned())
        UNION ALL
        SELECT n.name, NULL, true FROM wg_provision.networks n
            WHERE pg_snapshot_xmax(here.seen) > pg_snapshot_xmax(here.now)
    ) AS news ON true
$$;
COMMENT ON FUNCTION wg_provision.changes_after(text) IS
    'The keys that changed since next_position of an earlier call, at least one row; NULL asks for a position only. '
    'is_many: any key of the network. A position older than six hours has lost changes; one that this cluster has not come to '
    'yet is another''s, and tells of every network';

-- As before, and rows that another cluster has written go. Nobody waits for another's.
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
    PERFORM pg_notify('wg_provision_changes', p_network);
END
$$;

REVOKE ALL ON FUNCTION wg_provision.database_identity(), wg_provision.removed_peers(bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wg_provision.database_identity(), wg_provision.removed_peers(bytea[]) TO wg_provision_daemon;
