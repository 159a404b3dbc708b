#include "greet/greetings.hpp"
#include "support/fake_packet_sender.hpp"

#include <gtest/gtest.h>

namespace provisiond::greet {
namespace {

using namespace std::chrono_literals;

class GreetingsTest : public testing::Test {
 protected:
  GreetingsTest() {
    id.key.bytes.fill(1);
    seen.source = Endpoint::parse("192.0.2.2:4000").value();
    seen.local = Endpoint::parse("192.0.2.1:51820").value();
    seen.seen_by = SourceKind::probe;
    seen.initiation[0] = 1;
  }

  GreetedPeer& plan(const Plan& plan = {}) {
    changes = std::vector<kernel::PeerChange>(1);
    EXPECT_FALSE(greetings.plan(id, seen, plan, changes, now));
    return *greetings.find(id);
  }

  TimePoint now = TimePoint{} + 1h;
  PeerId id;
  Sighting seen;
  metrics::Metrics metrics;
  test::FakePacketSender sender;
  Budget budget{{.per_prefix = {1, 1}, .total = {100, 100}}};
  Greetings greetings{sender, budget, {.most_trials = 1, .trials = {100, 100}}, metrics};
  std::vector<kernel::PeerChange> changes;
};

TEST_F(GreetingsTest, TheDeadlineCountsFromTheInstall) {
  GreetedPeer& peer = plan();
  EXPECT_FALSE(greetings.is_over(peer, now + 1h)) << "the device has not acknowledged it";
  ASSERT_TRUE(greetings.begin(peer, now));
  EXPECT_FALSE(greetings.is_over(peer, now + 14999ms));
  EXPECT_TRUE(greetings.is_over(peer, now + 15s));
}

TEST_F(GreetingsTest, ATrialHasLessTime) {
  GreetedPeer& peer = plan({.is_on_trial = true});
  ASSERT_TRUE(greetings.begin(peer, now));
  EXPECT_TRUE(greetings.is_over(peer, now + 5s));
}

TEST_F(GreetingsTest, TrialsAreCountedUntilTheyEnd) {
  EXPECT_FALSE(greetings.admit_trial(now));
  GreetedPeer& peer = plan({.is_on_trial = true});
  EXPECT_EQ(greetings.admit_trial(now), Refusal::trial_budget);
  greetings.follow(peer, 0, false); // it is a peer now
  EXPECT_FALSE(greetings.admit_trial(now));
  greetings.follow(peer, 0, true);
  EXPECT_EQ(greetings.admit_trial(now), Refusal::trial_budget);
  EXPECT_TRUE(greetings.end(id));
  EXPECT_FALSE(greetings.end(id));
  EXPECT_FALSE(greetings.admit_trial(now));
}

TEST_F(GreetingsTest, NoMoreThanThreeTimes) {
  GreetedPeer& peer = plan();
  ASSERT_TRUE(greetings.begin(peer, now));
  for (int i = 0; i < 5; ++i)
    static_cast<void>(greetings.prepare_again(peer, now += 1s));
  EXPECT_EQ(peer.greetings, Greetings::most);
  EXPECT_EQ(metrics.greetings[metrics::GreetingKind::reverse].value(), Greetings::most);
}

TEST_F(GreetingsTest, ADeviceThatMayBeElsewhereIsNeverInitiatedTo) {
  for (const GreetingMode mode :
       {GreetingMode::reverse, GreetingMode::resubmit, GreetingMode::automatic}) {
    GreetedPeer& peer = plan({.mode = mode, .may_be_elsewhere = true});
    EXPECT_EQ(peer.strategy, Strategy::resubmit);
    ASSERT_TRUE(greetings.begin(peer, now));
    static_cast<void>(greetings.prepare_again(peer, now += 1s));
    EXPECT_EQ(peer.strategy, Strategy::resubmit);
  }
}

TEST_F(GreetingsTest, WithoutBudgetNothingIsPlanned) {
  plan();
  PeerId other = id;
  other.key.bytes.fill(2);
  EXPECT_EQ(greetings.plan(other, seen, {}, changes, now), Refusal::greet_budget);
  EXPECT_EQ(greetings.find(other), nullptr);
}

TEST_F(GreetingsTest, AnInterfaceThatGoesEndsItsOwn) {
  plan();
  EXPECT_TRUE(greetings.end_all({7}).empty());
  EXPECT_EQ(greetings.end_all({0}).size(), 1U);
  EXPECT_EQ(greetings.size(), 0U);
}

} // namespace
} // namespace provisiond::greet
