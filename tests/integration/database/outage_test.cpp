// What the pool does when the database is away, frozen, changed or forbidden: it answers in time,
// never blames the key, says why, and comes back on its own.

#include "asker.hpp"
#include "cluster.hpp"
#include "lookup/sql.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pqxx/pqxx>

#include <memory>

namespace provisiond::database_test {
namespace {

using lookup::PoolEvent;
using std::chrono::milliseconds;
using testing::AllOf;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;

// Holds the table of peers so that nobody can read it.
struct TableLock {
  explicit TableLock(const std::string& dsn) : connection{dsn}, work{connection} {
    work.exec("LOCK TABLE wg_provision.peers IN ACCESS EXCLUSIVE MODE");
  }
  pqxx::connection connection;
  pqxx::work work;
};

class Outage : public testing::Test {
 protected:
  void SetUp() override { database_.add_peer(key_of(1), "network_id", "1"); }

  void start() { start_with(limits_for(database_.daemon_dsn())); }
  void start_with(const lookup::Limits& limits) { asker_ = std::make_unique<Asker>(limits); }

  void set_schema_version(int version) {
    database_.sql(fmt::format("UPDATE wg_provision.schema_version SET version = {}", version));
  }
  void expect_schema_problem(const char* words) {
    ASSERT_TRUE(asker_->wait_for([&] { return !asker_->state().schema_problem.empty(); }));
    EXPECT_THAT(asker_->state().schema_problem, HasSubstr(words));
    EXPECT_EQ(asker_->state().connected_sessions, 0U);
    EXPECT_THAT(asker_->events(),
                Contains(AllOf(Field(&PoolEvent::kind, PoolEvent::Kind::schema_mismatch),
                               Field(&PoolEvent::text, HasSubstr(words)))));
    EXPECT_EQ(asker_->word(key_of(1)), "database_unavailable");
  }

