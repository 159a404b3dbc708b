-- Who changed what: one row for each row of these tables that a statement adds, changes or removes, without secrets.

CREATE TABLE wg_provision.audit (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    changed_at   timestamptz NOT NULL DEFAULT now(),
    changed_by   text        NOT NULL DEFAULT session_user,
    application  text        NOT NULL DEFAULT current_setting('application_name'),
    client       inet        DEFAULT inet_client_addr(),
    xid          xid8        NOT NULL DEFAULT pg_current_xact_id(),
    reason       text        DEFAULT nullif(current_setting('wg_provision.reason', true), ''),
    operation    text        NOT NULL,
    relation     text        NOT NULL,
    subject      text        NOT NULL,
    before       jsonb,
    after        jsonb,
    CONSTRAINT audit_operation CHECK (operation IN ('insert', 'update', 'delete'))
);
COMMENT ON TABLE wg_provision.audit IS 'Every change that was made, never changed itself; written by triggers';
COMMENT ON COLUMN wg_provision.audit.id IS 'Identity';
COMMENT ON COLUMN wg_provision.audit.changed_at IS 'When the transaction began';
COMMENT ON COLUMN wg_provision.audit.changed_by IS 'The role that was logged in';
COMMENT ON COLUMN wg_provision.audit.application IS 'What it called itself, application_name';
COMMENT ON COLUMN wg_provision.audit.client IS 'Where from; NULL for the same machine';
COMMENT ON COLUMN wg_provision.audit.xid IS 'The transaction, the same for all that it changed';
COMMENT ON COLUMN wg_provision.audit.reason IS
    'How a peer came in or why it changed: the setting wg_provision.reason at that moment';
COMMENT ON COLUMN wg_provision.audit.operation IS 'insert, update or delete';
COMMENT ON COLUMN wg_provision.audit.relation IS 'The table';
COMMENT ON COLUMN wg_provision.audit.subject IS
    'Of peers and keys the key as wg prints it, of allowed IPs the peer''s id, of everything else the row''s id or network';
COMMENT ON COLUMN wg_provision.audit.before IS 'The row as it was; NULL when it was added';
COMMENT ON COLUMN wg_provision.audit.after IS 'The row as it is; NULL when it was removed';
CREATE INDEX audit_subject ON wg_provision.audit (subject);
CREATE INDEX audit_changed_at ON wg_provision.audit USING brin (changed_at);

