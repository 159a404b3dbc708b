#include "evict/ownership.hpp"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace provisiond::evict {
namespace {

constexpr WallTime noon = WallTime{} + 500'000h;
constexpr Tai64n older{1};
constexpr Tai64n newer{2};

// What another gateway has claimed at noon; which names it has does not matter.
const SessionHolder told{.gateway = "a", .interface = "wg0", .run = "r", .since = noon};

TEST(Ownership, WithoutInitiationsTheLaterHandshakeCounts) {
  EXPECT_TRUE(is_latest_here({.last_handshake = noon + 1min}, told, newer));
  EXPECT_TRUE(is_latest_here({.last_handshake = noon}, told, newer)) << "the same";
  EXPECT_FALSE(is_latest_here({.last_handshake = noon - 1min}, told, newer));
  EXPECT_FALSE(is_latest_here({}, told, newer)) << "never";
}

TEST(Ownership, ClocksMayDifferByTheTolerance) {
  EXPECT_TRUE(is_latest_here({.last_handshake = noon - clock_tolerance}, told, std::nullopt));
  EXPECT_FALSE(is_latest_here({.last_handshake = noon - clock_tolerance - 1ns}, told, newer));
}

TEST(Ownership, TheDevicesOwnClockOrdersItsInitiations) {
  EXPECT_TRUE(is_latest_here({.initiation = newer, .last_handshake = noon - 1h}, told, older))
      << "its claim has not been written";
  EXPECT_FALSE(is_latest_here({.initiation = older, .last_handshake = noon + 1h}, told, newer))
      << "the clock here goes wrong";
}

TEST(Ownership, AHandshakeAfterTheInitiationCountsWhereItIsCertainlyLater) {
  const auto rekeyed = [](WallTime at) {
    return SessionHere{.initiation = older, .has_rekeyed = true, .last_handshake = at};
  };
  EXPECT_TRUE(is_latest_here(rekeyed(noon + clock_tolerance + 1ns), told, newer));
  EXPECT_FALSE(is_latest_here(rekeyed(noon + clock_tolerance), told, newer));
}

// A claim without an initiation keeps the stored one.
TEST(Ownership, OfTheSameInitiationTheTimesDecide) {
  EXPECT_TRUE(is_latest_here({.initiation = newer, .last_handshake = noon}, told, newer));
  EXPECT_FALSE(is_latest_here({.initiation = newer, .last_handshake = noon - 1min}, told, newer));
}

TEST(Ownership, AClaimWithoutATimeIsLaterUnlessTheInitiationSaysOtherwise) {
  const SessionHolder timeless{.gateway = "a", .interface = "wg0"};
  EXPECT_FALSE(is_latest_here({.last_handshake = noon}, timeless, newer));
  EXPECT_FALSE(is_latest_here({.initiation = older, .last_handshake = noon}, timeless, newer));
  EXPECT_TRUE(is_latest_here({.initiation = newer, .last_handshake = noon}, timeless, older));
}

} // namespace
} // namespace provisiond::evict
