#pragma once

// The SQL that a connection begins with. As all SQL of this project it names every function, type
// and table with its schema (scripts/check-sql.sh).
namespace provisiond::postgres::sql {

// What every session begins with, before anything else that it says: whoever may create functions
// in a schema that a name is looked for in could have us call them. Then: is the server a standby,
// and which of its processes answers? Another one than we connected to means a pooler, which may
// give us another at any time: what is set there would be lost, or somebody else's.
inline constexpr const char* begin_session =
    "SET search_path = pg_catalog, pg_temp; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;"
    " SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.pg_backend_pid()";
// Without a pooler, what an administrator may have set for the database or the role and what we
// rely on; the last one is for those servers that know it.
inline constexpr const char* own_settings =
    "SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = off;"
    " SET default_transaction_deferrable = off; SET lock_timeout = 0;"
    " SET idle_in_transaction_session_timeout = 0; SET standard_conforming_strings = on;"
    " SET array_nulls = on; SET transform_null_equals = off; SET row_security = on;"
    " SET bytea_output = 'hex'; SET DateStyle = 'ISO, MDY'; SET IntervalStyle = 'postgres';"
    " SET client_encoding = 'UTF8'; SET client_min_messages = error;"
    " SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings"
    " WHERE name = 'idle_session_timeout'";
// What every transaction of the administrator's tool begins with, in case a pooler has put it into
// another session.
inline constexpr const char* begin_transaction =
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SET LOCAL search_path = pg_catalog, pg_temp;"
    " SET LOCAL standard_conforming_strings = on; SET LOCAL array_nulls = on;"
    " SET LOCAL transform_null_equals = off; SET LOCAL check_function_bodies = on;"
    " SET LOCAL row_security = on; SET LOCAL DateStyle = 'ISO, MDY'; SET LOCAL lock_timeout = 0;"
    " SET LOCAL statement_timeout = 0; SET LOCAL client_encoding = 'UTF8'";

} // namespace provisiond::postgres::sql
