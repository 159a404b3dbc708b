#include "kernel/wiped_buffer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace provisiond::kernel {
namespace {

using testing::Each;
using testing::ElementsAre;

void write(WipedBuffer& buffer, std::uint8_t byte) {
  buffer.room()[0] = byte;
  buffer.commit(1);
}

TEST(WipedBuffer, FillsUpToItsCapacity) {
  WipedBuffer buffer{3};
  write(buffer, 1);
  write(buffer, 2);
  EXPECT_THAT(buffer.filled(), ElementsAre(1, 2));
  EXPECT_EQ(buffer.room().size(), 1U);
  buffer.commit(50);
  EXPECT_EQ(buffer.size(), 3U);
  EXPECT_TRUE(buffer.room().empty());
}

TEST(WipedBuffer, ClearLeavesNothingBehind) {
  WipedBuffer buffer{8};
  for (int count = 0; count < 8; ++count)
    write(buffer, 0xff);
  buffer.clear();
  EXPECT_TRUE(buffer.empty());
  EXPECT_THAT(buffer.room(), Each(0));
}

TEST(WipedBuffer, MovesWithItsContents) {
  WipedBuffer from{2};
  write(from, 7);
  const WipedBuffer to{std::move(from)};
  EXPECT_THAT(to.filled(), ElementsAre(7));
}

} // namespace
} // namespace provisiond::kernel
