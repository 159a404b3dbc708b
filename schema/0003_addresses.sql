-- What an administrator must not be able to write by mistake; what a network knows about its peers: the ranges that their
-- addresses lie in, the pools that these come from, and what a new client is told.

-- The unusable keys are the points of order 1, 2, 4 and 8, and those of them that are not reduced: an agreement with one
-- of these is all zero (RFC 7748, section 6.1). The highest bit of a key is ignored.
-- NOT VALID: rows from before these rules stay as they are until they are changed.
ALTER TABLE wg_provision.peers
    ADD COLUMN labels jsonb NOT NULL DEFAULT '{}',
    ADD CONSTRAINT peers_labels_shape CHECK (jsonb_typeof(labels) = 'object' AND length(labels::text) <= 8192),
    ADD CONSTRAINT peers_public_key_usable CHECK (
        CASE WHEN octet_length(public_key) = 32 THEN set_byte(public_key, 31, get_byte(public_key, 31) & 127) NOT IN (
            '\x0000000000000000000000000000000000000000000000000000000000000000',
            '\x0100000000000000000000000000000000000000000000000000000000000000',
            '\xe0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
            '\x5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
            '\xecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
            '\xedffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
            '\xeeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f') END) NOT VALID,
    ADD CONSTRAINT peers_name_printable CHECK (name !~ '[\u0001-\u001f\u007f-\u009f]') NOT VALID,
    ADD CONSTRAINT peers_comment_printable CHECK (comment !~ '[\u0001-\u0008\u000b-\u001f\u007f-\u009f]') NOT VALID;
COMMENT ON COLUMN wg_provision.peers.labels IS
    'What else there is to know, a JSON object: WHERE labels @> ''{"site": "north"}'' uses an index';
CREATE INDEX peers_labels ON wg_provision.peers USING gin (labels jsonb_path_ops);

ALTER TABLE wg_provision.networks
    ADD COLUMN ranges             cidr[],
    ADD COLUMN keepalive_seconds  integer NOT NULL DEFAULT 0,
    ADD COLUMN endpoint           text,
    ADD COLUMN client_dns         inet[],
    ADD COLUMN client_allowed_ips cidr[],
    ADD CONSTRAINT networks_comment_printable
        CHECK (comment !~ '[\u0001-\u0008\u000b-\u001f\u007f-\u009f]') NOT VALID,
    ADD CONSTRAINT networks_ranges_shape
        CHECK (cardinality(ranges) BETWEEN 1 AND 64 AND array_position(ranges, NULL) IS NULL),
    ADD CONSTRAINT networks_keepalive_seconds_range CHECK (keepalive_seconds BETWEEN 0 AND 65535),
    ADD CONSTRAINT networks_endpoint_shape
        CHECK (endpoint ~ '^([A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9a-fA-F:.]{2,45}\]):[0-9]{1,5}$'
            AND substring(endpoint FROM '[0-9]{1,5}$')::integer BETWEEN 1 AND 65535),
    ADD CONSTRAINT networks_client_dns_shape
        CHECK (cardinality(client_dns) BETWEEN 1 AND 8 AND array_position(client_dns, NULL) IS NULL),
    ADD CONSTRAINT networks_client_allowed_ips_shape
        CHECK (cardinality(client_allowed_ips) BETWEEN 1 AND 64 AND array_position(client_allowed_ips, NULL) IS NULL);
COMMENT ON COLUMN wg_provision.networks.ranges IS
    'Prefixes that hold every allowed IP of the network, 1 to 64 that do not overlap; NULL for no such rule';
COMMENT ON COLUMN wg_provision.networks.keepalive_seconds IS 'For peers that are added without one, 0 to 65535; 0 for none';
COMMENT ON COLUMN wg_provision.networks.endpoint IS
    'Where clients reach the gateways, host:port or [IPv6]:port; for the configuration of a new client';
