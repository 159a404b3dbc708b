#include "postgres/backoff.hpp"

#include <gtest/gtest.h>

#include <set>

namespace provisiond::postgres {
namespace {

using std::chrono::milliseconds;

TEST(Backoff, DoublesUpToTheMaximumWithJitterOfHalf) {
  Backoff backoff{milliseconds{100}, milliseconds{1'000}, 1};
  for (const int whole : {100, 200, 400, 800, 1'000, 1'000, 1'000}) {
    const milliseconds delay = backoff.next();
    EXPECT_GE(delay, milliseconds{whole / 2});
    EXPECT_LE(delay, milliseconds{whole});
  }
}

TEST(Backoff, ResetStartsOver) {
  Backoff backoff{milliseconds{100}, milliseconds{10'000}, 1};
  for (int i = 0; i < 6; ++i)
    backoff.next();
  backoff.reset();
  EXPECT_LE(backoff.next(), milliseconds{100});
}

TEST(Backoff, DifferentSeedsDoNotKeepStep) {
  std::set<milliseconds> delays;
  for (std::uint32_t seed = 1; seed <= 16; ++seed)
    delays.insert(Backoff{milliseconds{10'000}, milliseconds{10'000}, seed}.next());
  EXPECT_GT(delays.size(), 8U);
}

TEST(Backoff, AMaximumBelowTheMinimumCountsAsTheMinimum) {
  Backoff backoff{milliseconds{100}, milliseconds{10}, 1};
  backoff.next();
  EXPECT_GE(backoff.next(), milliseconds{50});
}

} // namespace
} // namespace provisiond::postgres