-- Keys as wg prints them, and of a secret only that there is one.
CREATE FUNCTION wg_provision.audited(line jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT line
        || CASE WHEN line ->> 'public_key' IS NOT NULL
           THEN jsonb_build_object('public_key', encode((line ->> 'public_key')::bytea, 'base64')) ELSE '{}' END
        || CASE WHEN line ->> 'preshared_key' IS NOT NULL THEN jsonb '{"preshared_key": true}' ELSE '{}' END
$$;
COMMENT ON FUNCTION wg_provision.audited(jsonb) IS 'A row as the audit trail shows it';

CREATE FUNCTION wg_provision.audit_inserted() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- A manifest has a million lines: without a call for each of them.
    IF TG_TABLE_NAME = 'peers' THEN
        INSERT INTO wg_provision.audit (operation, relation, subject, after)
            SELECT 'insert', 'peers', encode(n.public_key, 'base64'), to_jsonb(n) || jsonb_build_object(
                'public_key', encode(n.public_key, 'base64'),
                'preshared_key', CASE WHEN n.preshared_key IS NOT NULL THEN true END) FROM new_rows n;
        RETURN NULL;
    ELSIF TG_TABLE_NAME = 'allowed_ips' THEN
        INSERT INTO wg_provision.audit (operation, relation, subject, after)
            SELECT 'insert', 'allowed_ips', n.peer_id, to_jsonb(n) FROM new_rows n;
        RETURN NULL;
    END IF;
    INSERT INTO wg_provision.audit (operation, relation, subject, after)
        SELECT 'insert', TG_TABLE_NAME, coalesce(line ->> 'public_key', line ->> 'peer_id', line ->> 'id', line ->> 'network_id'), line
        FROM (SELECT wg_provision.audited(to_jsonb(n)) AS line FROM new_rows n) AS added;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION wg_provision.audit_inserted() IS 'Trigger: records rows that were added';

CREATE FUNCTION wg_provision.audit_deleted() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO wg_provision.audit (operation, relation, subject, before)
        SELECT 'delete', TG_TABLE_NAME, coalesce(line ->> 'public_key', line ->> 'peer_id', line ->> 'id', line ->> 'network_id'), line
        FROM (SELECT wg_provision.audited(to_jsonb(o)) AS line FROM old_rows o) AS removed;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION wg_provision.audit_deleted() IS 'Trigger: records rows that were removed';

-- A row is the same by its id, an allowed IP by its peer and prefix: with another prefix it is another row.
CREATE FUNCTION wg_provision.audit_updated() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
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
COMMENT ON FUNCTION wg_provision.audit_updated() IS 'Trigger: records rows that were changed';

DO $$
DECLARE
    relation text;
BEGIN
    FOREACH relation IN ARRAY ARRAY['networks', 'pools', 'peers', 'allowed_ips'] LOOP
        EXECUTE format('CREATE TRIGGER audit_inserted AFTER INSERT ON wg_provision.%I REFERENCING NEW TABLE AS new_rows '
            'FOR EACH STATEMENT EXECUTE FUNCTION wg_provision.audit_inserted()', relation);
        EXECUTE format('CREATE TRIGGER audit_updated AFTER UPDATE ON wg_provision.%I REFERENCING OLD TABLE AS old_rows '
            'NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION wg_provision.audit_updated()', relation);
    END LOOP;
    FOREACH relation IN ARRAY ARRAY['networks', 'pools', 'peers', 'allowed_ips', 'tombstones'] LOOP
        EXECUTE format('CREATE TRIGGER audit_deleted AFTER DELETE ON wg_provision.%I REFERENCING OLD TABLE AS old_rows '
            'FOR EACH STATEMENT EXECUTE FUNCTION wg_provision.audit_deleted()', relation);
    END LOOP;
END
$$;

CREATE FUNCTION wg_provision.audit_append_only() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;
COMMENT ON FUNCTION wg_provision.audit_append_only() IS 'Trigger: nobody changes the audit trail';
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON wg_provision.audit
    FOR EACH STATEMENT EXECUTE FUNCTION wg_provision.audit_append_only();

CREATE FUNCTION wg_provision.set_reason(reason text) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp
AS $$
    SELECT set_config('wg_provision.reason', coalesce(reason, ''), true)
$$;
COMMENT ON FUNCTION wg_provision.set_reason(text) IS
    'The reason that the audit trail gives for what this transaction changes from now on; NULL for none';

CREATE FUNCTION wg_provision.peer_history(public_key text)
    RETURNS TABLE (changed_at timestamptz, changed_by text, application text, reason text, operation text, relation text,
        before jsonb, after jsonb)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT a.changed_at, a.changed_by, a.application, a.reason, a.operation, a.relation, a.before, a.after
    FROM wg_provision.audit a
    WHERE a.relation IN ('peers', 'tombstones') AND a.subject = peer_history.public_key
    OR a.relation = 'allowed_ips' AND a.subject IN (
        SELECT coalesce(p.after, p.before) ->> 'id' FROM wg_provision.audit p
        WHERE p.relation = 'peers' AND p.subject = peer_history.public_key)
    ORDER BY a.id
$$;
COMMENT ON FUNCTION wg_provision.peer_history(text) IS 'What happened to the peer with this key, the oldest first';

-- As before, and the audit trail has the reason.
CREATE OR REPLACE FUNCTION wg_provision.revoke_peer(public_key text, reason text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    key          CONSTANT bytea := wg_provision.key_from_base64('public_key', public_key);
    outer_reason CONSTANT text := current_setting('wg_provision.reason', true);
    removed      bigint;
BEGIN
    IF key IS NULL THEN
        RAISE EXCEPTION 'public_key must be given' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    PERFORM wg_provision.set_reason(coalesce(reason, 'revoked'));
    DELETE FROM wg_provision.peers p WHERE p.public_key = key RETURNING p.id INTO removed;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no peer with the key %', public_key USING ERRCODE = 'no_data_found';
    END IF;
    PERFORM wg_provision.set_reason(outer_reason);
    UPDATE wg_provision.tombstones t SET is_barred = true, reason = revoke_peer.reason WHERE t.public_key = key;
    RETURN removed;
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA wg_provision FROM PUBLIC;