COMMENT ON COLUMN wg_provision.networks.client_dns IS 'For the configuration of a new client; NULL for none';
COMMENT ON COLUMN wg_provision.networks.client_allowed_ips IS
    'What a new client sends through the tunnel; NULL for everything';

ALTER TABLE wg_provision.allowed_ips ADD COLUMN outside_ranges boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN wg_provision.allowed_ips.outside_ranges IS
    'True where the prefix is meant to lie outside the network''s ranges';

CREATE FUNCTION wg_provision.networks_ranges() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    pair   record;
    astray cidr;
BEGIN
    -- An older snapshot would not show the peers that were added meanwhile.
    IF TG_OP = 'UPDATE' AND current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'the ranges of a network are changed in a READ COMMITTED transaction'
            USING ERRCODE = 'feature_not_supported';
    END IF;
    SELECT a.range AS one, b.range AS other INTO pair
        FROM unnest(NEW.ranges) WITH ORDINALITY AS a (range, n)
        JOIN unnest(NEW.ranges) WITH ORDINALITY AS b (range, n) ON a.n < b.n AND a.range && b.range LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the ranges % and % of network "%" overlap', pair.one, pair.other, NEW.name
            USING ERRCODE = 'check_violation', TABLE = 'networks', CONSTRAINT = 'networks_ranges_overlap';
    END IF;
    SELECT a.prefix INTO astray FROM wg_provision.allowed_ips a
        WHERE a.network_id = NEW.id AND NOT a.outside_ranges AND NOT a.prefix <<= ANY (NEW.ranges::inet[]) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'allowed IP % would lie outside the ranges of network "%"', astray, NEW.name
            USING ERRCODE = 'check_violation', TABLE = 'networks', CONSTRAINT = 'networks_ranges_hold_peers',
                  HINT = 'Give the network one more range, or set allowed_ips.outside_ranges where it is meant.';
    END IF;
    SELECT p.prefix INTO astray FROM wg_provision.pools p
        WHERE p.network_id = NEW.id AND NOT p.prefix <<= ANY (NEW.ranges::inet[]) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the pool % would lie outside the ranges of network "%"', astray, NEW.name
            USING ERRCODE = 'check_violation', TABLE = 'networks', CONSTRAINT = 'networks_ranges_hold_pools';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION wg_provision.networks_ranges() IS 'Trigger: ranges do not overlap and hold every pool and allowed IP';
CREATE TRIGGER networks_ranges AFTER INSERT OR UPDATE OF ranges ON wg_provision.networks
    FOR EACH ROW WHEN (NEW.ranges IS NOT NULL) EXECUTE FUNCTION wg_provision.networks_ranges();

-- The shared lock keeps the ranges as they are until this transaction ends, so the two checks cannot race.
CREATE FUNCTION wg_provision.allowed_ips_in_ranges() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    astray record;
BEGIN
    PERFORM FROM wg_provision.networks n WHERE n.id IN (SELECT network_id FROM new_rows) ORDER BY n.id FOR SHARE;
    SELECT a.prefix, n.name, n.ranges INTO astray
        FROM new_rows a JOIN wg_provision.networks n ON n.id = a.network_id
        WHERE NOT a.outside_ranges AND NOT a.prefix <<= ANY (n.ranges::inet[]) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'allowed IP % lies outside the ranges of network "%"', astray.prefix, astray.name
            USING ERRCODE = 'check_violation', TABLE = 'allowed_ips', CONSTRAINT = 'allowed_ips_in_ranges',
                  HINT = format('They are %s. Set outside_ranges where it is meant.', array_to_string(astray.ranges, ', '));
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION wg_provision.allowed_ips_in_ranges() IS
    'Trigger: every allowed IP lies in a range of its network, unless it is marked';
