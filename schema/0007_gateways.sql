-- What the gateways tell of themselves: which interfaces they serve, and who has a session there.

CREATE TABLE wg_provision.gateways (
    id         integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text        NOT NULL,
    version    text        NOT NULL,
    first_seen timestamptz NOT NULL DEFAULT now(),
    last_seen  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT gateways_name_unique UNIQUE (name),
    CONSTRAINT gateways_name_length CHECK (length(name) BETWEEN 1 AND 255)
);
COMMENT ON TABLE wg_provision.gateways IS 'Machines on which wg-provisiond runs; each reports once a minute';
COMMENT ON COLUMN wg_provision.gateways.id IS 'Identity';
COMMENT ON COLUMN wg_provision.gateways.name IS 'The machine''s host name';
COMMENT ON COLUMN wg_provision.gateways.version IS 'Of wg-provisiond';
COMMENT ON COLUMN wg_provision.gateways.first_seen IS 'When it reported first';
COMMENT ON COLUMN wg_provision.gateways.last_seen IS 'When it reported last';

CREATE TABLE wg_provision.interfaces (
    gateway_id integer     NOT NULL REFERENCES wg_provision.gateways (id) ON DELETE CASCADE,
    name       text        NOT NULL,
    network_id integer     NOT NULL REFERENCES wg_provision.networks (id) ON DELETE CASCADE,
    public_key bytea       NOT NULL,
    peers      integer     NOT NULL,
    last_seen  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (gateway_id, name),
    CONSTRAINT interfaces_name_length CHECK (length(name) BETWEEN 1 AND 15),
    CONSTRAINT interfaces_public_key_length CHECK (octet_length(public_key) = 32)
);
COMMENT ON TABLE wg_provision.interfaces IS 'WireGuard interfaces that a gateway serves';
COMMENT ON COLUMN wg_provision.interfaces.gateway_id IS 'On which gateway';
COMMENT ON COLUMN wg_provision.interfaces.name IS 'As in ip link';
COMMENT ON COLUMN wg_provision.interfaces.network_id IS 'Whose peers it installs';
COMMENT ON COLUMN wg_provision.interfaces.public_key IS 'Its own key, 32 bytes: what clients call the peer''s';
COMMENT ON COLUMN wg_provision.interfaces.peers IS 'Peers on it, whoever put them there';
COMMENT ON COLUMN wg_provision.interfaces.last_seen IS 'When it was reported last';

CREATE TABLE wg_provision.activity (
    peer_id        bigint      PRIMARY KEY REFERENCES wg_provision.peers (id) ON DELETE CASCADE,
    gateway        text        NOT NULL,
    interface      text        NOT NULL,
    address        inet,
    port           integer,
    since          timestamptz NOT NULL,
    last_handshake timestamptz NOT NULL,
    received_bytes bigint      NOT NULL,
    sent_bytes     bigint      NOT NULL,
    reported_at    timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);
COMMENT ON TABLE wg_provision.activity IS
    'The last session of each peer that ever had one while a gateway could report it; written by the gateways';
COMMENT ON COLUMN wg_provision.activity.peer_id IS 'Whose';
COMMENT ON COLUMN wg_provision.activity.gateway IS 'On which gateway';
COMMENT ON COLUMN wg_provision.activity.interface IS 'On which of its interfaces';
COMMENT ON COLUMN wg_provision.activity.address IS 'Where the device was, as the gateway saw it';
COMMENT ON COLUMN wg_provision.activity.port IS 'From which UDP port';
COMMENT ON COLUMN wg_provision.activity.since IS 'The first handshake of the reports that followed each other without a gap';
COMMENT ON COLUMN wg_provision.activity.last_handshake IS 'By the gateway''s clock';
COMMENT ON COLUMN wg_provision.activity.received_bytes IS 'From the device, since it was installed there';
COMMENT ON COLUMN wg_provision.activity.sent_bytes IS 'To the device, since it was installed there';
COMMENT ON COLUMN wg_provision.activity.reported_at IS 'When this was reported';
CREATE INDEX activity_last_handshake ON wg_provision.activity USING brin (last_handshake);

CREATE FUNCTION wg_provision.report_interface(
        p_gateway text, p_version text, p_interface text, p_network text, p_public_key bytea, p_peers integer,
        p_keys bytea[], p_addresses inet[], p_ports integer[], p_handshakes_us bigint[], p_received bigint[], p_sent bigint[])
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET synchronous_commit = off
AS $$
DECLARE
    reporting integer;
