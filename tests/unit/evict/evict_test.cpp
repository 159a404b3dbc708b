#include "evict/policy.hpp"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace provisiond::evict {
namespace {

const TimePoint start = TimePoint{} + 1h;
constexpr Limits limits{.greeting_deadline = 15s};

TEST(Policy, EvictsWhoNeverConnectedAtTheDeadlineCountedFromInstall) {
  const Standing standing{.installed_at = start, .has_session = false};
  EXPECT_EQ(judge(standing, limits, start), std::nullopt);
  EXPECT_EQ(judge(standing, limits, start + 14999ms), std::nullopt);
  EXPECT_EQ(judge(standing, limits, start + 15s), Reason::never_connected);
  EXPECT_EQ(to_string(Reason::never_connected), "never_connected");
}

TEST(Policy, KeepsWhoHasASession) {
  const Standing standing{.installed_at = start, .has_session = true};
  EXPECT_EQ(judge(standing, limits, start + 1h), std::nullopt);
}

} // namespace
} // namespace provisiond::evict
