#include "daemon/database_watch.hpp"
#include "support/captured_log.hpp"
#include "unit/flow/flow_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace provisiond::daemon {
namespace {

using namespace std::chrono_literals;
using test::capture_log;
using test::captured_log;
using testing::HasSubstr;

class DatabaseWatchTest : public testing::Test {
 protected:
  DatabaseWatch make(const DatabaseWatch::Limits& limits) {
    return DatabaseWatch{
        {.flow = world.flow,
         .sessions = {.can_look_up = [this] { return can_look_up; },
                      .has_primary = [this] { return has_primary; },
                      .hurry_look_ups = [this](TimePoint now) { look_ups_hurried_at = now; },
                      .hurry_changes = [this](TimePoint now) { changes_hurried_at = now; },
                      .return_to_primary = [this] { ++returns; }},
         .metrics = world.metrics},
        limits,
        world.now.steady};
  }
  void connect_one() {
    world.knock(world.sighting_of(client));
    world.answer_known();
    world.device->complete_handshake(client.public_key, world.now.wall);
    world.pass();
    world.flow.commit(world.now);
  }
  // What the log says of a pass of this watch, some time later.
  std::string log_after(DatabaseWatch& watch, Duration pause) {
    world.advance(pause);
    capture_log();
    watch.pass(world.now);
    return captured_log();
  }