BEGIN
    INSERT INTO wg_provision.gateways AS g (name, version) VALUES (p_gateway, p_version)
        ON CONFLICT (name) DO UPDATE SET version = excluded.version, last_seen = excluded.last_seen
        RETURNING g.id INTO reporting;
    INSERT INTO wg_provision.interfaces AS i (gateway_id, name, network_id, public_key, peers)
        SELECT reporting, p_interface, n.id, p_public_key, p_peers FROM wg_provision.networks n WHERE n.name = p_network
        ON CONFLICT (gateway_id, name) DO UPDATE SET network_id = excluded.network_id, public_key = excluded.public_key,
            peers = excluded.peers, last_seen = excluded.last_seen;
    INSERT INTO wg_provision.activity AS a (peer_id, gateway, interface, address, port, since, last_handshake,
            received_bytes, sent_bytes)
        SELECT DISTINCT ON (p.id) p.id, p_gateway, p_interface, r.address, r.port, h.at, h.at, r.received, r.sent
        FROM unnest(p_keys, p_addresses, p_ports, p_handshakes_us, p_received, p_sent)
            AS r (key, address, port, handshake_us, received, sent)
        CROSS JOIN LATERAL (SELECT to_timestamp(r.handshake_us / 1000000.0) AS at) AS h
        CROSS JOIN LATERAL (
            SELECT k.id FROM wg_provision.peers k WHERE k.public_key = r.key
            UNION ALL SELECT k.peer_id FROM wg_provision.retiring_keys k WHERE k.public_key = r.key LIMIT 1) AS p
        ORDER BY p.id, h.at DESC
        ON CONFLICT (peer_id) DO UPDATE SET gateway = excluded.gateway, interface = excluded.interface,
            address = excluded.address, port = excluded.port, last_handshake = excluded.last_handshake,
            received_bytes = excluded.received_bytes, sent_bytes = excluded.sent_bytes, reported_at = excluded.reported_at,
            since = CASE WHEN (a.gateway, a.interface) = (excluded.gateway, excluded.interface)
                AND a.reported_at > now() - interval '5 minutes' THEN a.since ELSE excluded.since END
            WHERE excluded.last_handshake >= a.last_handshake;
END
$$;
COMMENT ON FUNCTION wg_provision.report_interface(text, text, text, text, bytea, integer, bytea[], inet[], integer[], bigint[],
        bigint[], bigint[]) IS
    'For the daemon: an interface, and those of its peers that have had a handshake lately; arrays of one length, times in '
    'microseconds since 1970. Of two gateways that report a peer the later handshake counts';

CREATE VIEW wg_provision.active_peers AS
    SELECT n.name AS network, p.name, encode(p.public_key, 'base64') AS public_key, a.gateway, a.interface, a.since,
        a.address, a.port, a.last_handshake, a.received_bytes, a.sent_bytes
    FROM wg_provision.activity a JOIN wg_provision.peers p ON p.id = a.peer_id
    JOIN wg_provision.networks n ON n.id = p.network_id
    WHERE a.last_handshake > now() - interval '5 minutes';
COMMENT ON VIEW wg_provision.active_peers IS
    'Who has a session, where and since when: a handshake in the last five minutes, as of the gateways'' last reports';

CREATE VIEW wg_provision.gateway_list AS
    SELECT g.name AS gateway, i.name AS interface, n.name AS network, encode(i.public_key, 'base64') AS public_key, i.peers,
        g.version, coalesce(i.last_seen, g.last_seen) AS last_seen,
        coalesce(i.last_seen, g.last_seen) > now() - interval '3 minutes' AS is_alive
    FROM wg_provision.gateways g LEFT JOIN wg_provision.interfaces i ON i.gateway_id = g.id
    LEFT JOIN wg_provision.networks n ON n.id = i.network_id;
COMMENT ON VIEW wg_provision.gateway_list IS 'Gateways and the interfaces that they serve; alive: reported in the last 3 minutes';

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
           s.last_handshake AS last_seen
    FROM wg_provision.peers p JOIN wg_provision.networks n ON n.id = p.network_id
    LEFT JOIN wg_provision.activity s ON s.peer_id = p.id;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA wg_provision FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wg_provision.report_interface(text, text, text, text, bytea, integer, bytea[], inet[], integer[],
    bigint[], bigint[], bigint[]) TO wg_provision_daemon;
GRANT SELECT, DELETE ON wg_provision.gateways TO wg_provision_administrator;
GRANT SELECT ON wg_provision.interfaces, wg_provision.activity, wg_provision.active_peers, wg_provision.gateway_list
    TO wg_provision_administrator, wg_provision_viewer;
GRANT SELECT ON wg_provision.gateways TO wg_provision_viewer;