  Database database_;
  std::unique_ptr<Asker> asker_;
};

TEST_F(Outage, ARestartedServerIsFoundAgain) {
  start();
  ASSERT_TRUE(asker_->wait_until_connected(2));
  EXPECT_EQ(asker_->word(key_of(1)), "found");

  Cluster::control("stop");
  ASSERT_TRUE(asker_->wait_until_connected(0)) << "an idle session noticed nothing";
  EXPECT_EQ(asker_->metrics().database_sessions.value(), 0);
  EXPECT_EQ(asker_->word(key_of(1)), "database_unavailable");
  EXPECT_NE(asker_->state().last_error, "");

  Cluster::control("start");
  ASSERT_TRUE(asker_->wait_until_connected(2));
  EXPECT_EQ(asker_->word(key_of(1)), "found");
  EXPECT_EQ(asker_->metrics().database_sessions.value(), 2);
  EXPECT_EQ(asker_->metrics().database_reconnects.value(), 2U);
  EXPECT_EQ(asker_->state().last_error, "");
}

TEST_F(Outage, AServerThatRestartsWhileAskedLosesNoAnswer) {
  start();
  ASSERT_TRUE(asker_->wait_until_connected(2));
  for (int round = 0; round < 3; ++round) {
    Cluster::control("restart");
    const std::vector<lookup::Verdict> verdicts =
        asker_->ask_all(std::vector<PublicKey>(300, key_of(1)));
    for (const lookup::Verdict& verdict : verdicts) {
      const Refusal* const refusal = std::get_if<Refusal>(&verdict);
      EXPECT_TRUE(refusal == nullptr || *refusal == Refusal::database_unavailable);
    }
  }
  ASSERT_TRUE(asker_->wait_until_connected(2));
  EXPECT_EQ(asker_->word(key_of(1)), "found");
}

TEST_F(Outage, AServerThatStartsLateIsFound) {
  Cluster::control("stop");
  start();
  EXPECT_EQ(asker_->word(key_of(1)), "database_unavailable");
  Cluster::control("start");
  ASSERT_TRUE(asker_->wait_until_connected(2));
  EXPECT_EQ(asker_->word(key_of(1)), "found");
}

TEST_F(Outage, AFrozenServerMeetsTheDeadline) {
  start();
  ASSERT_TRUE(asker_->wait_until_connected(2));
  Cluster::control("freeze");

  const TimePoint asked_at = Clock::now();
  EXPECT_EQ(asker_->word(key_of(1)), "database_unavailable");
  const Duration taken = Clock::now() - asked_at;
  EXPECT_GE(taken, milliseconds{500});
  EXPECT_LT(taken, milliseconds{1'500});
  EXPECT_GE(asker_->metrics().lookup_errors.value(), 1U);
  EXPECT_THAT(asker_->events(),
              Contains(Field(&PoolEvent::text, HasSubstr("no answer within 500 ms"))));

  Cluster::control("thaw");
  ASSERT_TRUE(asker_->wait_until_connected(2));
  EXPECT_EQ(asker_->word(key_of(1)), "found");
}

TEST_F(Outage, APoolEndsInTimeAlthoughTheServerIsFrozen) {
  lookup::Limits limits = limits_for(database_.daemon_dsn());
  limits.query_deadline = std::chrono::hours{1};
  start_with(limits);
  ASSERT_TRUE(asker_->wait_until_connected(2));
  Cluster::control("freeze");
  const TimePoint ended_at = Clock::now();
  asker_.reset();
  EXPECT_LT(Clock::now() - ended_at, milliseconds{500});
  Cluster::control("thaw");
}

TEST_F(Outage, ASessionThatWasEndedComesBack) {
  start();
  ASSERT_TRUE(asker_->wait_until_connected(2));
  database_.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'gateway'");
  ASSERT_TRUE(asker_->wait_for([&] { return asker_->metrics().database_reconnects.value() == 2; }));
  EXPECT_EQ(asker_->word(key_of(1)), "found");
}

// The server's own statement_timeout, which the session asked for, is what frees it.
TEST_F(Outage, ALockedTableMeetsTheDeadline) {
  start();
  ASSERT_TRUE(asker_->wait_until_connected(2));
  EXPECT_EQ(asker_->word(key_of(1)), "found");
  {
    const TableLock lock{database_.admin_dsn()};
    EXPECT_EQ(asker_->word(key_of(1)), "database_unavailable");
  }
  ASSERT_TRUE(asker_->wait_until_connected(2));
  EXPECT_EQ(asker_->word(key_of(1)), "found");
}

TEST_F(Outage, ASchemaThatIsTooOldIsNotServedUntilItIsMigrated) {
  set_schema_version(lookup::sql::needed_schema_version - 1);
  start();
  expect_schema_problem("run wg-provisionctl db migrate");
  set_schema_version(lookup::sql::needed_schema_version);
  ASSERT_TRUE(asker_->wait_until_connected(2));
  EXPECT_EQ(asker_->state().schema_problem, "");
  EXPECT_EQ(asker_->word(key_of(1)), "found");
}

TEST_F(Outage, ASchemaThatIsTooNewIsNotServed) {
  set_schema_version(lookup::sql::needed_schema_version + 1);
  start();
  expect_schema_problem("install a newer wg-provisiond");
}

TEST_F(Outage, ASchemaThatIsNewerAndFitsIsServed) {
  database_.sql(
      fmt::format("UPDATE wg_provision.schema_version SET version = {0}, compatible_as_of = {0}, "
                  "compatible_from = {1}",
                  lookup::sql::needed_schema_version + 7, lookup::sql::needed_schema_version));
  start();
  ASSERT_TRUE(asker_->wait_until_connected(2));
  EXPECT_EQ(asker_->word(key_of(1)), "found");
}

TEST_F(Outage, OneThatFitsOnlyNewerProgramsIsNot) {
  database_.sql(
      fmt::format("UPDATE wg_provision.schema_version SET version = {0}, compatible_as_of = {0}, "
                  "compatible_from = {1}",
                  lookup::sql::needed_schema_version + 7, lookup::sql::needed_schema_version + 1));
  start();
  expect_schema_problem("install a newer wg-provisiond");
}

TEST_F(Outage, ADatabaseWithoutSchemaSaysSo) {
  const Database empty{Database::Contents::empty};
  start_with(limits_for(empty.daemon_dsn()));
  expect_schema_problem("has no wg_provision schema");
}

TEST_F(Outage, ARoleWithoutRightsSaysSo) {
  database_.sql("REVOKE USAGE ON SCHEMA wg_provision FROM wg_provision_daemon");
  start();
  expect_schema_problem("GRANT wg_provision_daemon");
}

TEST_F(Outage, AWrongPasswordIsNamedAndNotShown) {
  start_with(limits_for(database_.daemon_dsn() + " user=needs_password password=hunter2"));
  ASSERT_TRUE(asker_->wait_for([&] { return !asker_->state().last_error.empty(); }));
  EXPECT_THAT(asker_->state().last_error, HasSubstr("password authentication failed"));
  EXPECT_THAT(asker_->state().last_error, testing::Not(HasSubstr("hunter2")));
  EXPECT_EQ(asker_->word(key_of(1)), "database_unavailable");
}

TEST_F(Outage, TheRightPasswordConnects) {
  start_with(limits_for(database_.daemon_dsn() + " user=needs_password password=right"));
  EXPECT_TRUE(asker_->wait_until_connected(2)) << asker_->state().last_error;
}

TEST_F(Outage, TheNextHostIsTriedWhenTheFirstIsAway) {
  const std::string dsn = database_.daemon_dsn();
  const std::size_t host = dsn.find("host=") + 5;
  start_with(limits_for(dsn.substr(0, host) + "/nonexistent," + dsn.substr(host)));
  ASSERT_TRUE(asker_->wait_until_connected(2));
  EXPECT_EQ(asker_->word(key_of(1)), "found");
}

TEST_F(Outage, SessionsNameThemselves) {
  start();
  ASSERT_TRUE(asker_->wait_until_connected(2));
  EXPECT_EQ(database_.sql("SELECT count(*) FROM pg_stat_activity WHERE datname = "
                          "current_database() AND application_name = 'wg-provisiond'"),
            "2");
}

} // namespace
} // namespace provisiond::database_test