CREATE TRIGGER allowed_ips_in_ranges_insert AFTER INSERT ON wg_provision.allowed_ips
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION wg_provision.allowed_ips_in_ranges();
CREATE TRIGGER allowed_ips_in_ranges_update AFTER UPDATE ON wg_provision.allowed_ips
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION wg_provision.allowed_ips_in_ranges();

-- Pools. A sequential pool hands out its addresses in order; those that come back wait for its hold time and are used
-- when it has no others. A derived pool needs no memory: the address follows from the key.
CREATE TABLE wg_provision.pools (
    id            integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network_id    integer     NOT NULL REFERENCES wg_provision.networks (id) ON DELETE CASCADE,
    prefix        cidr        NOT NULL,
    method        text        NOT NULL DEFAULT 'sequential',
    first_address inet,
    last_address  inet,
    hold_time     interval    NOT NULL DEFAULT '7 days',
    comment       text,
    created_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pools_no_overlap EXCLUDE USING gist (prefix inet_ops WITH &&, network_id WITH =),
    CONSTRAINT pools_method CHECK (method IN ('sequential', 'derived')),
    CONSTRAINT pools_derived_shape CHECK (method <> 'derived'
        OR family(prefix) = 6 AND masklen(prefix) <= 64 AND num_nonnulls(first_address, last_address) = 0),
    CONSTRAINT pools_sequential_shape CHECK (method <> 'sequential'
        OR num_nulls(first_address, last_address) = 0 AND first_address <= last_address
        AND first_address <<= prefix AND last_address <<= prefix
        AND masklen(first_address) = masklen(last_address) AND masklen(last_address) IN (32, 128)
        AND (family(prefix) = 4 OR last_address <= first_address + (1::bigint << 62))),
    CONSTRAINT pools_hold_time_range CHECK (hold_time BETWEEN interval '0' AND interval '10 years'),
    CONSTRAINT pools_comment_length CHECK (length(comment) <= 1000)
);
COMMENT ON TABLE wg_provision.pools IS
    'Where the addresses of new peers come from: one of each family, from the first pool that has one';
COMMENT ON COLUMN wg_provision.pools.id IS 'Identity; pools are tried in this order';
COMMENT ON COLUMN wg_provision.pools.network_id IS 'Whose peers get the addresses';
COMMENT ON COLUMN wg_provision.pools.prefix IS 'Where the addresses lie; pools of a network do not overlap';
COMMENT ON COLUMN wg_provision.pools.method IS
    'sequential: in order, then those that came back; derived: IPv6 /64 or shorter, see derived_address';
COMMENT ON COLUMN wg_provision.pools.first_address IS
    'Of a sequential pool. By default the third of the prefix: the second is customary for the gateway';
COMMENT ON COLUMN wg_provision.pools.last_address IS
    'Of a sequential pool, at most 2^62 after the first. By default the last of the prefix but the IPv4 broadcast address';
COMMENT ON COLUMN wg_provision.pools.hold_time IS 'How long a returned address waits before another peer may get it';
COMMENT ON COLUMN wg_provision.pools.comment IS 'For people';
COMMENT ON COLUMN wg_provision.pools.created_at IS 'When the row was made';

CREATE TABLE wg_provision.fresh_ranges (
    id            bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    pool_id       integer NOT NULL REFERENCES wg_provision.pools (id) ON DELETE CASCADE,
    first_address inet    NOT NULL,
    last_address  inet    NOT NULL
);
COMMENT ON TABLE wg_provision.fresh_ranges IS
    'Addresses that a sequential pool has never handed out: a long rest, and shorter pieces of it for sessions that allocate';
COMMENT ON COLUMN wg_provision.fresh_ranges.id IS 'Identity';
COMMENT ON COLUMN wg_provision.fresh_ranges.pool_id IS 'Whose addresses';
COMMENT ON COLUMN wg_provision.fresh_ranges.first_address IS 'The next to be handed out';
COMMENT ON COLUMN wg_provision.fresh_ranges.last_address IS 'The last one';
-- On no address, so that handing out one is a heap-only update.
CREATE INDEX fresh_ranges_pool ON wg_provision.fresh_ranges (pool_id, id);

