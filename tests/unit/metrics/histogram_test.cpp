#include "metrics/histogram.hpp"

#include <gtest/gtest.h>

namespace provisiond::metrics {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::size_t last_bound = Histogram::bounds.size() - 1;

TEST(Histogram, is_empty_at_first) {
  const Histogram histogram;
  const Histogram::Snapshot snapshot = histogram.snapshot();
  EXPECT_EQ(snapshot.cumulative.back(), 0);
  EXPECT_EQ(snapshot.sum, Duration::zero());
}

TEST(Histogram, a_bound_belongs_to_its_bucket) {
  for (std::size_t i = 0; i <= last_bound; ++i) {
    Histogram histogram;
    histogram.observe(Histogram::bounds[i]);
    histogram.observe(Histogram::bounds[i] + nanoseconds{1});
    const Histogram::Snapshot snapshot = histogram.snapshot();
    EXPECT_EQ(snapshot.cumulative[i], 1) << "bound " << i;
    EXPECT_EQ(snapshot.cumulative[i + 1], 2) << "bound " << i;
  }
}

TEST(Histogram, buckets_are_cumulative) {
  Histogram histogram;
  histogram.observe(microseconds{3});
  histogram.observe(milliseconds{4});
  histogram.observe(milliseconds{4});
  const Histogram::Snapshot snapshot = histogram.snapshot();
  EXPECT_EQ(snapshot.cumulative.front(), 1);
  for (std::size_t i = 1; i < snapshot.cumulative.size(); ++i)
    EXPECT_GE(snapshot.cumulative[i], snapshot.cumulative[i - 1]);
  EXPECT_EQ(snapshot.cumulative.back(), 3);
  EXPECT_EQ(snapshot.sum, microseconds{8'003});
}

TEST(Histogram, what_is_over_the_last_bound_is_only_in_infinity) {
  Histogram histogram;
  histogram.observe(seconds{3'600});
  const Histogram::Snapshot snapshot = histogram.snapshot();
  EXPECT_EQ(snapshot.cumulative[last_bound], 0);
  EXPECT_EQ(snapshot.cumulative.back(), 1);
  EXPECT_EQ(snapshot.sum, seconds{3'600});
}

TEST(Histogram, a_clock_that_went_back_counts_as_zero) {
  Histogram histogram;
  histogram.observe(seconds{-5});
  const Histogram::Snapshot snapshot = histogram.snapshot();
  EXPECT_EQ(snapshot.cumulative.front(), 1);
  EXPECT_EQ(snapshot.sum, Duration::zero());
}

} // namespace
} // namespace provisiond::metrics
