#include "kernel/netlink_message.hpp"
#include "support/netlink_bytes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace provisiond::kernel {
namespace {

using test::attribute;
using test::ByteVector;
using test::message;
using test::raw;
using test::text;

NetlinkMessage only(const ByteVector& datagram) {
  const std::vector<NetlinkMessage> messages = split_datagram(datagram);
  EXPECT_EQ(messages.size(), 1U);
  return messages.empty() ? NetlinkMessage{} : messages.front();
}

// The answer to a message of `length` bytes, as far as the verdict's fixed part goes.
ByteVector verdict(int code, std::uint32_t length) {
  return raw(code) + raw(length) + ByteVector(12, 0);
}

TEST(SplitDatagram, ReadsMessagesInOrder) {
  const ByteVector datagram =
      message({.type = 20, .flags = 1, .sequence = 7}, {1, 2, 3}) + message({.type = 21}, {});
  const std::vector<NetlinkMessage> messages = split_datagram(datagram);
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[0].type, 20);
  EXPECT_EQ(messages[0].flags, 1);
  EXPECT_EQ(messages[0].sequence, 7U);
  EXPECT_THAT(messages[0].payload, testing::ElementsAre(1, 2, 3));
  EXPECT_EQ(messages[1].type, 21);
  EXPECT_TRUE(messages[1].payload.empty());
}

TEST(SplitDatagram, StopsAtTheFirstMalformedMessage) {
  const ByteVector good = message({.type = 20}, {1});
  ByteVector overlong = message({.type = 21}, {1});
  overlong[0] = 200;
  ByteVector too_short = message({.type = 21}, {1});
  too_short[0] = 15;
  EXPECT_EQ(split_datagram(good + overlong).size(), 1U);
  EXPECT_EQ(split_datagram(good + too_short).size(), 1U);
  EXPECT_EQ(split_datagram(good + ByteVector(15, 0)).size(), 1U);
  EXPECT_TRUE(split_datagram({}).empty());
}

TEST(SplitDatagram, LastMessageNeedsNoPadding) {
  ByteVector datagram = message({.type = 20}, {1, 2, 3});
  datagram.pop_back();
  EXPECT_EQ(only(datagram).payload.size(), 3U);
}

TEST(ReadVerdict, CodeAndWordsOfACappedAnswer) {
  const ByteVector datagram =
      message({.type = NLMSG_ERROR, .flags = NLM_F_CAPPED | NLM_F_ACK_TLVS},
              verdict(-EINVAL, 4000) + attribute(NLMSGERR_ATTR_OFFS, raw(std::uint32_t{1})) +
                  attribute(NLMSGERR_ATTR_MSG, text("no such flag")));
  const NetlinkVerdict read = read_verdict(only(datagram));
  EXPECT_EQ(read.code, EINVAL);
  EXPECT_EQ(read.words, "no such flag");
}

TEST(ReadVerdict, WordsFollowTheMessageThatIsRepeated) {
  const ByteVector datagram = message({.type = NLMSG_ERROR, .flags = NLM_F_ACK_TLVS},
                                      verdict(-EPERM, 16 + 7) + ByteVector(8, 0xff) +
                                          attribute(NLMSGERR_ATTR_MSG, text("no")));
  EXPECT_EQ(read_verdict(only(datagram)).words, "no");
}

TEST(ReadVerdict, SuccessOfAnAcknowledgementAndOfADump) {
  EXPECT_EQ(read_verdict(only(message({.type = NLMSG_ERROR}, verdict(0, 16)))).code, 0);
  EXPECT_EQ(read_verdict(only(message({.type = NLMSG_DONE}, raw(0)))).code, 0);
  EXPECT_EQ(read_verdict(only(message({.type = NLMSG_DONE}, raw(-EMSGSIZE)))).code, EMSGSIZE);
}

TEST(ReadVerdict, NonsenseIsAProtocolError) {
  EXPECT_EQ(read_verdict(only(message({.type = NLMSG_ERROR}, {1, 2}))).code, EPROTO);
  EXPECT_EQ(read_verdict(only(message({.type = NLMSG_ERROR}, verdict(5, 16)))).code, EPROTO);
  EXPECT_EQ(read_verdict(only(message({.type = NLMSG_ERROR}, verdict(-5000, 16)))).code, EPROTO);
}

TEST(ReadVerdict, RepeatedMessageThatIsNotThereHasNoWords) {
  const ByteVector datagram =
      message({.type = NLMSG_ERROR, .flags = NLM_F_ACK_TLVS},
              verdict(-EPERM, 0xfffffff0U) + attribute(NLMSGERR_ATTR_MSG, text("no")));
  const NetlinkVerdict read = read_verdict(only(datagram));
  EXPECT_EQ(read.code, EPERM);
  EXPECT_TRUE(read.words.empty());
}

TEST(Attributes, WalkEndsWhereLengthsDoNotFit) {
  const ByteVector good = attribute(1, {9});
  ByteVector overlong = attribute(2, {9});
  overlong[0] = 9;
  ByteVector too_short = attribute(2, {9});
  too_short[0] = 3;
  for (const ByteVector& bad : {overlong, too_short, ByteVector{8, 0, 2}}) {
    std::vector<std::uint16_t> types;
    for_each_attribute(good + bad, [&](std::uint16_t type, std::span<const std::uint8_t>) {
      types.push_back(type);
    });
    EXPECT_THAT(types, testing::ElementsAre(1));
  }
}

TEST(Attributes, FlagBitsAreNoPartOfTheType) {
  std::uint16_t seen = 0;
  for_each_attribute(attribute(NLA_F_NESTED | NLA_F_NET_BYTEORDER | 5, {}),
                     [&](std::uint16_t type, std::span<const std::uint8_t>) { seen = type; });
  EXPECT_EQ(seen, 5);
}

TEST(Attributes, ValuesHaveExactlyTheirSize) {
  EXPECT_EQ(read_value<std::uint16_t>(raw(std::uint16_t{513})), 513);
  EXPECT_FALSE(read_value<std::uint16_t>(ByteVector{1}));
  EXPECT_FALSE(read_value<std::uint16_t>(ByteVector{1, 2, 3}));
  EXPECT_EQ(read_text(text("wg0")), "wg0");
  EXPECT_EQ(read_text(ByteVector{'w', 'g'}), "wg");
  EXPECT_EQ(read_text(ByteVector{}), "");
}

TEST(Attributes, EndpointsHaveTheSizeOfTheirFamily) {
  for (const std::string_view endpoint : {"192.0.2.1:51820", "[2001:db8::1]:7"}) {
    const ByteVector address = test::socket_address(endpoint);
    EXPECT_EQ(read_endpoint(address), Endpoint::parse(endpoint));
    EXPECT_FALSE(read_endpoint(address + ByteVector(1)));
    EXPECT_FALSE(read_endpoint(address + ByteVector(28 - address.size() % 28)));
    EXPECT_FALSE(read_endpoint(address + ByteVector(200)));
    for (std::size_t length = 0; length < address.size(); ++length)
      EXPECT_FALSE(read_endpoint(std::span{address}.first(length)));
    ByteVector foreign = address;
    foreign[0] = AF_UNIX;
    EXPECT_FALSE(read_endpoint(foreign));
  }
}

TEST(Attributes, GenericNetlinkHeaderIsSkipped) {
  EXPECT_EQ(genl_attributes(only(message({}, {1, 1, 0, 0, 7, 8}))).size(), 2U);
  EXPECT_TRUE(genl_attributes(only(message({}, {1, 1, 0}))).empty());
}

} // namespace
} // namespace provisiond::kernel