CREATE TABLE wg_provision.returned_prefixes (
    pool_id   integer     NOT NULL REFERENCES wg_provision.pools (id) ON DELETE CASCADE,
    prefix    cidr        NOT NULL,
    free_from timestamptz NOT NULL,
    PRIMARY KEY (pool_id, prefix)
);
COMMENT ON TABLE wg_provision.returned_prefixes IS 'Addresses of a sequential pool that a peer has had';
COMMENT ON COLUMN wg_provision.returned_prefixes.pool_id IS 'Whose addresses';
COMMENT ON COLUMN wg_provision.returned_prefixes.prefix IS 'What the peer had: an address, or many';
COMMENT ON COLUMN wg_provision.returned_prefixes.free_from IS 'From when another peer may get it';
CREATE INDEX returned_prefixes_free_from ON wg_provision.returned_prefixes (pool_id, free_from);

CREATE FUNCTION wg_provision.is_within(prefix cidr, first_address inet, last_address inet) RETURNS boolean
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT set_masklen(prefix::inet, masklen(last_address)) <= last_address
        AND set_masklen(broadcast(prefix), masklen(first_address)) >= first_address
$$;
COMMENT ON FUNCTION wg_provision.is_within(cidr, inet, inet) IS 'Whether a prefix has an address of this range, of its family';

CREATE FUNCTION wg_provision.pools_prepare() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    bits      CONSTANT integer := CASE family(NEW.prefix) WHEN 4 THEN 32 ELSE 128 END;
    lowest    CONSTANT inet := set_masklen(NEW.prefix::inet, bits);
    highest   CONSTANT inet := set_masklen(broadcast(NEW.prefix), bits);
    is_roomy  CONSTANT boolean := bits - masklen(NEW.prefix) >= 2;
BEGIN
    IF NEW.method = 'sequential' THEN
        NEW.first_address := coalesce(NEW.first_address, CASE WHEN is_roomy THEN lowest + 2 ELSE lowest END);
        NEW.last_address := coalesce(NEW.last_address, CASE
            WHEN bits - masklen(NEW.prefix) > 62 THEN least(NEW.first_address + (1::bigint << 62), highest)
            WHEN is_roomy AND bits = 32 THEN highest - 1
            ELSE highest END);
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION wg_provision.pools_prepare() IS 'Trigger: first and last address where none is given';
CREATE TRIGGER pools_prepare BEFORE INSERT ON wg_provision.pools
    FOR EACH ROW EXECUTE FUNCTION wg_provision.pools_prepare();

CREATE FUNCTION wg_provision.pools_begin() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    network record;
BEGIN
    SELECT n.name, n.ranges INTO network FROM wg_provision.networks n WHERE n.id = NEW.network_id FOR SHARE;
    IF NOT NEW.prefix <<= ANY (network.ranges::inet[]) THEN
        RAISE EXCEPTION 'the pool % lies outside the ranges of network "%"', NEW.prefix, network.name
            USING ERRCODE = 'check_violation', TABLE = 'pools', CONSTRAINT = 'pools_in_ranges',
                  HINT = format('They are %s.', array_to_string(network.ranges, ', '));
    END IF;
    IF NEW.method = 'sequential' THEN
        INSERT INTO wg_provision.fresh_ranges (pool_id, first_address, last_address)
            VALUES (NEW.id, NEW.first_address, NEW.last_address);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION wg_provision.pools_begin() IS 'Trigger: a pool lies in the ranges, and begins with all of its addresses';
CREATE TRIGGER pools_begin AFTER INSERT ON wg_provision.pools
    FOR EACH ROW EXECUTE FUNCTION wg_provision.pools_begin();

CREATE FUNCTION wg_provision.pools_fixed() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'the addresses of a pool cannot be changed'
        USING ERRCODE = 'feature_not_supported', HINT = 'Delete the pool, which changes no peer, and make another.';
