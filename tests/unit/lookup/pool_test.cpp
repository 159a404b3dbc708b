#include "lookup/pool.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace provisiond::lookup {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

// No server listens where these pools look; threads are real, time is not.
class PoolWithoutServer : public testing::Test {
 protected:
  Result<std::unique_ptr<Pool>> start() {
    return Pool::start(
        limits_, networks_,
        {.requests = requests_, .answers = answers_, .events = events_, .metrics = metrics_});
  }

  // Blocks until a session has reported something.
  PoolEvent next_event() { return std::move(events_.take(1).at(0)); }

  bool ask(std::uint64_t number) {
    LookupRequest request;
    request.number = number;
    request.key.bytes.fill(7);
    return requests_.push(std::move(request));
  }

  const TimePoint start_{std::chrono::hours{1}};
  Limits limits_{.dsn = "host=/nonexistent user=nobody", .sessions = 1};
  Networks networks_{{"office"}};
  Channel<LookupRequest> requests_{16};
  Channel<LookupAnswer> answers_{16};
  Channel<PoolEvent> events_{64};
  metrics::Metrics metrics_;
};

TEST_F(PoolWithoutServer, ReportsTheLossWithItsDelay) {
  const Result<std::unique_ptr<Pool>> pool = start();
  ASSERT_TRUE(pool);
  const PoolEvent event = next_event();
  EXPECT_EQ(event.kind, PoolEvent::Kind::disconnected);
  EXPECT_THAT(event.text, HasSubstr("/nonexistent"));
  EXPECT_GE(event.retry_in, limits_.reconnect_minimum / 2);
  const PoolState state = (*pool)->state();
  EXPECT_EQ(state.connected_sessions, 0U);
  EXPECT_EQ(state.last_error, event.text);
  EXPECT_EQ(state.schema_problem, "");
  EXPECT_EQ(metrics_.database_sessions.value(), 0);
}

TEST_F(PoolWithoutServer, ATickAnswersEverythingThatWaits) {
  const Result<std::unique_ptr<Pool>> pool = start();
  ASSERT_TRUE(pool);
  ASSERT_TRUE(ask(1));
  ASSERT_TRUE(ask(2));
  (*pool)->tick(start_);
  const std::vector<LookupAnswer> answers = answers_.drain(16);
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0].number, 1U);
  EXPECT_EQ(answers[0].key.bytes[0], 7);
  EXPECT_EQ(std::get<Refusal>(answers[0].verdict), Refusal::database_unavailable);
  EXPECT_EQ(answers[1].number, 2U);
}

TEST_F(PoolWithoutServer, TriesAgainOnlyAfterTheDelay) {
  const Result<std::unique_ptr<Pool>> pool = start();
  ASSERT_TRUE(pool);
  const milliseconds delay = next_event().retry_in;
  (*pool)->tick(start_);
  (*pool)->tick(start_ + delay - milliseconds{1});
  EXPECT_EQ(events_.size(), 0U);
  (*pool)->tick(start_ + delay);
  const PoolEvent after_it = next_event();
  EXPECT_GE(after_it.retry_in, limits_.reconnect_minimum);
}

TEST_F(PoolWithoutServer, WhatDoesNotFitIntoTheAnswersWaits) {
  Channel<LookupAnswer> small{1};
  const Result<std::unique_ptr<Pool>> pool = Pool::start(
      limits_, networks_,
      {.requests = requests_, .answers = small, .events = events_, .metrics = metrics_});
  ASSERT_TRUE(pool);
  ASSERT_TRUE(ask(1));
  ASSERT_TRUE(ask(2));
  (*pool)->tick(start_);
  EXPECT_EQ(requests_.size(), 1U);
  EXPECT_EQ(small.drain(16).at(0).number, 1U);
  (*pool)->tick(start_);
  EXPECT_EQ(small.drain(16).at(0).number, 2U);
  EXPECT_EQ(metrics_.lookup_errors.value(), 0U);
}

TEST_F(PoolWithoutServer, DestructionAnswersWhatWaitsAndClosesTheRequests) {
  {
    const Result<std::unique_ptr<Pool>> pool = start();
    ASSERT_TRUE(pool);
    ASSERT_TRUE(ask(1));
  }
  EXPECT_EQ(answers_.drain(16).at(0).number, 1U);
  EXPECT_FALSE(ask(2));
}

TEST_F(PoolWithoutServer, AMalformedConnectionStringIsNotShown) {
  limits_.dsn = "hunter2";
  const Result<std::unique_ptr<Pool>> pool = start();
  ASSERT_TRUE(pool);
  EXPECT_THAT(next_event().text, testing::Not(HasSubstr("hunter2")));
}

TEST_F(PoolWithoutServer, RefusesLimitsOutOfRange) {
  const Limits good = limits_;
  const auto expect_refused = [&](const char* words) {
    const Result<std::unique_ptr<Pool>> pool = start();
    ASSERT_FALSE(pool) << words;
    EXPECT_THAT(pool.error().message(), HasSubstr(words));
    limits_ = good;
  };
  limits_.sessions = 0;
  expect_refused("0 database sessions");
  limits_.sessions = 65;
  expect_refused("65 database sessions");
  limits_.batch_size = 0;
  expect_refused("0 keys per query");
  limits_.batch_size = 4097;
  expect_refused("4097 keys per query");
  limits_.query_deadline = milliseconds{0};
  expect_refused("above zero");
}

} // namespace
} // namespace provisiond::lookup
