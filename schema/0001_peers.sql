-- The first schema of wg-provisiond: who may have a tunnel, in which network, with which addresses.
-- PostgreSQL 13 or newer. `wg-provisionctl db migrate` applies this file in one transaction and records its number.
--
-- Every rule that the daemon relies on is a constraint here, so that no tool can write a row that would surprise it; the
-- daemon validates each row again all the same. Peers are managed in these tables or with wg_provision.add_peer.

CREATE SCHEMA wg_provision;
COMMENT ON SCHEMA wg_provision IS 'Peers that wg-provisiond installs on demand';

-- Equality of network_id in the exclusion constraint below needs it. Trusted: the owner of the database may create it.
CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA wg_provision;

-- Roles belong to the cluster, which may hold more than one database with this schema.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wg_provision_daemon') THEN
        CREATE ROLE wg_provision_daemon NOLOGIN;
        COMMENT ON ROLE wg_provision_daemon IS
            'What wg-provisiond may do; grant it to the role that the daemon logs in with';
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL; -- made by another migration at the same time
END
$$;

CREATE TABLE wg_provision.schema_version (
    only_row   boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    version    integer     NOT NULL CHECK (version >= 0),
    changed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE wg_provision.schema_version IS 'Number of the newest migration applied; one row';
COMMENT ON COLUMN wg_provision.schema_version.only_row IS 'Always true: keeps the table at one row';
COMMENT ON COLUMN wg_provision.schema_version.version IS 'Number at the start of the migration file''s name';
COMMENT ON COLUMN wg_provision.schema_version.changed_at IS 'When that migration was applied';
INSERT INTO wg_provision.schema_version (version) VALUES (0);

CREATE TABLE wg_provision.networks (
    id         integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text        NOT NULL,
    comment    text,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT networks_name_unique UNIQUE (name),
    CONSTRAINT networks_name_shape CHECK (name ~ '^[a-z0-9]([a-z0-9_.-]{0,61}[a-z0-9])?$'),
    CONSTRAINT networks_comment_length CHECK (length(comment) <= 1000)
);
COMMENT ON TABLE wg_provision.networks IS 'Address spaces that do not touch: one per WireGuard interface of a gateway';
COMMENT ON COLUMN wg_provision.networks.id IS 'Identity; the name may change, this does not';
COMMENT ON COLUMN wg_provision.networks.name IS
    'As in the daemon''s setting interfaces[].network: 1 to 63 of a-z 0-9 _ . -, a letter or digit at both ends';
COMMENT ON COLUMN wg_provision.networks.comment IS 'For people';
COMMENT ON COLUMN wg_provision.networks.created_at IS 'When the row was made';

CREATE TABLE wg_provision.peers (
    id                bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network_id        integer     NOT NULL REFERENCES wg_provision.networks (id),
    public_key        bytea       NOT NULL,
    preshared_key     bytea,
    keepalive_seconds integer     NOT NULL DEFAULT 0,
    enabled           boolean     NOT NULL DEFAULT true,
    not_before        timestamptz,
    expires_at        timestamptz,
    name              text,
    comment           text,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT peers_public_key_unique UNIQUE (public_key),
    CONSTRAINT peers_id_network_unique UNIQUE (id, network_id),
    CONSTRAINT peers_name_unique UNIQUE (network_id, name),
    CONSTRAINT peers_public_key_shape
        CHECK (octet_length(public_key) = 32 AND public_key <> decode(repeat('00', 32), 'hex')),
    CONSTRAINT peers_preshared_key_shape
        CHECK (octet_length(preshared_key) = 32 AND preshared_key <> decode(repeat('00', 32), 'hex')),
    CONSTRAINT peers_keepalive_seconds_range CHECK (keepalive_seconds BETWEEN 0 AND 65535),
    CONSTRAINT peers_not_before_finite CHECK (isfinite(not_before)),
    CONSTRAINT peers_expires_at_range
        CHECK (isfinite(expires_at) AND expires_at < timestamptz '2200-01-01 00:00:00+00'),
    CONSTRAINT peers_validity_order CHECK (not_before < expires_at),
    CONSTRAINT peers_name_length CHECK (length(name) BETWEEN 1 AND 128),
    CONSTRAINT peers_comment_length CHECK (length(comment) <= 1000)
);
COMMENT ON TABLE wg_provision.peers IS 'Devices that may have a tunnel, one row per public key';
COMMENT ON COLUMN wg_provision.peers.id IS 'Identity; appears in the daemon''s log';
COMMENT ON COLUMN wg_provision.peers.network_id IS 'The one network in which the key is known';
COMMENT ON COLUMN wg_provision.peers.public_key IS
    'Curve25519 public key, 32 bytes, not all zero; decode(text, ''base64'') of what `wg pubkey` prints';
COMMENT ON COLUMN wg_provision.peers.preshared_key IS 'Preshared key, 32 bytes, not all zero; NULL for none';
COMMENT ON COLUMN wg_provision.peers.keepalive_seconds IS
    'Persistent keepalive that the gateway sends, in seconds, 0 to 65535; 0 for none';
COMMENT ON COLUMN wg_provision.peers.enabled IS 'False refuses the device and keeps the row';
COMMENT ON COLUMN wg_provision.peers.not_before IS 'Refused before this time; NULL for no such limit';
COMMENT ON COLUMN wg_provision.peers.expires_at IS
    'Refused from this time on, before the year 2200; NULL for never';
COMMENT ON COLUMN wg_provision.peers.name IS 'For people; unique in its network; NULL for none';
COMMENT ON COLUMN wg_provision.peers.comment IS 'For people';
COMMENT ON COLUMN wg_provision.peers.created_at IS 'When the row was made';
COMMENT ON COLUMN wg_provision.peers.updated_at IS 'When the row was last changed; kept by a trigger';

CREATE TABLE wg_provision.allowed_ips (
    peer_id    bigint  NOT NULL,
    network_id integer NOT NULL,
    prefix     cidr    NOT NULL,
    CONSTRAINT allowed_ips_key PRIMARY KEY (peer_id, prefix),
    CONSTRAINT allowed_ips_of_peer FOREIGN KEY (peer_id, network_id)
        REFERENCES wg_provision.peers (id, network_id) ON DELETE CASCADE ON UPDATE CASCADE,
    -- The prefix first: the index stays several times faster to insert into than the other way round.
    CONSTRAINT allowed_ips_no_overlap EXCLUDE USING gist (prefix inet_ops WITH &&, network_id WITH =)
);
COMMENT ON TABLE wg_provision.allowed_ips IS
    'Prefixes that a peer may use, at most 1024 per peer; no two prefixes of one network overlap';
COMMENT ON COLUMN wg_provision.allowed_ips.peer_id IS 'Whose prefix';
COMMENT ON COLUMN wg_provision.allowed_ips.network_id IS
    'The peer''s network, repeated for the exclusion constraint; follows when the peer moves';
COMMENT ON COLUMN wg_provision.allowed_ips.prefix IS 'As in AllowedIPs, host bits zero';

CREATE FUNCTION wg_provision.peers_touch() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION wg_provision.peers_touch() IS 'Trigger: keeps peers.updated_at';
CREATE TRIGGER peers_touch BEFORE UPDATE ON wg_provision.peers
    FOR EACH ROW EXECUTE FUNCTION wg_provision.peers_touch();

-- Locks the peers first, so that two transactions cannot each add what together is too much.
CREATE FUNCTION wg_provision.allowed_ips_limit() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    maximum  CONSTANT integer := 1024;
    crowded  bigint;
BEGIN
    PERFORM FROM wg_provision.peers
        WHERE id IN (SELECT peer_id FROM changed) ORDER BY id FOR NO KEY UPDATE;
    SELECT peer_id INTO crowded FROM wg_provision.allowed_ips
        WHERE peer_id IN (SELECT peer_id FROM changed)
        GROUP BY peer_id HAVING count(*) > maximum LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'peer % would have more than % allowed IPs', crowded, maximum
            USING ERRCODE = 'check_violation', TABLE = 'allowed_ips', CONSTRAINT = 'allowed_ips_limit';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION wg_provision.allowed_ips_limit() IS 'Trigger: at most 1024 allowed IPs per peer';
CREATE TRIGGER allowed_ips_limit_insert AFTER INSERT ON wg_provision.allowed_ips
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION wg_provision.allowed_ips_limit();
CREATE TRIGGER allowed_ips_limit_update AFTER UPDATE ON wg_provision.allowed_ips
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION wg_provision.allowed_ips_limit();

CREATE FUNCTION wg_provision.schema_version() RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT version FROM wg_provision.schema_version
$$;
COMMENT ON FUNCTION wg_provision.schema_version() IS 'What wg-provisiond compares with the version that it needs';

-- Plans are pinned to the two primary indexes: a plan that was cached while the tables were small or not analysed would
-- otherwise scan them once they have grown. One plan fits every batch, so it is made once per session.
CREATE FUNCTION wg_provision.find_peers(p_networks text[], p_public_keys bytea[])
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
            WHEN p.id IS NULL THEN 'unknown'
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
    'One row per asked (network, public key), in any order; verdict is found, unknown, other_network, disabled, '
    'not_yet_valid or expired, by this server''s clock; the columns after it are NULL unless found';

-- For administrators: one call, the words of `wg`, and errors that name the mistake. The rules themselves are the
-- constraints above.
CREATE FUNCTION wg_provision.key_from_base64(argument text, value text) RETURNS bytea
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- 32 bytes: 43 characters and a pad, the last one with its two low bits zero.
    IF value !~ '\A[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=\Z' THEN
        RAISE EXCEPTION '% is not a WireGuard key: 44 characters of base64, as "wg pubkey" prints it', argument
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN decode(value, 'base64');
END
$$;
COMMENT ON FUNCTION wg_provision.key_from_base64(text, text) IS
    'The bytes of a key as wg prints it; the first argument names it in the error';

CREATE FUNCTION wg_provision.add_peer(
        network           text,
        public_key        text,
        allowed_ips       cidr[],
        preshared_key     text        DEFAULT NULL,
        keepalive_seconds integer     DEFAULT 0,
        enabled           boolean     DEFAULT true,
        not_before        timestamptz DEFAULT NULL,
        expires_at        timestamptz DEFAULT NULL,
        name              text        DEFAULT NULL,
        comment           text        DEFAULT NULL)
    RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    network_of_peer integer;
    key             bytea;
    other           record;
    added           bigint;
BEGIN
    IF num_nulls(network, public_key, allowed_ips) > 0 THEN
        RAISE EXCEPTION 'network, public_key and allowed_ips must be given' USING ERRCODE = 'null_value_not_allowed';
    ELSIF array_position(allowed_ips, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'allowed_ips holds a NULL' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    key := wg_provision.key_from_base64('public_key', public_key);

    SELECT n.id INTO network_of_peer FROM wg_provision.networks n WHERE n.name = network;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no network "%"', network
            USING ERRCODE = 'foreign_key_violation',
                  HINT = 'INSERT INTO wg_provision.networks (name) VALUES (...)';
    END IF;

    SELECT p.id, n.name INTO other
        FROM wg_provision.peers p JOIN wg_provision.networks n ON n.id = p.network_id WHERE p.public_key = key;
    IF FOUND THEN
        RAISE EXCEPTION 'this public key is already peer % of network "%"', other.id, other.name
            USING ERRCODE = 'unique_violation';
    END IF;

    SELECT a.peer_id, a.prefix, asked.prefix AS asked INTO other
        FROM unnest(allowed_ips) AS asked (prefix)
        JOIN wg_provision.allowed_ips a ON a.network_id = network_of_peer AND a.prefix && asked.prefix LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'allowed IP % overlaps % of peer %', other.asked, other.prefix, other.peer_id
            USING ERRCODE = 'exclusion_violation';
    END IF;

    INSERT INTO wg_provision.peers (network_id, public_key, preshared_key, keepalive_seconds, enabled, not_before,
            expires_at, name, comment)
        VALUES (network_of_peer, key, wg_provision.key_from_base64('preshared_key', preshared_key), keepalive_seconds,
            enabled, not_before, expires_at, name, comment)
        RETURNING id INTO added;
    INSERT INTO wg_provision.allowed_ips (peer_id, network_id, prefix)
        SELECT added, network_of_peer, asked.prefix FROM unnest(allowed_ips) AS asked (prefix);
    RETURN added;
END
$$;
COMMENT ON FUNCTION wg_provision.add_peer(text, text, cidr[], text, integer, boolean, timestamptz, timestamptz, text, text) IS
    'Adds a peer with its allowed IPs and returns its id; keys in base64 as wg prints them';

-- Rights. Functions are for everybody unless that is taken back.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA wg_provision FROM PUBLIC;
GRANT USAGE ON SCHEMA wg_provision TO wg_provision_daemon;
GRANT EXECUTE ON FUNCTION wg_provision.schema_version() TO wg_provision_daemon;
GRANT EXECUTE ON FUNCTION wg_provision.find_peers(text[], bytea[]) TO wg_provision_daemon;