END
$$;
COMMENT ON FUNCTION wg_provision.pools_fixed() IS 'Trigger: hold_time and comment of a pool may change, nothing else';
CREATE TRIGGER pools_fixed BEFORE UPDATE OF network_id, prefix, method, first_address, last_address ON wg_provision.pools
    FOR EACH ROW EXECUTE FUNCTION wg_provision.pools_fixed();

-- Also of what the pool has not come to yet, which only by then is known for sure: a session that passes it over at this
-- moment would leave nobody to hand it out. Whoever has an address twice finds that it is held.
CREATE FUNCTION wg_provision.allowed_ips_returned() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO wg_provision.returned_prefixes AS r (pool_id, prefix, free_from)
        SELECT p.id, CASE WHEN o.prefix <<= p.prefix THEN o.prefix ELSE p.prefix END AS part, now() + p.hold_time
        FROM old_rows o JOIN wg_provision.pools p
            ON p.network_id = o.network_id AND p.method = 'sequential' AND p.prefix && o.prefix
        WHERE wg_provision.is_within(o.prefix, p.first_address, p.last_address)
        AND NOT EXISTS (SELECT FROM wg_provision.allowed_ips a WHERE a.peer_id = o.peer_id AND a.prefix = o.prefix
            AND a.network_id = o.network_id)
        ON CONFLICT (pool_id, prefix) DO UPDATE SET free_from = greatest(r.free_from, excluded.free_from);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION wg_provision.allowed_ips_returned() IS 'Trigger: addresses go back to the pool that they came from';
CREATE TRIGGER allowed_ips_returned_delete AFTER DELETE ON wg_provision.allowed_ips
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION wg_provision.allowed_ips_returned();
CREATE TRIGGER allowed_ips_returned_update AFTER UPDATE ON wg_provision.allowed_ips
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION wg_provision.allowed_ips_returned();

-- A device computes the same before it has talked to anybody.
CREATE FUNCTION wg_provision.derived_address(prefix cidr, public_key bytea) RETURNS cidr
    LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp
AS $$
    SELECT ((prefix::inet & netmask(prefix)) | (hash.address & hostmask(prefix)))::cidr
    FROM (SELECT regexp_replace(
            encode(substring(sha256('wg-provision address'::bytea || public_key) FROM 1 FOR 16), 'hex'),
            '(.{4})(?!$)', '\1:', 'g')::inet AS address) AS hash
$$;
COMMENT ON FUNCTION wg_provision.derived_address(cidr, bytea) IS
    'The address of a key in an IPv6 prefix: the prefix, then as many of the last bits as it leaves free of the first '
    '128 bits of SHA-256 over the 20 bytes "wg-provision address" and the 32 bytes of the key';

CREATE FUNCTION wg_provision.address_holder(p_network integer, p_address inet) RETURNS cidr
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $$
    SELECT a.prefix FROM wg_provision.allowed_ips a WHERE a.prefix && p_address AND a.network_id = p_network LIMIT 1
$$;
COMMENT ON FUNCTION wg_provision.address_holder(integer, inet) IS 'The allowed IP of the network that covers an address';

-- A returned prefix becomes one address and the halves of it that stay.
CREATE FUNCTION wg_provision.address_of_returned(pool wg_provision.pools, returned wg_provision.returned_prefixes)
    RETURNS cidr
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $$
DECLARE
    bits   CONSTANT integer := masklen(pool.first_address);
    piece  cidr := returned.prefix;
    lower  cidr;
    upper  cidr;
    holder cidr;
    held   timestamptz;