  const test::KeyPair client = test::make_key_pair(2);
  flow::World world;
  bool can_look_up = false;
  bool has_primary = false;
  TimePoint look_ups_hurried_at{};
  TimePoint changes_hurried_at{};
  int returns = 0;
};

TEST_F(DatabaseWatchTest, WhatWaitsIsLookedUpOnceThereIsASession) {
  DatabaseWatch watch = make({});
  watch.pass(world.now);
  EXPECT_EQ(look_ups_hurried_at, TimePoint{}) << "nothing waits";
  world.knock(world.sighting_of(client));
  world.answer_refused(Refusal::database_unavailable);
  watch.pass(world.now);
  EXPECT_EQ(look_ups_hurried_at, world.now.steady);
  EXPECT_EQ(world.lookups.size(), 0U);
  can_look_up = true;
  watch.pass(world.now);
  EXPECT_EQ(world.lookups.size(), 1U);
  EXPECT_EQ(world.metrics.lookups_resumed.value(), 1U);
  watch.pass(world.now);
  EXPECT_EQ(world.lookups.size(), 1U) << "once";
}

TEST_F(DatabaseWatchTest, ASessionThatConnectsHurriesTheChangeFeed) {
  DatabaseWatch watch = make({});
  watch.connected(world.now);
  EXPECT_EQ(changes_hurried_at, world.now.steady);
}

TEST_F(DatabaseWatchTest, SessionsReturnToAPrimaryThatIsThere) {
  DatabaseWatch watch = make({});
  watch.seek_primary();
  EXPECT_EQ(returns, 0);
  has_primary = true;
  watch.seek_primary();
  EXPECT_EQ(returns, 1);
}

TEST_F(DatabaseWatchTest, AnAnswerSetsTheTimeOfTheLastOne) {
  DatabaseWatch watch = make({});
  watch.pass(world.now);
  EXPECT_EQ(world.metrics.database_last_answer.value(), 0);
  world.metrics.database_answers.add();
  watch.pass(world.now);
  EXPECT_EQ(
      world.metrics.database_last_answer.value(),
      std::chrono::duration_cast<std::chrono::seconds>(world.now.wall.time_since_epoch()).count());
}

TEST_F(DatabaseWatchTest, ASilenceIsSaidAtHalfAndRemovesPeersAtTheEnd) {
  connect_one();
  DatabaseWatch watch = make({.max_stale = 60s, .removes_peers = true});
  EXPECT_EQ(log_after(watch, 29s), "");
  EXPECT_THAT(log_after(watch, 1s), HasSubstr("then=\"peers are removed\""));
  EXPECT_EQ(log_after(watch, 1s), "");
  EXPECT_THAT(log_after(watch, 29s), HasSubstr("removed_peers=1"));
  world.flow.commit(world.now);
  EXPECT_EQ(world.device->peer_count(), 0U);
  EXPECT_EQ(log_after(watch, 60s), "") << "once for each silence";
}

TEST_F(DatabaseWatchTest, WhereTheyAreKeptPeersStay) {
  connect_one();
  DatabaseWatch watch = make({.max_stale = 60s, .removes_peers = false});
  EXPECT_THAT(log_after(watch, 30s), HasSubstr("then=\"peers are kept\""));
  EXPECT_THAT(log_after(watch, 30s), HasSubstr("removed_peers=0"));
  world.flow.commit(world.now);
  EXPECT_EQ(world.device->peer_count(), 1U);
}

TEST_F(DatabaseWatchTest, AnAnswerEndsTheSilence) {
  DatabaseWatch watch = make({.max_stale = 60s, .removes_peers = true});
  EXPECT_NE(log_after(watch, 30s), "");
  world.metrics.database_answers.add();
  EXPECT_EQ(log_after(watch, 29s), "");
  EXPECT_EQ(log_after(watch, 29s), "");
  EXPECT_NE(log_after(watch, 1s), "") << "half of the next one";
}

TEST_F(DatabaseWatchTest, AnotherDatabaseIsSaidOnce) {
  DatabaseWatch watch = make({.max_missing = 60s});
  const auto log_of = [&](const char* identity) {
    capture_log();
    watch.found(identity);
    return captured_log();
  };
  EXPECT_EQ(log_of(""), "");
  EXPECT_EQ(log_of("one"), "");
  EXPECT_FALSE(watch.is_another());
  EXPECT_THAT(log_of("two"), HasSubstr("warning another database answers than before"));
  EXPECT_TRUE(watch.is_another());
  EXPECT_EQ(world.metrics.another_database.value(), 1);
  EXPECT_EQ(log_of("two"), "");
  EXPECT_EQ(log_of(""), "") << "a session that was lost says nothing";
  EXPECT_THAT(log_of("one"), HasSubstr("the one it was first"));
  EXPECT_FALSE(watch.is_another());
  EXPECT_EQ(world.metrics.another_database.value(), 0);
}

TEST_F(DatabaseWatchTest, TheDatabaseOfBeforeTheStartIsTheRightOneUntilAnotherIsAccepted) {
  std::vector<std::string> kept;
  DatabaseWatch watch{{.flow = world.flow,
                       .sessions = {},
                       .metrics = world.metrics,
                       .known = "one",
                       .keep = [&](const std::string& identity) { kept.push_back(identity); }},
                      {},
                      world.now.steady};
  EXPECT_FALSE(watch.is_another()) << "nobody has answered";
  capture_log();
  watch.found("one");
  EXPECT_EQ(captured_log(), "");
  watch.found("two");
  EXPECT_TRUE(watch.is_another());
  EXPECT_EQ(world.metrics.another_database.value(), 1);
  EXPECT_FALSE(watch.accept("three"));
  EXPECT_FALSE(watch.accept(""));
  EXPECT_THAT(kept, testing::IsEmpty());
  EXPECT_TRUE(watch.accept("two"));
  EXPECT_FALSE(watch.is_another());
  EXPECT_EQ(world.metrics.another_database.value(), 0);
  EXPECT_THAT(kept, testing::ElementsAre("two"));
  watch.found("one");
  EXPECT_TRUE(watch.is_another());
}

TEST_F(DatabaseWatchTest, PeersWithoutARowAreWarnedOfAtOnceAndWhenTheyBecomeMore) {
  DatabaseWatch watch = make({.max_missing = 60s});
  world.metrics.missing_rows.set(3);
  EXPECT_THAT(log_after(watch, 100ms), HasSubstr("peers=3 max_missing=60s another_database=no"));
  world.metrics.missing_rows.set(300);
  EXPECT_EQ(log_after(watch, 100ms), "");
  EXPECT_THAT(log_after(watch, 10s), HasSubstr("peers=300"));
  EXPECT_EQ(log_after(watch, 1h), "");
  world.metrics.missing_rows.set(0);
  EXPECT_EQ(log_after(watch, 1s), "");
  world.metrics.missing_rows.set(1);
  EXPECT_THAT(log_after(watch, 1s), HasSubstr("peers=1"));
}

} // namespace
} // namespace provisiond::daemon
