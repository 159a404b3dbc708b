#include "lookup/report_queue.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace provisiond::lookup {
namespace {

SessionOwnership numbered(std::uint32_t number) {
  SessionOwnership ownership{
      .interface = InterfaceId{0}, .name = "wg0", .key = {}, .initiation = std::nullopt};
  std::memcpy(ownership.key.bytes.data(), &number, sizeof number);
  return ownership;
}

class Reports : public testing::Test {
 protected:
  metrics::Metrics metrics_;
  ReportQueue queue_{metrics_};
};

TEST_F(Reports, AllOwnershipsOfABurstWait) {
  constexpr std::uint32_t burst = 10'000;
  for (std::uint32_t number = 0; number < burst; ++number)
    queue_.push(numbered(number));
  EXPECT_EQ(metrics_.session_ownerships_waiting.value(), burst);
  EXPECT_EQ(queue_.take_ownerships(2 * burst).size(), burst);
  EXPECT_EQ(metrics_.session_ownerships_waiting.value(), 0);
  EXPECT_EQ(metrics_.session_ownerships_dropped.value(), 0U);
}

TEST_F(Reports, WhatIsTooMuchIsCountedWhereverItIsLost) {
  std::vector<SessionOwnership> taken;
  queue_.push(numbered(0));
  taken = queue_.take_ownerships(1);
  for (std::uint32_t number = 1; number <= PendingReports::maximum_ownerships + 1; ++number)
    queue_.push(numbered(number));
  EXPECT_EQ(metrics_.session_ownerships_dropped.value(), 1U);
  queue_.put_back(std::move(taken));
  EXPECT_EQ(metrics_.session_ownerships_dropped.value(), 2U);
  queue_.postpone({numbered(PendingReports::maximum_ownerships + 2)});
  EXPECT_EQ(metrics_.session_ownerships_dropped.value(), 3U);
  queue_.drop_one();
  EXPECT_EQ(metrics_.session_ownerships_dropped.value(), 4U);
}

TEST_F(Reports, ThatAreLeftOutAreNotCountedAsOwnerships) {
  for (std::size_t i = 0; i <= PendingReports::maximum_others; ++i)
    queue_.push(RefusedKey{});
  EXPECT_EQ(queue_.take_others(1'000).size(), PendingReports::maximum_others);
  EXPECT_EQ(metrics_.session_ownerships_dropped.value(), 0U);
}

TEST_F(Reports, NothingIsTakenOnceItIsClosed) {
  queue_.push(numbered(0));
  queue_.close();
  queue_.push(numbered(1));
  EXPECT_EQ(queue_.take_ownerships(10).size(), 1U);
  EXPECT_FALSE(queue_.has_ownerships());
}

} // namespace
} // namespace provisiond::lookup
