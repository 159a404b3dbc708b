#include "wire/tai64n.hpp"

#include <gtest/gtest.h>

#include <vector>

using namespace std::chrono_literals;

namespace provisiond::wire {
namespace {

constexpr WallTime epoch{};

TEST(Tai64n, CountsFromWireGuardsBase) {
  EXPECT_EQ(to_tai64n(epoch), (Tai64nBytes{0x40, 0, 0, 0, 0, 0, 0, 0x0a, 0, 0, 0, 0}));
  EXPECT_EQ(to_tai64n(epoch + 1s + 0x01020304ns),
            (Tai64nBytes{0x40, 0, 0, 0, 0, 0, 0, 0x0b, 1, 2, 3, 4}));
}

TEST(Tai64n, ComparingBytesComparesTime) {
  const std::vector<WallTime> rising{epoch - 400s,          epoch - 1ns, epoch,
                                     epoch + 999'999'999ns, epoch + 1s,  epoch + 256s,
                                     epoch + 1'700'000'000s};
  for (std::size_t i = 1; i < rising.size(); ++i) {
    EXPECT_LT(to_tai64n(rising[i - 1]), to_tai64n(rising[i])) << i;
  }
}

TEST(Tai64n, ComesBackAsTheSameTime) {
  for (const WallTime time : {epoch, epoch + 1'700'000'000s + 123'456'789ns, epoch - 1ns,
                              epoch - 9'000'000'000s, epoch + 9'000'000'000s}) {
    EXPECT_EQ(to_wall_time(to_tai64n(time)), time);
  }
}

TEST(Tai64n, RefusesNanosecondsOfASecondOrMore) {
  EXPECT_EQ(to_wall_time({0x40, 0, 0, 0, 0, 0, 0, 0x0a, 0x3b, 0x9a, 0xc9, 0xff}),
            epoch + 999'999'999ns);
  EXPECT_FALSE(to_wall_time({0x40, 0, 0, 0, 0, 0, 0, 0x0a, 0x3b, 0x9a, 0xca, 0}).has_value());
}

TEST(Tai64n, RefusesWhatWallTimeCannotHold) {
  Tai64nBytes all_ones;
  all_ones.fill(0xff);
  EXPECT_FALSE(to_wall_time(Tai64nBytes{}).has_value());
  EXPECT_FALSE(to_wall_time(all_ones).has_value());
  EXPECT_FALSE(to_wall_time({0x40, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0}).has_value());
  EXPECT_FALSE(to_wall_time({0x3f, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0}).has_value());
}

} // namespace
} // namespace provisiond::wire
