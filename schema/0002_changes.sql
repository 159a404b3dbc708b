-- What changed, so that every gateway hears of it at once, and which keys were revoked.
--
-- A statement that changes peers leaves one row per network in wg_provision.changes and wakes the daemons with one
-- notification per network and transaction; which keys it concerns they read from the table, by the position up to which
-- they have read before. Nothing is lost that way when a notification is: the next one, or the daemon's next poll, finds it.

CREATE TABLE wg_provision.changes (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network     text        NOT NULL,
    public_keys bytea[],
    xid         xid8        NOT NULL DEFAULT pg_current_xact_id(),
    changed_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE wg_provision.changes IS
    'Changes of peers in the last six hours, one row per statement and network; written by triggers';
COMMENT ON COLUMN wg_provision.changes.id IS 'Identity; in no order that a reader may rely on';
COMMENT ON COLUMN wg_provision.changes.network IS 'Whose peers: the network''s name at that time';
COMMENT ON COLUMN wg_provision.changes.public_keys IS 'Which ones; NULL when there are more than 100';
COMMENT ON COLUMN wg_provision.changes.xid IS 'The transaction that changed them';
COMMENT ON COLUMN wg_provision.changes.changed_at IS 'When that transaction began';
CREATE INDEX changes_xid ON wg_provision.changes (xid);
CREATE INDEX changes_changed_at ON wg_provision.changes (changed_at);

CREATE TABLE wg_provision.tombstones (
    public_key bytea       PRIMARY KEY,
    network_id integer     NOT NULL REFERENCES wg_provision.networks (id) ON DELETE CASCADE,
    peer_name  text,
    revoked_at timestamptz NOT NULL DEFAULT now(),
    revoked_by text        NOT NULL DEFAULT session_user,
    reason     text,
    is_barred  boolean     NOT NULL DEFAULT false,
    CONSTRAINT tombstones_reason_length CHECK (length(reason) <= 1000)
);
COMMENT ON TABLE wg_provision.tombstones IS
    'Keys that were peers and are none any more: a gateway takes such a peer off its interface';
COMMENT ON COLUMN wg_provision.tombstones.public_key IS 'The key, 32 bytes';
COMMENT ON COLUMN wg_provision.tombstones.network_id IS 'The network it was known in';
COMMENT ON COLUMN wg_provision.tombstones.peer_name IS 'The peer''s name then';
COMMENT ON COLUMN wg_provision.tombstones.revoked_at IS 'When its row was deleted';
COMMENT ON COLUMN wg_provision.tombstones.revoked_by IS 'The role that was logged in';
COMMENT ON COLUMN wg_provision.tombstones.reason IS 'For people; given to revoke_peer';
COMMENT ON COLUMN wg_provision.tombstones.is_barred IS
    'True after revoke_peer: the key cannot be added again while this row is here. False after a mere DELETE';

-- Rows older than six hours go a few at a time, and nobody waits for another's. They count from the beginning of their
-- transaction, so the time is longer than any sensible transaction and far longer than the daemon's longest poll.
CREATE FUNCTION wg_provision.note_change(p_network text, p_public_keys bytea[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO wg_provision.changes (network, public_keys) VALUES (p_network, p_public_keys);
    DELETE FROM wg_provision.changes WHERE id IN (
        SELECT c.id FROM wg_provision.changes c WHERE c.changed_at < now() - interval '6 hours'
        ORDER BY c.changed_at LIMIT 10 FOR UPDATE SKIP LOCKED);
    PERFORM pg_notify('wg_provision_changes', p_network);
END
$$;
COMMENT ON FUNCTION wg_provision.note_change(text, bytea[]) IS
    'Records a change of these keys, NULL for many, and wakes the daemons at commit';

CREATE FUNCTION wg_provision.peers_inserted() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    barred record;
BEGIN
    SELECT encode(t.public_key, 'base64') AS key, t.revoked_at, t.reason INTO barred
        FROM new_rows p JOIN wg_provision.tombstones t ON t.public_key = p.public_key WHERE t.is_barred LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the key % was revoked on %', barred.key, to_char(barred.revoked_at, 'YYYY-MM-DD HH24:MI TZ')
            USING ERRCODE = 'check_violation', TABLE = 'peers', CONSTRAINT = 'peers_not_revoked',
                  DETAIL = coalesce('Reason: ' || barred.reason, 'No reason was given.'),
                  HINT = 'Use another key, or SELECT wg_provision.pardon_key(...) first.';
    END IF;
    DELETE FROM wg_provision.tombstones t USING new_rows p WHERE t.public_key = p.public_key;
    PERFORM wg_provision.note_change(changed.name, changed.keys) FROM (
        SELECT n.name, CASE WHEN count(*) <= 100 THEN array_agg(p.public_key) END AS keys
        FROM new_rows p JOIN wg_provision.networks n ON n.id = p.network_id
        GROUP BY n.name ORDER BY n.name) AS changed;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION wg_provision.peers_inserted() IS 'Trigger: refuses revoked keys and records the change';
CREATE TRIGGER peers_inserted AFTER INSERT ON wg_provision.peers
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION wg_provision.peers_inserted();

CREATE FUNCTION wg_provision.peers_updated() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
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
        FROM (SELECT network_id, public_key FROM old_rows UNION SELECT network_id, public_key FROM new_rows) AS p
        JOIN wg_provision.networks n ON n.id = p.network_id
        GROUP BY n.name ORDER BY n.name) AS changed;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION wg_provision.peers_updated() IS
    'Trigger: records the change, in both networks when a peer moves, and buries a key that was replaced';
CREATE TRIGGER peers_updated AFTER UPDATE ON wg_provision.peers
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION wg_provision.peers_updated();

CREATE FUNCTION wg_provision.peers_deleted() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO wg_provision.tombstones (public_key, network_id, peer_name)
        SELECT o.public_key, o.network_id, o.name FROM old_rows o
        ON CONFLICT (public_key) DO UPDATE SET network_id = excluded.network_id, peer_name = excluded.peer_name,
            revoked_at = excluded.revoked_at, revoked_by = excluded.revoked_by, reason = NULL;
    PERFORM wg_provision.note_change(changed.name, changed.keys) FROM (
        SELECT n.name, CASE WHEN count(*) <= 100 THEN array_agg(o.public_key) END AS keys
        FROM old_rows o JOIN wg_provision.networks n ON n.id = o.network_id
        GROUP BY n.name ORDER BY n.name) AS changed;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION wg_provision.peers_deleted() IS 'Trigger: writes the tombstones and records the change';
CREATE TRIGGER peers_deleted AFTER DELETE ON wg_provision.peers
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION wg_provision.peers_deleted();

-- Its peers may be gone already, then their own row has been recorded.
CREATE FUNCTION wg_provision.allowed_ips_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM wg_provision.note_change(changed.name, changed.keys) FROM (
        SELECT n.name, CASE WHEN count(*) <= 100 THEN array_agg(p.public_key) END AS keys
        FROM wg_provision.peers p JOIN wg_provision.networks n ON n.id = p.network_id
        WHERE p.id IN (SELECT peer_id FROM changed_rows)
        GROUP BY n.name ORDER BY n.name) AS changed;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION wg_provision.allowed_ips_changed() IS 'Trigger: records a change of the peers concerned';
CREATE TRIGGER allowed_ips_inserted AFTER INSERT ON wg_provision.allowed_ips
    REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION wg_provision.allowed_ips_changed();
CREATE TRIGGER allowed_ips_deleted AFTER DELETE ON wg_provision.allowed_ips
    REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION wg_provision.allowed_ips_changed();
CREATE FUNCTION wg_provision.allowed_ips_updated() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM wg_provision.note_change(changed.name, changed.keys) FROM (
        SELECT n.name, CASE WHEN count(*) <= 100 THEN array_agg(p.public_key) END AS keys
        FROM wg_provision.peers p JOIN wg_provision.networks n ON n.id = p.network_id
        WHERE p.id IN (SELECT peer_id FROM old_rows UNION ALL SELECT peer_id FROM new_rows)
        GROUP BY n.name ORDER BY n.name) AS changed;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION wg_provision.allowed_ips_updated() IS
    'Trigger: records a change of the peers that had the prefix and of those that have it now';
CREATE TRIGGER allowed_ips_updated AFTER UPDATE ON wg_provision.allowed_ips
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION wg_provision.allowed_ips_updated();

-- A network that is renamed changes the answer for all of its peers.
CREATE FUNCTION wg_provision.networks_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF OLD.name IS DISTINCT FROM NEW.name THEN
        PERFORM wg_provision.note_change(OLD.name, NULL);
        PERFORM wg_provision.note_change(NEW.name, NULL);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION wg_provision.networks_changed() IS 'Trigger: records that a network has another name';
CREATE TRIGGER networks_changed AFTER UPDATE ON wg_provision.networks
    FOR EACH ROW EXECUTE FUNCTION wg_provision.networks_changed();

-- TRUNCATE has no transition table: nobody would hear of it.
CREATE FUNCTION wg_provision.refuse_truncate() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'wg_provision.% cannot be truncated: the gateways would not hear of it', TG_TABLE_NAME
        USING ERRCODE = 'feature_not_supported', HINT = 'Use DELETE.';
END
$$;
COMMENT ON FUNCTION wg_provision.refuse_truncate() IS 'Trigger: DELETE is the way to empty a table';
CREATE TRIGGER peers_no_truncate BEFORE TRUNCATE ON wg_provision.peers
    FOR EACH STATEMENT EXECUTE FUNCTION wg_provision.refuse_truncate();
CREATE TRIGGER allowed_ips_no_truncate BEFORE TRUNCATE ON wg_provision.allowed_ips
    FOR EACH STATEMENT EXECUTE FUNCTION wg_provision.refuse_truncate();

-- A position is a snapshot: what it could not see is news. Unlike a number from a sequence it does not skip what was
-- numbered early and committed late. It is read on a standby as well.
CREATE FUNCTION wg_provision.changes_after(p_position text)
    RETURNS TABLE (next_position text, network text, public_key bytea, is_many boolean)
    LANGUAGE sql STABLE SECURITY DEFINER ROWS 10 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT pg_current_snapshot()::text, c.network, key.bytes, c.public_keys IS NULL AND c.id IS NOT NULL
    FROM (SELECT p_position::pg_snapshot AS seen) AS asked
    LEFT JOIN wg_provision.changes c
        ON c.xid >= pg_snapshot_xmin(asked.seen) AND NOT pg_visible_in_snapshot(c.xid, asked.seen)
    LEFT JOIN LATERAL unnest(c.public_keys) AS key (bytes) ON true
$$;
COMMENT ON FUNCTION wg_provision.changes_after(text) IS
    'The keys that changed since next_position of an earlier call, at least one row; NULL asks for a position only. '
    'is_many: any key of the network. A position older than six hours has lost changes';

CREATE FUNCTION wg_provision.revoke_peer(public_key text, reason text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    key     bytea := wg_provision.key_from_base64('public_key', public_key);
    removed bigint;
BEGIN
    IF key IS NULL THEN
        RAISE EXCEPTION 'public_key must be given' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    DELETE FROM wg_provision.peers p WHERE p.public_key = key RETURNING p.id INTO removed;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no peer with the key %', public_key USING ERRCODE = 'no_data_found';
    END IF;
    UPDATE wg_provision.tombstones t SET is_barred = true, reason = revoke_peer.reason WHERE t.public_key = key;
    RETURN removed;
END
$$;
COMMENT ON FUNCTION wg_provision.revoke_peer(text, text) IS
    'Deletes a peer for good and returns its id: gateways cut it at once, and its key cannot be added again';

CREATE FUNCTION wg_provision.pardon_key(public_key text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    DELETE FROM wg_provision.tombstones t
        WHERE t.public_key = wg_provision.key_from_base64('public_key', pardon_key.public_key);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the key % was not revoked', public_key USING ERRCODE = 'no_data_found';
    END IF;
END
$$;
COMMENT ON FUNCTION wg_provision.pardon_key(text) IS 'Lets a key that was revoked be added again';

-- As before, and a key with a tombstone is revoked instead of unknown.
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
           found.preshared_key,
           found.keepalive_seconds,
           CASE WHEN found.id IS NOT NULL THEN
               ARRAY(SELECT a.prefix FROM wg_provision.allowed_ips a WHERE a.peer_id = found.id)
           END,
           (extract(epoch FROM found.expires_at) * 1000000)::bigint
    FROM unnest(p_networks, p_public_keys) WITH ORDINALITY AS asked (network, public_key, ordinal)
    LEFT JOIN wg_provision.peers p ON p.public_key = asked.public_key
    LEFT JOIN wg_provision.networks n ON n.id = p.network_id
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN p.id IS NULL THEN
                CASE WHEN EXISTS (SELECT FROM wg_provision.tombstones t WHERE t.public_key = asked.public_key)
                     THEN 'revoked' ELSE 'unknown' END
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
    'not_yet_valid or expired, by this server''s clock; the columns after it are NULL unless found';

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA wg_provision FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wg_provision.changes_after(text) TO wg_provision_daemon;
