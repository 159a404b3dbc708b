// A database in which somebody has put functions before PostgreSQL's own, and one with defaults
// that would break ours: what the daemon sends.

#include "cluster.hpp"
#include "lookup/change_queries.hpp"
#include "lookup/peer_queries.hpp"
#include "lookup/report_queries.hpp"
#include "lookup/schema_queries.hpp"
#include "postgres/connection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace provisiond::database_test {
namespace {

using postgres::Connection;
using std::chrono::milliseconds;

const std::vector<std::string> networks{"office", "fleet"};

// Everything that a gateway says in a day, on one connection.
void talk(Connection& connection) {
  const auto fine = [](const auto& result, const char* what) {
    EXPECT_TRUE(result) << what << (result ? "" : ": " + result.error().message());
  };
  const Result<lookup::Schema> schema = lookup::read_schema(connection);
  ASSERT_TRUE(schema);
  EXPECT_EQ(schema->problem, std::nullopt);
  fine(lookup::prepare_look_up(connection), "prepare");
  const std::vector<LookupRequest> asked{{.interface = InterfaceId{0},
                                          .key = key_of(1),
                                          .purpose = LookupPurpose::proven,
                                          .number = 1,
                                          .asked_at = {}}};
  fine(lookup::find_peers(connection, asked, networks), "find");
  fine(lookup::enrol_peer(connection, asked.front(), networks, "gw"), "enrol");
  const std::vector<RefusedKey> refused{{.interface = InterfaceId{0},
                                         .key = key_of(2),
                                         .reason = Refusal::unknown_key,
                                         .source = *Endpoint::parse("192.0.2.1:1")}};
  fine(lookup::record(connection, refused, networks, "gw"), "record refused keys");
  const Result<lookup::ChangeSet> changes = lookup::changes_after(connection, {});
  ASSERT_TRUE(changes);
  const InterfaceReport report{.interface = InterfaceId{0},
                               .name = "wg0",
                               .key = key_of(9),
                               .position = changes->position,
                               .peers = 1,
                               .active = {{.key = key_of(1),
                                           .endpoint = Endpoint::parse("192.0.2.1:1"),
                                           .received_bytes = 1,
                                           .sent_bytes = 1}}};
  fine(lookup::record(connection, report, networks, {.name = "gw", .version = "1"}),
       "report an interface");
  const std::vector<SessionOwnership> ownerships{
      {.interface = InterfaceId{0}, .name = "wg0", .key = key_of(1), .initiation = Tai64n{}}};
  fine(lookup::own_sessions(connection, ownerships, networks, {.name = "gw"}), "own");
  fine(lookup::listen(connection), "listen");
  fine(lookup::changes_after(connection, changes->position), "changes");
}

void connect_and_talk(const Database& database) {
  postgres::QueryWatch watch{milliseconds{5'000}};
  const Result<std::unique_ptr<Connection>> connection =
      Connection::open({.first = database.daemon_dsn(), .fallback = {}}, watch);
  ASSERT_TRUE(connection) << connection.error().message();
  talk(**connection);
}

TEST(HostileDatabase, NothingOfAStrangersIsCalledByTheDaemon) {
  const Database database;
  database.add_peer(key_of(1), "network_id", "1");
  database.sql("CREATE TABLE public.loot (caller text, trap text);"
               "GRANT INSERT ON public.loot TO PUBLIC;"
               "CREATE FUNCTION public.seize(text) RETURNS boolean LANGUAGE sql AS"
               " 'INSERT INTO public.loot VALUES (current_user, $1) RETURNING true';");
  for (const char* trap :
       {"unnest(bytea[]) RETURNS SETOF bytea LANGUAGE sql AS"
        " $$ SELECT u FROM public.seize('unnest'), pg_catalog.unnest($1) u $$",
        "encode(bytea, text) RETURNS text LANGUAGE sql AS"
        " $$ SELECT pg_catalog.encode($1, $2) FROM public.seize('encode') $$",
        "decode(text, text) RETURNS bytea LANGUAGE sql AS"
        " $$ SELECT pg_catalog.decode($1, $2) FROM public.seize('decode') $$",
        "pg_is_in_recovery() RETURNS boolean LANGUAGE sql AS"
        " $$ SELECT pg_catalog.pg_is_in_recovery() FROM public.seize('pg_is_in_recovery') $$",
        "pg_backend_pid() RETURNS integer LANGUAGE sql AS"
        " $$ SELECT pg_catalog.pg_backend_pid() FROM public.seize('pg_backend_pid') $$",
        "current_setting(text) RETURNS text LANGUAGE sql AS"
        " $$ SELECT pg_catalog.current_setting($1) FROM public.seize('current_setting') $$",
        "pg_postmaster_start_time() RETURNS timestamptz LANGUAGE sql AS"
        " $$ SELECT pg_catalog.pg_postmaster_start_time() FROM public.seize('start_time') $$",
        "is_a(text, text) RETURNS boolean LANGUAGE sql AS"
        " $$ SELECT public.seize('=') AND pg_catalog.texteq($1, $2) $$"})
    database.sql(std::string{"CREATE FUNCTION public."} + trap);
  database.sql("CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = public.is_a);"
               "CREATE DOMAIN public.bytea AS pg_catalog.bytea CHECK (public.seize('bytea'));"
               "CREATE DOMAIN public.inet AS pg_catalog.inet CHECK (public.seize('inet'))");
  connect_and_talk(database);
  database.sql("ALTER ROLE gateway SET search_path = public, pg_catalog");
  connect_and_talk(database);
  database.sql("ALTER ROLE gateway RESET search_path");
  EXPECT_EQ(database.sql("SELECT pg_catalog.string_agg(DISTINCT l.trap, ' ') FROM public.loot l"),
            "");
}

TEST(DefaultsOfTheDatabase, BecomeOurs) {
  for (const char* setting :
       {"default_transaction_isolation = 'serializable'", "default_transaction_read_only = on",
        "standard_conforming_strings = off", "DateStyle = 'German, DMY'", "bytea_output = 'escape'",
        "lock_timeout = 1", "statement_timeout = 100", "row_security = off", "array_nulls = off",
        "client_min_messages = debug5", "idle_session_timeout = 1000", "transform_null_equals = on",
        "client_encoding = 'LATIN1'"}) {
    SCOPED_TRACE(setting);
    const Database database;
    database.add_peer(key_of(1), "network_id", "1");
    database.sql(std::string{"ALTER ROLE gateway SET "} + setting);
    connect_and_talk(database);
    database.sql("ALTER ROLE gateway RESET ALL");
  }
}

} // namespace
} // namespace provisiond::database_test
