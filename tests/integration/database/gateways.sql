-- What gateways report of themselves and of their sessions.
BEGIN;
SET search_path = public, wg_provision;
SELECT plan(17);

CREATE FUNCTION pg_temp.key(n integer) RETURNS bytea LANGUAGE sql AS $$ SELECT sha256(int4send(n)) $$;
CREATE FUNCTION pg_temp.report(gateway text, handshakes timestamptz[], received bigint DEFAULT 10) RETURNS void
    LANGUAGE sql AS $$
    SELECT wg_provision.report_interface(gateway, '1.0', 'wg0', 'office', pg_temp.key(0), 7,
        (SELECT array_agg(pg_temp.key(i)) FROM generate_series(1, cardinality(handshakes)) i),
        array_fill('192.0.2.9'::inet, ARRAY[cardinality(handshakes)]), array_fill(4000, ARRAY[cardinality(handshakes)]),
        (SELECT array_agg((extract(epoch FROM h) * 1000000)::bigint) FROM unnest(handshakes) h),
        array_fill(received, ARRAY[cardinality(handshakes)]), array_fill(20::bigint, ARRAY[cardinality(handshakes)]))
$$;

INSERT INTO networks (name) VALUES ('office');
INSERT INTO peers (network_id, public_key, name) VALUES (1, pg_temp.key(1), 'one'), (1, pg_temp.key(2), 'two');

SELECT wg_provision.report_interface('gw1', '1.0', 'wg0', 'office', pg_temp.key(0), 0, '{}', '{}', '{}', '{}', '{}', '{}');
SELECT is(concat_ws(' ', gateway, interface, network, public_key, peers, version, is_alive),
    'gw1 wg0 office ' || encode(pg_temp.key(0), 'base64') || ' 0 1.0 t', 'a gateway without sessions') FROM gateway_list;
SELECT is_empty('SELECT * FROM active_peers', 'nobody is active');

SELECT pg_temp.report('gw1', ARRAY[now() - interval '10 s', now() - interval '6 minutes', now()]);
SELECT is(peers, 7, 'the interface is reported again') FROM gateway_list;
SELECT is(concat_ws(' ', name, gateway, interface, address, port, received_bytes, sent_bytes), 'one gw1 wg0 192.0.2.9 4000 10 20',
    'who had a handshake in the last five minutes is active') FROM active_peers;
SELECT is(last_seen, now() - interval '6 minutes', 'the other was seen last') FROM peer_list WHERE name = 'two';
SELECT is(count(*), 2::bigint, 'a key that is no peer leaves no row') FROM activity;

SELECT pg_temp.report('gw1', ARRAY[now() - interval '1 s'], 11);
SELECT is((since, last_handshake, received_bytes), (now() - interval '10 s', now() - interval '1 s', 11::bigint),
    'a later handshake goes on from the first') FROM active_peers;
SELECT pg_temp.report('gw2', ARRAY[now() - interval '5 s']);
SELECT is(gateway, 'gw1', 'an older handshake elsewhere does not count') FROM active_peers;
SELECT pg_temp.report('gw2', ARRAY[now()]);
SELECT is(concat_ws(' ', gateway, since), concat_ws(' ', 'gw2', now() - interval '5 s'), 'a newer one does, with its own beginning')
    FROM active_peers;

SELECT rotate_key(encode(pg_temp.key(2), 'base64'), encode(pg_temp.key(9), 'base64'), '1 hour');
SELECT pg_temp.report('gw1', ARRAY[now() - interval '1 minute', now()]);
SELECT is(last_seen, now(), 'a key that is retiring is its peer') FROM peer_list WHERE name = 'two';
DELETE FROM peers WHERE name = 'two';
SELECT is(count(DISTINCT peer_id), 1::bigint, 'activity goes with its peer') FROM activity;
SELECT is_empty($$SELECT * FROM audit WHERE relation IN ('activity', 'gateways', 'interfaces')$$, 'none of it is audited');
SELECT is_empty($$SELECT c.* FROM changes c JOIN activity a ON c.public_keys = ARRAY[sha256(int4send(77))]$$, 'nor a change');

SELECT lives_ok($$SELECT wg_provision.report_interface('gw3', '1.0', 'wg0', 'nowhere', sha256('x'), 0, '{}', '{}', '{}', '{}',
    '{}', '{}')$$, 'a network that does not exist');
SELECT is(interface, NULL, 'leaves the gateway') FROM gateway_list WHERE gateway = 'gw3';
UPDATE interfaces SET last_seen = now() - interval '4 minutes';
SELECT ok(NOT bool_or(is_alive), 'who has not reported for three minutes is not alive') FROM gateway_list WHERE gateway <> 'gw3';
DELETE FROM gateways WHERE name = 'gw2';
SELECT is(array_agg(gateway ORDER BY gateway), '{gw1,gw3}', 'a gateway can be forgotten') FROM gateway_list;

SELECT * FROM finish();
ROLLBACK;
