#include "kernel/uapi_answer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <random>
#include <string>

namespace provisiond::kernel {
namespace {

using Progress = UapiAnswer::Progress;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string key_hex(64, 'a');

Result<Progress> feed(UapiAnswer& answer, const std::string& text) {
  return answer.feed({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

const std::string whole = "private_key=" + std::string(64, '1') +
                          "\n"
                          "listen_port=51820\n"
                          "fwmark=7\n"
                          "public_key=" +
                          key_hex +
                          "\n"
                          "preshared_key=" +
                          std::string(64, '0') +
                          "\n"
                          "protocol_version=1\n"
                          "endpoint=192.0.2.1:1000\n"
                          "last_handshake_time_sec=1700000000\n"
                          "last_handshake_time_nsec=5\n"
                          "tx_bytes=11\n"
                          "rx_bytes=12\n"
                          "persistent_keepalive_interval=25\n"
                          "allowed_ip=10.0.0.1/32\n"
                          "allowed_ip=fd00::/8\n"
                          "public_key=" +
                          std::string(64, 'b') +
                          "\n"
                          "endpoint=[fe80::1%3]:7\n"
                          "errno=0\n"
                          "\n";

void expect_whole(UapiAnswer& answer) {
  EXPECT_EQ(answer.code(), 0);
  const DeviceIdentity identity = answer.take_identity();
  ASSERT_TRUE(identity.private_key);
  EXPECT_EQ(identity.private_key->bytes()[31], 0x11);
  EXPECT_EQ(identity.listen_port, 51820);
  EXPECT_EQ(identity.fwmark, 7U);
  const std::vector<PeerState> peers = answer.take_peers();
  ASSERT_EQ(peers.size(), 2U);
  EXPECT_EQ(peers[0].key.bytes[0], 0xaa);
  EXPECT_EQ(peers[0].endpoint, Endpoint::parse("192.0.2.1:1000"));
  EXPECT_EQ(peers[0].last_handshake.time_since_epoch(),
            std::chrono::nanoseconds{1'700'000'000'000'000'005});
  EXPECT_EQ(peers[0].sent_bytes, 11U);
  EXPECT_EQ(peers[0].received_bytes, 12U);
  EXPECT_EQ(peers[0].keepalive_seconds, 25);
  EXPECT_THAT(peers[0].allowed_ips, ElementsAre(IpPrefix::parse("10.0.0.1/32").value(),
                                                IpPrefix::parse("fd00::/8").value()));
  ASSERT_TRUE(peers[1].endpoint);
  EXPECT_EQ(peers[1].endpoint->scope, 3U);
  EXPECT_EQ(peers[1].last_handshake, WallTime{});
}

TEST(UapiAnswer, ReadsAnAnswerAtOnce) {
  UapiAnswer answer;
  EXPECT_EQ(feed(answer, whole).value(), Progress::complete);
  EXPECT_FALSE(answer.carries_fields_over());
  expect_whole(answer);
}

TEST(UapiAnswer, ReadsAnAnswerByteByByte) {
  UapiAnswer answer;
  Progress progress = Progress::device;
  for (const char character : whole)
    progress = feed(answer, std::string(1, character)).value();
  EXPECT_EQ(progress, Progress::complete);
  expect_whole(answer);
}

TEST(UapiAnswer, TellsWhenTheDevicesOwnLinesAreOver) {
  UapiAnswer answer;
  EXPECT_EQ(feed(answer, "listen_port=7\n").value(), Progress::device);
  EXPECT_EQ(feed(answer, "public_key=" + key_hex).value(), Progress::device);
  EXPECT_EQ(feed(answer, "\n").value(), Progress::peers);
  EXPECT_EQ(answer.take_identity().listen_port, 7);
}

TEST(UapiAnswer, ErrnoHasEitherSign) {
  for (const std::string text : {"errno=22\n\n", "errno=-22\n\n"}) {
    UapiAnswer answer;
    EXPECT_EQ(feed(answer, text).value(), Progress::complete);
    EXPECT_EQ(answer.code(), EINVAL);
  }
}

TEST(UapiAnswer, NothingAfterTheEndIsRead) {
  UapiAnswer answer;
  EXPECT_EQ(feed(answer, "errno=0\n\ngarbage\n").value(), Progress::complete);
  EXPECT_EQ(feed(answer, "errno=5\n\n").value(), Progress::complete);
  EXPECT_EQ(answer.code(), 0);
}

TEST(UapiAnswer, UnknownKeysAreSkipped) {
  UapiAnswer answer;
  EXPECT_TRUE(feed(answer, "colour=blue\npublic_key=" + key_hex + "\nmood=fine\nerrno=0\n\n"));
  EXPECT_EQ(answer.take_peers().size(), 1U);
}

TEST(UapiAnswer, ZeroPrivateKeyIsNone) {
  UapiAnswer answer;
  EXPECT_TRUE(feed(answer, "private_key=" + std::string(64, '0') + "\n"));
  EXPECT_FALSE(answer.take_identity().private_key);
}

TEST(UapiAnswer, PublicKeyOfItsOwnMarksOneStanzaAnOperation) {
  UapiAnswer answer;
  EXPECT_TRUE(feed(answer, "own_public_key=" + key_hex + "\n"));
  EXPECT_TRUE(answer.carries_fields_over());
}

TEST(UapiAnswer, HostBitsOfAnAllowedIpAreDropped) {
  UapiAnswer answer;
  EXPECT_TRUE(feed(answer, "public_key=" + key_hex + "\nallowed_ip=10.0.0.9/24\n"));
  EXPECT_THAT(answer.take_peers()[0].allowed_ips,
              ElementsAre(IpPrefix::parse("10.0.0.0/24").value()));
}

TEST(UapiAnswer, EndWithoutErrnoIsAnError) {
  UapiAnswer answer;
  const Result<Progress> progress = feed(answer, "listen_port=7\n\n");
  ASSERT_FALSE(progress);
  EXPECT_EQ(progress.error().code(), EPROTO);
  EXPECT_THAT(progress.error().message(), HasSubstr("without errno"));
}

TEST(UapiAnswer, OverlongLineIsAnError) {
  UapiAnswer answer;
  const std::string longest(UapiAnswer::maximum_line_bytes - 2, 'x');
  EXPECT_TRUE(feed(answer, "a=" + longest + "\n"));
  EXPECT_FALSE(feed(answer, "a=" + longest + "x\n"));
  UapiAnswer slow;
  EXPECT_TRUE(feed(slow, "a=" + longest));
  EXPECT_FALSE(feed(slow, "x"));
}

TEST(UapiAnswer, TooManyPeersAreAnError) {
  UapiAnswer answer{2};
  EXPECT_TRUE(feed(answer, "public_key=" + key_hex + "\npublic_key=" + key_hex + "\n"));
  EXPECT_FALSE(feed(answer, "public_key=" + key_hex + "\n"));
}

class UapiAnswerMalformed : public testing::TestWithParam<std::string> {};

TEST_P(UapiAnswerMalformed, IsAnErrorThatDoesNotRepeatTheValue) {
  UapiAnswer device_line;
  UapiAnswer peer_line;
  ASSERT_TRUE(feed(peer_line, "public_key=" + key_hex + "\n"));
  const std::string line = GetParam();
  const bool about_device = line.starts_with("private_key") || line.starts_with("listen_port") ||
                            line.starts_with("fwmark");
  const Result<Progress> progress = feed(about_device ? device_line : peer_line, line + "\n");
  ASSERT_FALSE(progress) << line;
  EXPECT_EQ(progress.error().code(), EPROTO);
  const std::string value = line.substr(line.find('=') + 1);
  if (!value.empty()) {
    EXPECT_THAT(progress.error().message(), Not(HasSubstr(value)));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Lines, UapiAnswerMalformed,
    testing::Values("no separator", "private_key=" + std::string(63, '1'),
                    "private_key=" + std::string(66, '1'), "private_key=" + std::string(64, 'g'),
                    "listen_port=65536", "listen_port=-1", "listen_port=", "fwmark=4294967296",
                    "public_key=", "public_key=" + std::string(62, '1'), "endpoint=192.0.2.1",
                    "endpoint=[fe80::1%3:7", "endpoint=[fe80::1%]:7",
                    "endpoint=[fe80::1%no-such-name]:7", "last_handshake_time_sec=-1",
                    "last_handshake_time_sec=9000000001", "last_handshake_time_nsec=1000000000",
                    "tx_bytes=18446744073709551616", "rx_bytes=many",
                    "persistent_keepalive_interval=65536", "allowed_ip=10.0.0.1",
                    "allowed_ip=10.0.0.0/33", "allowed_ip=/8", "errno=", "errno=4096",
                    "errno=-99999999999"));

TEST(UapiAnswer, SurvivesDamage) {
  std::minstd_rand random{1};
  int completed = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = whole;
    for (int count = 0; count < 3; ++count)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    UapiAnswer answer;
    const Result<Progress> progress = feed(answer, damaged);
    if (progress && *progress == Progress::complete) ++completed;
    EXPECT_LE(answer.take_peers().size(), 2U);
  }
  EXPECT_GT(completed, 0);
  EXPECT_LT(completed, 20'000);
}

} // namespace
} // namespace provisiond::kernel
