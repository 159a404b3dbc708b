#include "events/cross_check.hpp"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace provisiond::events {
namespace {

using metrics::CrossCheck;

class CrossChecks : public testing::Test {
 protected:
  Sighting seen(SourceKind by, std::uint8_t mac1, const char* from = "192.0.2.2:4000") {
    Sighting sighting;
    sighting.seen_by = by;
    sighting.source = Endpoint::parse(from).value();
    sighting.initiation[0] = 1;
    sighting.initiation[116] = mac1;
    return sighting;
  }
  std::uint64_t count(CrossCheck result) { return metrics_.cross_checks[result].value(); }

  metrics::Metrics metrics_;
  events::CrossCheck check_{{.entries = 4, .window = 1s}, metrics_};
  TimePoint start_ = TimePoint{} + 1h;
};

TEST_F(CrossChecks, BothInEitherOrderAgree) {
  check_.note(seen(SourceKind::probe, 1), start_);
  check_.note(seen(SourceKind::capture, 1), start_ + 10ms);
  check_.note(seen(SourceKind::capture, 2), start_ + 20ms);
  check_.note(seen(SourceKind::probe, 2), start_ + 30ms);
  check_.expire(start_ + 2s);
  EXPECT_EQ(count(CrossCheck::agreed), 2U);
  EXPECT_EQ(count(CrossCheck::only_capture) + count(CrossCheck::only_probe), 0U);
  EXPECT_EQ(check_.size(), 0U);
}

TEST_F(CrossChecks, AnotherEndpointDiffers) {
  check_.note(seen(SourceKind::probe, 1), start_);
  check_.note(seen(SourceKind::capture, 1, "192.0.2.2:4001"), start_);
  EXPECT_EQ(count(CrossCheck::differed), 1U);
}

TEST_F(CrossChecks, AnotherKeyDiffersWhereBothKnowOne) {
  Sighting probe = seen(SourceKind::probe, 1);
  probe.claimed = ClaimedKey{};
  Sighting netlink = seen(SourceKind::netlink, 1);
  netlink.claimed = ClaimedKey{};
  netlink.claimed->key.bytes[0] = 7;
  check_.note(probe, start_);
  check_.note(netlink, start_);
  EXPECT_EQ(count(CrossCheck::differed), 1U);
}

TEST_F(CrossChecks, WhoIsAloneWhenTheWindowEndsIsCounted) {
  check_.note(seen(SourceKind::probe, 1), start_);
  check_.note(seen(SourceKind::capture, 2), start_);
  check_.note(seen(SourceKind::netlink, 3), start_);
  check_.expire(start_ + 999ms);
  EXPECT_EQ(check_.size(), 3U);
  check_.expire(start_ + 1s);
  EXPECT_EQ(count(CrossCheck::only_probe), 1U);
  EXPECT_EQ(count(CrossCheck::only_capture), 1U);
  EXPECT_EQ(count(CrossCheck::only_netlink), 1U);
}

TEST_F(CrossChecks, ACopyFromTheSameSourceSaysNothing) {
  check_.note(seen(SourceKind::capture, 1), start_);
  check_.note(seen(SourceKind::capture, 1), start_);
  check_.expire(start_ + 1s);
  EXPECT_EQ(count(CrossCheck::agreed), 0U);
  EXPECT_EQ(count(CrossCheck::only_capture), 1U);
}

TEST_F(CrossChecks, WhatOnlyCaptureCouldSeeIsExcused) {
  check_.note(seen(SourceKind::capture, 1), start_);
  check_.excuse(seen(SourceKind::capture, 1));
  check_.excuse(seen(SourceKind::capture, 9)); // unknown: no effect
  check_.expire(start_ + 1s);
  EXPECT_EQ(count(CrossCheck::only_capture), 0U);
}

TEST_F(CrossChecks, TheOldestIsJudgedEarlyWhenThereAreTooMany) {
  for (std::uint8_t mac1 = 0; mac1 < 6; ++mac1)
    check_.note(seen(SourceKind::probe, mac1), start_);
  EXPECT_EQ(check_.size(), 4U);
  EXPECT_EQ(count(CrossCheck::only_probe), 2U);
}

} // namespace
} // namespace provisiond::events
