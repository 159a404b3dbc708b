-- A function that has its plans pinned to the indexes turns compilation off too: what a plan without an index seems to cost
-- is no estimate any more, and compiling for it took seconds, for one line of a manifest seven.

ALTER FUNCTION wg_provision.address_holder(integer, inet) SET jit = off;
ALTER FUNCTION wg_provision.address_of_returned(wg_provision.pools, wg_provision.returned_prefixes) SET jit = off;
ALTER FUNCTION wg_provision.next_addresses(integer, bigint) SET jit = off;
ALTER FUNCTION wg_provision.add_peer(text, text, cidr[], text, integer, boolean, timestamptz, timestamptz, text, text, jsonb,
    boolean) SET jit = off;
ALTER FUNCTION wg_provision.judge_import() SET jit = off;
ALTER FUNCTION wg_provision.judge_onboarding() SET jit = off;

UPDATE wg_provision.schema_version SET compatible_from = 13, compatible_as_of = 17;