BEGIN
    DELETE FROM wg_provision.returned_prefixes r WHERE r.pool_id = pool.id AND r.prefix = returned.prefix;
    LOOP
        holder := wg_provision.address_holder(pool.network_id, set_masklen(piece::inet, bits));
        IF NOT wg_provision.is_within(piece, pool.first_address, pool.last_address) OR holder >>= piece THEN
            RETURN NULL;
        END IF;
        EXIT WHEN masklen(piece) = bits;
        lower := set_masklen(piece::inet, masklen(piece) + 1)::cidr;
        upper := network(set_masklen(broadcast(piece), masklen(piece) + 1));
        IF NOT wg_provision.is_within(lower, pool.first_address, pool.last_address) OR holder >>= lower THEN
            piece := upper;
            CONTINUE;
        END IF;
        IF wg_provision.is_within(upper, pool.first_address, pool.last_address) THEN
            INSERT INTO wg_provision.returned_prefixes AS r VALUES (pool.id, upper, returned.free_from)
                ON CONFLICT (pool_id, prefix) DO UPDATE SET free_from = greatest(r.free_from, excluded.free_from);
        END IF;
        piece := lower;
    END LOOP;
    -- A peer may have had it again since, alone or within another prefix.
    SELECT max(r.free_from) INTO held FROM wg_provision.returned_prefixes r
        WHERE r.pool_id = pool.id AND r.free_from > now() AND r.prefix = ANY (ARRAY(
            SELECT network(set_masklen(piece::inet, length)) FROM generate_series(masklen(pool.prefix), bits) AS length));
    IF held IS NOT NULL THEN
        INSERT INTO wg_provision.returned_prefixes VALUES (pool.id, piece, held) ON CONFLICT DO NOTHING;
        RETURN NULL;
    END IF;
    RETURN piece;
END
$$;
COMMENT ON FUNCTION wg_provision.address_of_returned(wg_provision.pools, wg_provision.returned_prefixes) IS
    'Takes an address out of a returned prefix; NULL when it turns out to have none to give';

-- Sessions that allocate at once take from different pieces of what is fresh; only who finds every piece in use waits,
-- for the end of one transaction. An address that somebody has by hand is passed over, with the whole prefix around it.
-- The newest piece comes first: what a transaction has used up itself is not looked at again.
CREATE FUNCTION wg_provision.next_addresses(p_pool integer, p_count bigint) RETURNS SETOF cidr
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $$
DECLARE
    piece     CONSTANT integer := 64; -- addresses for one session at a time
    pool      wg_provision.pools;
    fresh     wg_provision.fresh_ranges;
    returned  wg_provision.returned_prefixes;
    candidate inet;
    holder    cidr;
    bits      integer;
    given     bigint := 0;
