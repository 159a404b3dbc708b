#include "flood/run.hpp"
#include "initiator/initiation.hpp"
#include "support/initiation_listener.hpp"

#include <gtest/gtest.h>

namespace provisiond::flood {
namespace {

using namespace std::chrono_literals;

class RunTest : public ::testing::Test {
 protected:
  Order order() const {
    return {.kinds = {Kind::unknown},
            .to = listener_.endpoint(),
            .gateway = initiator::make_key_pair(1).public_key,
            .rate = 10'000,
            .distinct = 3,
            .patience = 0s};
  }

  test::InitiationListener listener_;
  std::atomic<bool> stop_{false};
};

TEST_F(RunTest, EndsAfterSoManyPackets) {
  Order few = order();
  few.packets = 25;
  const Result<Report> report = run(few, stop_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->ended, Ended::packets);
  EXPECT_EQ(report->tally.sent(), 25U);
  EXPECT_EQ(report->tally.bytes_sent, 25U * 148);
  EXPECT_EQ(report->distinct, 3U);
  EXPECT_EQ(listener_.count(10ms), 25);
}

TEST_F(RunTest, EndsWhenTheTimeIsOver) {
  Order brief = order();
  brief.duration = 20ms;
  const Result<Report> report = run(brief, stop_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->ended, Ended::time);
  EXPECT_GE(report->tally.sent(), 1U);
  EXPECT_LE(report->tally.sent(), 201U);
}

TEST_F(RunTest, EndsWhenAskedAndTellsHowItWent) {
  stop_ = true;
  const Result<Report> report = run(order(), stop_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->ended, Ended::interrupted);
  EXPECT_EQ(report->tally.sent(), 0U);
}

TEST_F(RunTest, NeedsTheFilesThatAreNamed) {
  Order devices = order();
  devices.kinds = {Kind::valid};
  devices.keys_file = "/nonexistent/keys";
  EXPECT_FALSE(run(devices, stop_));
}

} // namespace
} // namespace provisiond::flood
