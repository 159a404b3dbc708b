#include "kernel/change_batch.hpp"
#include "support/netlink_bytes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <limits>

namespace provisiond::kernel {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr WgTarget target{.family = 33, .ifindex = 5};

class ChangeBatchTest : public testing::Test {
 protected:
  void append(std::uint32_t sequence, std::size_t owner) {
    batch_.append(target, part_of(change_, 0), sequence, owner);
  }

  std::optional<ChangeBatch::Answer> answer(std::uint32_t sequence, int code) {
    const test::ByteVector payload = test::raw(-code);
    return batch_.accept(
        {.type = NLMSG_ERROR, .flags = 0, .sequence = sequence, .payload = payload});
  }

  PeerChange change_;
  ChangeBatch batch_;
};

TEST_F(ChangeBatchTest, AnswersFindTheirChange) {
  append(10, 0);
  append(11, 1);
  append(12, 1);
  EXPECT_EQ(split_datagram(batch_.messages()).size(), 3U);
  EXPECT_EQ(batch_.waiting(), 3U);
  const std::optional<ChangeBatch::Answer> last = answer(12, EINVAL);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->owner, 1U);
  EXPECT_EQ(last->verdict.code, EINVAL);
  const std::optional<ChangeBatch::Answer> first = answer(10, 0);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->owner, 0U);
  EXPECT_EQ(first->verdict.code, 0);
  EXPECT_EQ(batch_.waiting(), 1U);
  EXPECT_THAT(batch_.finish(), ElementsAre(1));
}

TEST_F(ChangeBatchTest, StrangersAndRepetitionsAreIgnored) {
  EXPECT_FALSE(answer(10, 0));
  append(10, 0);
  EXPECT_FALSE(answer(9, 0));
  EXPECT_FALSE(answer(11, 0));
  EXPECT_FALSE(batch_.accept({.type = NLMSG_DONE, .flags = 0, .sequence = 10, .payload = {}}));
  EXPECT_TRUE(answer(10, 0));
  EXPECT_FALSE(answer(10, EPERM));
  EXPECT_EQ(batch_.waiting(), 0U);
}

TEST_F(ChangeBatchTest, SequenceNumbersMayWrap) {
  append(std::numeric_limits<std::uint32_t>::max(), 0);
  append(0, 1);
  const std::optional<ChangeBatch::Answer> wrapped = answer(0, 0);
  ASSERT_TRUE(wrapped);
  EXPECT_EQ(wrapped->owner, 1U);
}

TEST_F(ChangeBatchTest, IsBoundedInMessages) {
  for (std::uint32_t count = 0; count < ChangeBatch::maximum_messages; ++count) {
    ASSERT_TRUE(batch_.has_room());
    append(count, count);
  }
  EXPECT_FALSE(batch_.has_room());
  EXPECT_EQ(batch_.finish().size(), ChangeBatch::maximum_messages);
  EXPECT_TRUE(batch_.has_room());
}

TEST_F(ChangeBatchTest, IsBoundedInBytes) {
  change_.allowed_ips.emplace(ChangePart::maximum_allowed_ips, IpPrefix::parse("::/0").value());
  std::uint32_t count = 0;
  while (batch_.has_room())
    append(count++, 0);
  EXPECT_EQ(count, 3U);
  EXPECT_LE(batch_.messages().size(), ChangeBatch::maximum_bytes);
}

TEST_F(ChangeBatchTest, WipedMessagesStillWaitForTheirAnswers) {
  append(10, 4);
  batch_.wipe_messages();
  EXPECT_THAT(batch_.messages(), IsEmpty());
  EXPECT_EQ(answer(10, 0).value().owner, 4U);
}

} // namespace
} // namespace provisiond::kernel