BEGIN
    SELECT * INTO pool FROM wg_provision.pools p WHERE p.id = p_pool;
    bits := masklen(pool.first_address);
    WHILE given < p_count LOOP
        SELECT * INTO fresh FROM wg_provision.fresh_ranges f WHERE f.pool_id = p_pool
            ORDER BY f.id DESC LIMIT 1 FOR UPDATE SKIP LOCKED;
        IF FOUND THEN
            candidate := fresh.first_address; -- NULL once the range is used up
            WHILE given < p_count AND candidate IS NOT NULL LOOP
                holder := wg_provision.address_holder(pool.network_id, candidate);
                IF holder IS NULL THEN
                    RETURN NEXT candidate::cidr;
                    given := given + 1;
                    holder := candidate::cidr;
                END IF;
                candidate := CASE WHEN set_masklen(broadcast(holder), bits) < fresh.last_address
                    THEN set_masklen(broadcast(holder), bits) + 1 END;
            END LOOP;
            IF candidate IS NULL THEN
                DELETE FROM wg_provision.fresh_ranges f WHERE f.id = fresh.id;
            ELSIF p_count > 1 OR fresh.last_address - candidate < 2 * piece THEN
                UPDATE wg_provision.fresh_ranges f SET first_address = candidate WHERE f.id = fresh.id;
            ELSE
                UPDATE wg_provision.fresh_ranges f SET first_address = candidate + (piece - 1) WHERE f.id = fresh.id;
                INSERT INTO wg_provision.fresh_ranges (pool_id, first_address, last_address)
                    VALUES (p_pool, candidate, candidate + (piece - 2));
            END IF;
            CONTINUE;
        END IF;
        SELECT * INTO returned FROM wg_provision.returned_prefixes r
            WHERE r.pool_id = p_pool AND r.free_from <= now() ORDER BY r.free_from LIMIT 1 FOR UPDATE SKIP LOCKED;
        IF FOUND THEN
            candidate := wg_provision.address_of_returned(pool, returned);
            IF candidate IS NOT NULL THEN
                RETURN NEXT candidate::cidr;
                given := given + 1;
            END IF;
            CONTINUE;
        END IF;
        -- What is left others are taking from: once they are done, look again.
        PERFORM FROM wg_provision.fresh_ranges f WHERE f.pool_id = p_pool ORDER BY f.id LIMIT 1 FOR UPDATE;
        CONTINUE WHEN FOUND;
        PERFORM FROM wg_provision.returned_prefixes r WHERE r.pool_id = p_pool AND r.free_from <= now() LIMIT 1 FOR UPDATE;
        CONTINUE WHEN FOUND;
        EXIT WHEN NOT EXISTS (SELECT FROM wg_provision.fresh_ranges f WHERE f.pool_id = p_pool) AND NOT EXISTS (
            SELECT FROM wg_provision.returned_prefixes r WHERE r.pool_id = p_pool AND r.free_from <= now());
    END LOOP;
END
$$;
COMMENT ON FUNCTION wg_provision.next_addresses(integer, bigint) IS
    'Takes addresses out of a sequential pool, each the time of a few index look-ups however large it is; fewer than asked '
    'for when no more are left';

CREATE FUNCTION wg_provision.next_address(p_pool integer) RETURNS cidr
    LANGUAGE sql SET search_path = pg_catalog, pg_temp
AS $$
    SELECT * FROM wg_provision.next_addresses(p_pool, 1)
$$;
COMMENT ON FUNCTION wg_provision.next_address(integer) IS
    'Takes an address out of a sequential pool; NULL when none is left';

CREATE FUNCTION wg_provision.pool_addresses(p_network integer, p_key bytea, OUT addresses cidr[], OUT fault text)
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    pool    wg_provision.pools;
    address cidr;
    done    integer[] := '{}'; -- families
    taken   integer[] := '{}'; -- pools, as many as addresses
BEGIN
    addresses := '{}';
    FOR pool IN SELECT * FROM wg_provision.pools p WHERE p.network_id = p_network ORDER BY family(p.prefix), p.id LOOP
        CONTINUE WHEN family(pool.prefix) = ANY (done);
        address := CASE pool.method WHEN 'derived' THEN wg_provision.derived_address(pool.prefix, p_key)
                                    ELSE wg_provision.next_address(pool.id) END;
        IF address IS NOT NULL THEN
            addresses := addresses || address;
            done := done || family(pool.prefix);
            taken := taken || pool.id;
        END IF;
    END LOOP;
    SELECT format('the pool %s has no address left', p.prefix) INTO fault FROM wg_provision.pools p
        WHERE p.network_id = p_network AND family(p.prefix) <> ALL (done) LIMIT 1;
    IF done = '{}' AND fault IS NULL THEN
        fault := 'the network has no address pool';
    ELSIF fault IS NOT NULL THEN
        INSERT INTO wg_provision.returned_prefixes (pool_id, prefix, free_from)
            SELECT t.pool, t.address, now() FROM unnest(taken, addresses) AS t (pool, address)
            JOIN wg_provision.pools p ON p.id = t.pool AND p.method = 'sequential'
            ON CONFLICT DO NOTHING;
        addresses := '{}';
    END IF;
