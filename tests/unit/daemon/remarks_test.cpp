#include "daemon/remarks.hpp"
#include "support/captured_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace provisiond::daemon {
namespace {

using namespace std::chrono_literals;
using test::capture_log;
using test::captured_log;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* no_server = "connect to the database: connection refused";

lookup::PoolEvent pool_event(lookup::PoolEvent::Kind kind) {
  return {.kind = kind, .session = 0, .text = no_server, .retry_in = 100ms};
}

lookup::FeedEvent feed_lost() {
  return {.kind = lookup::FeedEvent::Kind::lost, .text = no_server, .retry_in = 100ms};
}

class RemarksTest : public testing::Test {
 protected:
  template <typename Event>
  std::string log_of(const Event& event) {
    capture_log();
    remark_on(event, problems);
    return captured_log();
  }

  DatabaseProblems problems;
};

TEST_F(RemarksTest, ALostSessionIsToldOnceForAllSessionsAndTheFeed) {
  EXPECT_THAT(log_of(pool_event(lookup::PoolEvent::Kind::disconnected)),
              HasSubstr("database session lost"));
  EXPECT_THAT(log_of(pool_event(lookup::PoolEvent::Kind::disconnected)), IsEmpty());
  EXPECT_THAT(log_of(feed_lost()), IsEmpty());
}

// The reporter has a session of its own; which of them notices first is chance.
TEST_F(RemarksTest, TheReportersSessionIsOneOfThem) {
  lookup::PoolEvent reporter = pool_event(lookup::PoolEvent::Kind::disconnected);
  reporter.session = std::nullopt;
  EXPECT_THAT(log_of(reporter), HasSubstr("database session lost, trying again session=reports"));
  EXPECT_THAT(log_of(pool_event(lookup::PoolEvent::Kind::disconnected)), IsEmpty());
}

TEST_F(RemarksTest, AReportThatFailsHidesNoLostSessionWithTheSameText) {
  EXPECT_THAT(log_of(pool_event(lookup::PoolEvent::Kind::not_reported)),
              HasSubstr("the database is not told"));
  EXPECT_THAT(log_of(pool_event(lookup::PoolEvent::Kind::disconnected)),
              HasSubstr("database session lost"));
  EXPECT_THAT(log_of(pool_event(lookup::PoolEvent::Kind::not_reported)), IsEmpty());
}

TEST_F(RemarksTest, AConnectionMakesTheNextLossNews) {
  log_of(pool_event(lookup::PoolEvent::Kind::disconnected));
  EXPECT_THAT(log_of(pool_event(lookup::PoolEvent::Kind::connected)),
              HasSubstr("database session connected"));
  EXPECT_THAT(log_of(pool_event(lookup::PoolEvent::Kind::disconnected)), Not(IsEmpty()));
}

TEST_F(RemarksTest, AFeedThatListensMakesTheNextLossNews) {
  log_of(feed_lost());
  log_of(lookup::FeedEvent{.kind = lookup::FeedEvent::Kind::listening, .text = "fleet"});
  EXPECT_THAT(log_of(feed_lost()), HasSubstr("change feed lost"));
}

} // namespace
} // namespace provisiond::daemon
