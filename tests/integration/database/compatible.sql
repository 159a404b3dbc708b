-- Which programs a schema fits.
BEGIN;
SET search_path = public, wg_provision;
SELECT plan(4);
SELECT cmp_ok(compatible_from(), '<=', schema_version(), 'a schema fits what was made for it');
UPDATE schema_version SET version = 9999;
SELECT is(compatible_from(), 9999, 'a later file that says nothing fits no other');
UPDATE schema_version SET compatible_from = 9000, compatible_as_of = 9999;
SELECT is(compatible_from(), 9000, 'one that takes nothing away says from which on');
UPDATE schema_version SET version = 10000;
SELECT is(compatible_from(), 10000, 'of itself, and of no later one');
SELECT * FROM finish();
ROLLBACK;