END
$$;
COMMENT ON FUNCTION wg_provision.pool_addresses(integer, bytea) IS
    'One address of each family for which the network has a pool, or what is wrong';

CREATE FUNCTION wg_provision.allocate_addresses(p_network integer, p_key bytea) RETURNS cidr[]
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    taken record;
BEGIN
    SELECT * INTO taken FROM wg_provision.pool_addresses(p_network, p_key);
    IF taken.fault IS NOT NULL THEN
        RAISE EXCEPTION '%', taken.fault
            USING ERRCODE = 'check_violation', TABLE = 'pools', CONSTRAINT = 'pools_have_addresses',
                  HINT = 'Give allowed_ips, or the network another pool with wg_provision.add_pool(...); addresses of '
                         'removed peers come back after the hold time.';
    END IF;
    RETURN taken.addresses;
END
$$;
COMMENT ON FUNCTION wg_provision.allocate_addresses(integer, bytea) IS
    'One address of each family for which the network has a pool, or an error that says what is wrong';

CREATE FUNCTION wg_provision.network_id(p_name text) RETURNS integer
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found_id integer;
BEGIN
    SELECT n.id INTO found_id FROM wg_provision.networks n WHERE n.name = p_name;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no network "%"', p_name
            USING ERRCODE = 'foreign_key_violation',
                  HINT = 'INSERT INTO wg_provision.networks (name) VALUES (...)';
    END IF;
    RETURN found_id;
END
$$;
COMMENT ON FUNCTION wg_provision.network_id(text) IS 'The id of the network with this name, or an error that says so';

CREATE FUNCTION wg_provision.add_pool(
        network       text,
        prefix        cidr,
        method        text     DEFAULT 'sequential',
        first_address inet     DEFAULT NULL,
        last_address  inet     DEFAULT NULL,
        hold_time     interval DEFAULT '7 days',
        comment       text     DEFAULT NULL)
    RETURNS integer
    LANGUAGE sql SET search_path = pg_catalog, pg_temp
AS $$
    INSERT INTO wg_provision.pools (network_id, prefix, method, first_address, last_address, hold_time, comment)
        VALUES (wg_provision.network_id(network), prefix, method, first_address, last_address, hold_time, comment)
        RETURNING id
$$;
COMMENT ON FUNCTION wg_provision.add_pool(text, cidr, text, inet, inet, interval, text) IS
    'Gives a network an address pool and returns its id; see the table pools for the defaults';

-- The server's own error for a row that breaks a rule quotes the row, and so its preshared key, in its detail and its log.
CREATE FUNCTION wg_provision.raise_without_row(p_message text, p_constraint text, p_detail text, p_hint text, p_state text)
    RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF p_detail LIKE 'Failing row contains%' OR p_detail = '' THEN
        RAISE EXCEPTION '%', p_message USING ERRCODE = p_state, CONSTRAINT = p_constraint;
    END IF;
    RAISE EXCEPTION '%', p_message USING ERRCODE = p_state, CONSTRAINT = p_constraint, DETAIL = p_detail, HINT = p_hint;
END
$$;
COMMENT ON FUNCTION wg_provision.raise_without_row(text, text, text, text, text) IS
    'Raises an error again, without the values of the row';

DROP FUNCTION wg_provision.add_peer(text, text, cidr[], text, integer, boolean, timestamptz, timestamptz, text, text);
CREATE FUNCTION wg_provision.add_peer(
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
    END IF;
    key := wg_provision.key_from_base64('public_key', public_key);
    network_of_peer := wg_provision.network_id(network);

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
COMMENT ON FUNCTION wg_provision.add_peer(text, text, cidr[], text, integer, boolean, timestamptz, timestamptz, text, text,
        jsonb, boolean) IS
    'Adds a peer and returns its id; keys in base64 as wg prints them. Without allowed_ips it gets one address of each '
    'family from the network''s pools, without keepalive_seconds the network''s';

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA wg_provision FROM PUBLIC;
