-- Which keys there are, so that a gateway need not ask about others.

-- In the order in which they are read, and without a look at the rows.
CREATE INDEX peers_enabled_keys ON wg_provision.peers (network_id, public_key) WHERE enabled;
CREATE INDEX expected_keys_network ON wg_provision.expected_keys (network_id, public_key);

-- A key that is not valid yet becomes so without a change, and is among them; so is one that has expired, for the sake of the
-- index. Each page is the beginning of a range, in an order that only this index has, so that a plan which was made while the
-- table was empty goes through it when the table has grown.
CREATE FUNCTION wg_provision.known_keys_of(p_reference text, p_after bytea, p_most integer) RETURNS SETOF bytea
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 4096 SET search_path = pg_catalog, pg_temp
    SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_sort = off
    SET enable_incremental_sort = off SET jit = off SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    served CONSTANT integer := (wg_provision.find_network(p_reference)).id;
    behind CONSTANT bytea := coalesce(p_after, '');
    most   CONSTANT integer := least(p_most, 65536);
BEGIN
    IF p_after IS NULL AND EXISTS (SELECT FROM wg_provision.trial_enrolments t
            WHERE t.network_id = served AND (t.ends_at IS NULL OR t.ends_at > now())) THEN
        RETURN NEXT NULL;
        RETURN;
    END IF;
    RETURN QUERY
    SELECT k.public_key FROM (
        (SELECT p.public_key FROM wg_provision.peers p
            WHERE (p.network_id, p.public_key) > (served, behind) AND p.network_id <= served AND p.enabled
            ORDER BY p.network_id, p.public_key LIMIT most)
        UNION ALL
        (SELECT e.public_key FROM wg_provision.expected_keys e
            WHERE (e.network_id, e.public_key) > (served, behind) AND e.network_id <= served
            ORDER BY e.network_id, e.public_key LIMIT most)
        UNION ALL
        (SELECT r.public_key FROM wg_provision.retiring_keys r JOIN wg_provision.peers p ON p.id = r.peer_id
            WHERE r.public_key > behind AND r.ends_at > now() AND p.network_id = served AND p.enabled
            ORDER BY r.public_key LIMIT most)) AS k
    ORDER BY k.public_key LIMIT most;
END
$$;
COMMENT ON FUNCTION wg_provision.known_keys_of(text, bytea, integer) IS
    'For the daemon: keys of which find_peers_of could answer with a peer in a network that it refers to: those of peers that are '
    'enabled, expected keys and keys on their way out; at most p_most of them behind p_after, in their order. One row that is '
    'NULL where the network takes devices on trial: any key could';

REVOKE ALL ON FUNCTION wg_provision.known_keys_of(text, bytea, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wg_provision.known_keys_of(text, bytea, integer) TO wg_provision_daemon;

UPDATE wg_provision.schema_version SET compatible_from = 13, compatible_as_of = 18;
