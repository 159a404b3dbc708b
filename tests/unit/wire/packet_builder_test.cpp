#include "wire/bytes.hpp"
#include "wire/frame.hpp"

#include <gtest/gtest.h>

#include <array>

namespace provisiond::wire {
namespace {

using Packet = std::vector<std::uint8_t>;

Endpoint endpoint(const char* text) {
  return Endpoint::parse(text).value();
}

// The sum of the 16-bit words at `bytes`, an odd last byte padded with zero.
std::uint32_t sum_of_words(std::span<const std::uint8_t> bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    const std::uint8_t low = i + 1 < bytes.size() ? bytes[i + 1] : std::uint8_t{0};
    sum += load_be16(std::array<std::uint8_t, 2>{bytes[i], low});
  }
  return sum;
}

// What a receiver does (RFC 768, RFC 8200 section 8.1): everything, checksum included, adds up to
// all ones.
bool has_valid_udp_checksum(const Packet& packet) {
  const bool is_v4 = packet[0] >> 4U == 4;
  const std::span<const std::uint8_t> bytes{packet};
  const std::span<const std::uint8_t> addresses =
      is_v4 ? bytes.subspan(12, 8) : bytes.subspan(8, 32);
  const std::span<const std::uint8_t> udp = bytes.subspan(is_v4 ? 20 : 40);
  std::uint32_t sum =
      sum_of_words(addresses) + sum_of_words(udp) + 17U + static_cast<std::uint32_t>(udp.size());
  while (sum > 0xffff) {
    sum = (sum & 0xffff) + (sum >> 16U);
  }
  return sum == 0xffff;
}

std::uint16_t udp_checksum(const Packet& packet) {
  const std::size_t udp = packet[0] >> 4U == 4 ? 20 : 40;
  return load_be16(std::span{packet}.subspan(udp + 6).first<2>());
}

TEST(BuildUdpPacket, WritesAKnownIpv4Header) {
  const Packet packet =
      build_udp_packet(endpoint("192.168.0.1:1"), endpoint("192.168.0.199:2"), Packet(87)).value();
  const std::array<std::uint8_t, 20> expected{0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40,
                                              0x00, 0x40, 0x11, 0xb8, 0x61, 0xc0, 0xa8,
                                              0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};
  EXPECT_TRUE(std::ranges::equal(std::span{packet}.first(20), expected));
  EXPECT_EQ(packet.size(), 115U);
}

TEST(BuildUdpPacket, WritesAnIpv6Header) {
  const Packet packet =
      build_udp_packet(endpoint("[2001:db8::1]:1"), endpoint("[2001:db8::2]:2"), Packet(3)).value();
  const std::array<std::uint8_t, 8> expected{0x60, 0, 0, 0, 0, 11, 17, 64};
  EXPECT_TRUE(std::ranges::equal(std::span{packet}.first(8), expected));
  EXPECT_EQ(packet.size(), 51U);
}

TEST(BuildUdpPacket, ChecksumsHoldForEveryParity) {
  for (const std::size_t size : {0U, 1U, 2U, 147U, 148U, 1'400U}) {
    Packet payload(size, 0xfe);
    EXPECT_TRUE(has_valid_udp_checksum(
        build_udp_packet(endpoint("192.0.2.1:1000"), endpoint("198.51.100.2:51820"), payload)
            .value()))
        << size;
    EXPECT_TRUE(has_valid_udp_checksum(
        build_udp_packet(endpoint("[2001:db8::1]:1000"), endpoint("[2001:db8::2]:51820"), payload)
            .value()))
        << size;
  }
}

TEST(BuildUdpPacket, AChecksumOfZeroIsWrittenAsAllOnes) {
  const Endpoint source = endpoint("[2001:db8::1]:1000");
  const Endpoint destination = endpoint("[2001:db8::2]:51820");
  Packet payload(2);
  // The payload that completes the sum to all ones is the checksum that stood there without it.
  const std::uint16_t missing =
      udp_checksum(build_udp_packet(source, destination, payload).value());
  store_be(payload, missing);
  const Packet packet = build_udp_packet(source, destination, payload).value();
  EXPECT_EQ(udp_checksum(packet), 0xffff);
  EXPECT_TRUE(has_valid_udp_checksum(packet));
}

TEST(BuildUdpPacket, TakesTheLargestPayloadAndNoLarger) {
  const Endpoint v4 = endpoint("192.0.2.1:1");
  const Endpoint v6 = endpoint("[2001:db8::1]:1");
  EXPECT_EQ(build_udp_packet(v4, v4, Packet(65'507, 0xff)).value().size(), 65'535U);
  EXPECT_TRUE(has_valid_udp_checksum(build_udp_packet(v4, v4, Packet(65'507, 0xff)).value()));
  EXPECT_FALSE(build_udp_packet(v4, v4, Packet(65'508)).has_value());
  EXPECT_TRUE(has_valid_udp_checksum(build_udp_packet(v6, v6, Packet(65'527, 0xff)).value()));
  EXPECT_FALSE(build_udp_packet(v6, v6, Packet(65'528)).has_value());
}

TEST(BuildUdpPacket, RefusesTwoFamilies) {
  const Result<Packet> packet =
      build_udp_packet(endpoint("192.0.2.1:1"), endpoint("[2001:db8::1]:1"), Packet(1));
  ASSERT_FALSE(packet.has_value());
  EXPECT_EQ(packet.error().message(),
            "build packet: source and destination are of different address families");
}

} // namespace
} // namespace provisiond::wire
