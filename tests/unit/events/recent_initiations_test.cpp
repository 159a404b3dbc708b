#include "events/recent_initiations.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace provisiond::events {
namespace {

using namespace std::chrono_literals;
using Mac1 = std::array<std::uint8_t, 16>;

constexpr InterfaceId the_interface{3};
constexpr TimePoint start{1'000s};

Mac1 mac1_of(std::uint32_t number) {
  Mac1 mac1{};
  std::memcpy(mac1.data(), &number, sizeof number);
  return mac1;
}

class RecentInitiationsTest : public testing::Test {
 protected:
  [[nodiscard]] std::int64_t entries() {
    return metrics_.table_entries[metrics::Table::recent_initiations].value();
  }
  [[nodiscard]] std::uint64_t evictions() {
    return metrics_.table_evictions[metrics::Table::recent_initiations].value();
  }

  metrics::Metrics metrics_;
};

TEST_F(RecentInitiationsTest, CopiesCountOnce) {
  RecentInitiations recent{{}, metrics_};
  EXPECT_TRUE(recent.first_seen(the_interface, mac1_of(1), start));
  EXPECT_FALSE(recent.first_seen(the_interface, mac1_of(1), start));
  EXPECT_FALSE(recent.first_seen(the_interface, mac1_of(1), start + 999ms));
  EXPECT_TRUE(recent.first_seen(the_interface, mac1_of(2), start));
  EXPECT_EQ(entries(), 2);
}

TEST_F(RecentInitiationsTest, EveryByteOfMac1Counts) {
  RecentInitiations recent{{}, metrics_};
  EXPECT_TRUE(recent.first_seen(the_interface, Mac1{}, start));
  for (std::size_t i = 0; i < Mac1{}.size(); ++i) {
    Mac1 other{};
    other[i] = 0x80;
    EXPECT_TRUE(recent.first_seen(the_interface, other, start)) << i;
  }
}

TEST_F(RecentInitiationsTest, InterfacesAreApart) {
  RecentInitiations recent{{}, metrics_};
  EXPECT_TRUE(recent.first_seen(InterfaceId{1}, mac1_of(1), start));
  EXPECT_TRUE(recent.first_seen(InterfaceId{256}, mac1_of(1), start));
  EXPECT_FALSE(recent.first_seen(InterfaceId{1}, mac1_of(1), start));
}

TEST_F(RecentInitiationsTest, TheWindowEndsAndCopiesDoNotExtendIt) {
  RecentInitiations recent{{.window = 100ms}, metrics_};
  EXPECT_TRUE(recent.first_seen(the_interface, mac1_of(1), start));
  EXPECT_FALSE(recent.first_seen(the_interface, mac1_of(1), start + 60ms));
  EXPECT_FALSE(recent.first_seen(the_interface, mac1_of(1), start + 99ms));
  EXPECT_TRUE(recent.first_seen(the_interface, mac1_of(1), start + 100ms));
  EXPECT_FALSE(recent.first_seen(the_interface, mac1_of(1), start + 199ms));
  EXPECT_EQ(entries(), 1);
}

TEST_F(RecentInitiationsTest, RoundsItsSizeUp) {
  EXPECT_EQ(RecentInitiations({.entries = 0}, metrics_).capacity(), 8U);
  EXPECT_EQ(RecentInitiations({.entries = 9}, metrics_).capacity(), 16U);
  EXPECT_EQ(RecentInitiations({}, metrics_).capacity(), 8'192U);
}

TEST_F(RecentInitiationsTest, WhenFullTheOldestMakesRoom) {
  RecentInitiations recent{{.entries = 8}, metrics_};
  for (std::uint32_t i = 0; i < 8; ++i) {
    EXPECT_TRUE(recent.first_seen(the_interface, mac1_of(i), start + i * 1ms));
  }
  EXPECT_EQ(entries(), 8);
  EXPECT_EQ(evictions(), 0U);
  EXPECT_TRUE(recent.first_seen(the_interface, mac1_of(100), start + 8ms));
  EXPECT_EQ(entries(), 8);
  EXPECT_EQ(evictions(), 1U);
  for (std::uint32_t i = 1; i < 8; ++i) {
    EXPECT_FALSE(recent.first_seen(the_interface, mac1_of(i), start + 9ms)) << i;
  }
  EXPECT_TRUE(recent.first_seen(the_interface, mac1_of(0), start + 9ms));
}

TEST_F(RecentInitiationsTest, ReplacingWhatIsPastTheWindowIsNoLoss) {
  RecentInitiations recent{{.entries = 8, .window = 100ms}, metrics_};
  for (std::uint32_t i = 0; i < 8; ++i) {
    EXPECT_TRUE(recent.first_seen(the_interface, mac1_of(i), start));
  }
  EXPECT_TRUE(recent.first_seen(the_interface, mac1_of(100), start + 100ms));
  EXPECT_EQ(evictions(), 0U);
  EXPECT_EQ(entries(), 8);
}

TEST_F(RecentInitiationsTest, AFloodDoesNotGrowIt) {
  RecentInitiations recent{{.entries = 64}, metrics_};
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    EXPECT_TRUE(recent.first_seen(the_interface, mac1_of(i), start));
  }
  EXPECT_EQ(recent.capacity(), 64U);
  EXPECT_EQ(entries(), 64);
  EXPECT_EQ(evictions(), 10'000U - 64U);
}

// Which of twice as many initiations survive depends on the rows they fall in. With the hash keyed
// anew for each table, nobody can tell beforehand; two equal outcomes have a chance below 2^-64.
TEST_F(RecentInitiationsTest, RowsCannotBePredicted) {
  const auto survivors = [this] {
    RecentInitiations recent{{.entries = 256}, metrics_};
    std::vector<bool> survived;
    for (std::uint32_t i = 0; i < 512; ++i) {
      EXPECT_TRUE(recent.first_seen(the_interface, mac1_of(i), start + i * 1us));
    }
    for (std::uint32_t i = 512; i-- > 0;) {
      survived.push_back(!recent.first_seen(the_interface, mac1_of(i), start + 1ms));
    }
    return survived;
  };
  EXPECT_NE(survivors(), survivors());
}

} // namespace
} // namespace provisiond::events
