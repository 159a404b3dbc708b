#include "events/captured_frame.hpp"
#include "unit/events/packets.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

namespace provisiond::events {
namespace {

using namespace std::chrono_literals;
using test::Bytes;
using wire::FrameFault;

constexpr InterfaceId first_interface{0};
constexpr InterfaceId second_interface{7};
constexpr std::uint32_t some_device = 5;
constexpr std::uint32_t loopback_device = 1;
const Instant now{TimePoint{1'000s}, WallTime{1'700'000'000s}};

class CapturedFrame : public testing::Test {
 protected:
  CapturedFrame() {
    EXPECT_TRUE(watched_.add({first_interface, 2, 51'820}));
    EXPECT_TRUE(watched_.add({second_interface, 3, 51'821}));
  }

  [[nodiscard]] std::variant<Sighting, CaptureRefusal> read(const Bytes& packet,
                                                            std::uint32_t ifindex = some_device) {
    return read_captured_frame({.bytes = packet, .ifindex = ifindex, .received_at = now.wall},
                               watched_, now);
  }
  [[nodiscard]] Sighting sighting_of(const kernel::ReceivedPacket& packet) {
    return std::get<Sighting>(read_captured_frame(packet, watched_, now));
  }
  [[nodiscard]] CaptureRefusal refusal_of(const Bytes& packet,
                                          std::uint32_t ifindex = some_device) {
    return std::get<CaptureRefusal>(read(packet, ifindex));
  }

  WatchedPorts watched_{8};
};

template <std::size_t N>
Bytes with_source(Bytes packet, const std::array<std::uint8_t, N>& address) {
  std::ranges::copy(address, packet.begin() + (N == 4 ? 12 : 8));
  return packet;
}

TEST_F(CapturedFrame, SaysWhoKnockedAtWhat) {
  const Bytes packet = test::make_v4({.udp = {.source_port = 4'242, .destination_port = 51'821}});
  const Sighting sighting = std::get<Sighting>(read(packet));
  EXPECT_EQ(sighting.interface, second_interface);
  EXPECT_EQ(sighting.source.to_string(), "192.0.2.1:4242");
  EXPECT_EQ(sighting.local.to_string(), "198.51.100.1:51821");
  EXPECT_TRUE(std::equal(sighting.initiation.begin(), sighting.initiation.end(),
                         packet.begin() + 28, packet.end()));
}

TEST_F(CapturedFrame, ReadsV6WithExtensions) {
  const Bytes packet = test::make_v6({.extensions = {{.type = 0}, {.type = 60, .size = 24}}});
  const Sighting sighting = std::get<Sighting>(read(packet));
  EXPECT_EQ(sighting.interface, first_interface);
  EXPECT_EQ(sighting.source.to_string(), "[2001:db8::1]:40000");
  EXPECT_EQ(sighting.source.scope, 0U);
  EXPECT_EQ(sighting.initiation[0], 1);
}

TEST_F(CapturedFrame, LinkLocalAddressesBelongToTheDevice) {
  Bytes packet = test::make_v6({});
  packet = with_source(packet, std::array<std::uint8_t, 16>{0xfe, 0x80, 0, 1});
  EXPECT_EQ(std::get<Sighting>(read(packet)).source.scope, some_device);
  EXPECT_EQ(std::get<Sighting>(read(packet)).local.scope, 0U);
  packet[24] = 0xfe;
  packet[25] = 0xbf; // the end of fe80::/10
  EXPECT_EQ(std::get<Sighting>(read(packet)).local.scope, some_device);
}

TEST_F(CapturedFrame, TurnsTheStampIntoBothTimes) {
  const Bytes bytes = test::make_v4({});
  const Sighting sighting = sighting_of({.bytes = bytes, .received_at = now.wall - 3ms});
  EXPECT_EQ(sighting.seen_at, now.steady - 3ms);
  EXPECT_EQ(sighting.seen_at_wall, now.wall - 3ms);
}

TEST_F(CapturedFrame, WithoutStampItIsSeenNow) {
  const Bytes bytes = test::make_v4({});
  const Sighting sighting = sighting_of({.bytes = bytes});
  EXPECT_EQ(sighting.seen_at, now.steady);
  EXPECT_EQ(sighting.seen_at_wall, now.wall);
}

TEST_F(CapturedFrame, ASetClockDoesNotBendDurations) {
  const Bytes bytes = test::make_v4({});
  for (const WallTime stamp : {now.wall + 1s, now.wall - 11s, WallTime{}}) {
    const Sighting sighting = sighting_of({.bytes = bytes, .received_at = stamp});
    EXPECT_EQ(sighting.seen_at, now.steady);
    EXPECT_EQ(sighting.seen_at_wall, stamp);
  }
}

TEST_F(CapturedFrame, PassesOnWhatIsWrongWithTheFrame) {
  Bytes cut = test::make_v4({});
  cut.resize(100);
  EXPECT_EQ(refusal_of(cut), CaptureRefusal{FrameFault::truncated});
  EXPECT_EQ(refusal_of(test::make_v4({.fragment = 0x2000})), CaptureRefusal{FrameFault::fragment});
  EXPECT_EQ(refusal_of(test::make_v4({.protocol = 6})), CaptureRefusal{FrameFault::not_udp});
  EXPECT_EQ(refusal_of(test::make_v4({.udp = {.payload_size = 149}})),
            CaptureRefusal{FrameFault::wrong_size});
  EXPECT_EQ(refusal_of(test::make_v4({.udp = {.first_word = {2}}})),
            CaptureRefusal{FrameFault::wrong_type});
  EXPECT_EQ(refusal_of({}), CaptureRefusal{FrameFault::truncated});
}

TEST_F(CapturedFrame, AtAPortThatIsNotWatchedItMayBeRedirected) {
  const Bytes packet = test::make_v4({});
  EXPECT_FALSE(std::get<Sighting>(read(packet)).is_redirected);
  watched_.remove(first_interface);
  EXPECT_TRUE(std::get<Sighting>(read(packet)).is_redirected);
}

TEST_F(CapturedFrame, RefusesSourcesThatNobodyCanAnswer) {
  const CaptureRefusal impossible{metrics::SightingDrop::impossible_source};
  const Bytes v4 = test::make_v4({});
  const Bytes v6 = test::make_v6({});
  EXPECT_EQ(refusal_of(test::make_v4({.udp = {.source_port = 0}})), impossible);
  EXPECT_EQ(refusal_of(with_source(v4, std::array<std::uint8_t, 4>{})), impossible);
  EXPECT_EQ(refusal_of(with_source(v4, std::array<std::uint8_t, 4>{224, 0, 0, 1})), impossible);
  EXPECT_EQ(refusal_of(with_source(v4, std::array<std::uint8_t, 4>{255, 255, 255, 255})),
            impossible);
  EXPECT_EQ(refusal_of(with_source(v6, std::array<std::uint8_t, 16>{})), impossible);
  EXPECT_EQ(refusal_of(with_source(v6, std::array<std::uint8_t, 16>{0xff, 2})), impossible);
}

TEST_F(CapturedFrame, LoopbackCountsOnlyOnItsDevice) {
  const Bytes v4 = with_source(test::make_v4({}), std::array<std::uint8_t, 4>{127, 0, 0, 1});
  EXPECT_TRUE(std::holds_alternative<Sighting>(read(v4, loopback_device)));
  EXPECT_EQ(refusal_of(v4, some_device), CaptureRefusal{metrics::SightingDrop::impossible_source});
}

} // namespace
} // namespace provisiond::events
