#include "evict/policy.hpp"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace provisiond::evict {
namespace {

const Instant start{.steady = TimePoint{} + 1h, .wall = WallTime{} + 1'000'000h};
constexpr Limits limits{.idle_timeout = 10min};

Instant after(Duration duration) {
  return {.steady = start.steady + duration, .wall = start.wall + duration};
}

TEST(Policy, EvictsWhoHasBeenQuietForTheIdleTimeout) {
  const Standing standing{.active_at = start.steady};
  EXPECT_EQ(judge(standing, limits, after(10min - 1ms)), std::nullopt);
  EXPECT_EQ(judge(standing, limits, after(10min)), Eviction::idle);
}

TEST(Policy, ANetworkHasItsOwnIdleTimeout) {
  const Standing longer{.active_at = start.steady, .idle_timeout = 1h};
  EXPECT_EQ(judge(longer, limits, after(59min)), std::nullopt);
  EXPECT_EQ(judge(longer, limits, after(1h)), Eviction::idle);
  const Standing never{.active_at = start.steady, .idle_timeout = 0s};
  EXPECT_EQ(judge(never, limits, after(10'000h)), std::nullopt);
}

TEST(Policy, NobodyIsIdleWhileTheSessionLives) {
  const Standing standing{.active_at = start.steady, .idle_timeout = 1s};
  EXPECT_EQ(judge(standing, limits, after(180s - 1ms)), std::nullopt);
  EXPECT_EQ(judge(standing, limits, after(180s)), Eviction::idle);
}

TEST(Policy, AWallClockThatIsSetEvictsNobody) {
  const Standing standing{.active_at = start.steady};
  const Instant jumped{.steady = start.steady + 1s, .wall = start.wall + 24h};
  EXPECT_EQ(judge(standing, limits, jumped), std::nullopt);
}

TEST(Policy, NobodyIsIdleBeforeASessionHasPassedUnderTheWatch) {
  const Standing standing{.active_at = start.steady - 1h, .watched_since = start.steady};
  EXPECT_EQ(judge(standing, limits, after(180s - 1ms)), std::nullopt);
  EXPECT_EQ(judge(standing, limits, after(180s)), Eviction::idle);
}

TEST(Policy, EvictsWhoseRowHasExpired) {
  const Standing standing{.active_at = start.steady, .expires_at = start.wall + 1min};
  EXPECT_EQ(judge(standing, limits, after(59s)), std::nullopt);
  EXPECT_EQ(judge(standing, limits, after(1min)), Eviction::expired);
}

TEST(Policy, EvictsWhoRoamsAndMayNot) {
  EXPECT_EQ(
      judge({.active_at = start.steady, .may_roam = true, .is_at_home = false}, limits, start),
      std::nullopt);
  EXPECT_EQ(
      judge({.active_at = start.steady, .may_roam = false, .is_at_home = true}, limits, start),
      std::nullopt);
  EXPECT_EQ(
      judge({.active_at = start.steady, .may_roam = false, .is_at_home = false}, limits, start),
      Eviction::roamed);
}

} // namespace
} // namespace provisiond::evict
