#include "wire/bytes.hpp"
#include "wire/frame.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>
#include <string_view>

namespace provisiond::wire {
namespace {

using Packet = std::vector<std::uint8_t>;

constexpr std::size_t ipv4_size = 20;
constexpr std::size_t ipv6_size = 40;

Packet payload_of(std::size_t size) {
  Packet payload(size);
  std::iota(payload.begin(), payload.end(), std::uint8_t{0});
  return payload;
}

Packet ipv4_packet(const Packet& payload = payload_of(148)) {
  return build_udp_packet(Endpoint::parse("192.0.2.1:1000").value(),
                          Endpoint::parse("198.51.100.2:51820").value(), payload)
      .value();
}

Packet ipv6_packet(const Packet& payload = payload_of(148)) {
  return build_udp_packet(Endpoint::parse("[2001:db8::1]:1000").value(),
                          Endpoint::parse("[2001:db8::2]:51820").value(), payload)
      .value();
}

void set_be16(Packet& packet, std::size_t offset, std::size_t value) {
  store_be(std::span{packet}.subspan(offset, 2), value);
}

// An extension header of the common layout, `size` bytes long; the first byte is filled in later.
Packet extension(std::size_t size = 8) {
  Packet header(size);
  header[1] = static_cast<std::uint8_t>(size / 8 - 1);
  return header;
}

struct Extension {
  std::uint8_t type;
  Packet header = extension();
};

// The packet with the extensions between its IPv6 header and its UDP header.
Packet ipv6_packet_with(const std::vector<Extension>& extensions) {
  Packet packet = ipv6_packet();
  std::size_t next_header_at = 6;
  std::size_t end = ipv6_size;
  for (const Extension& each : extensions) {
    packet.insert(packet.begin() + static_cast<std::ptrdiff_t>(end), each.header.begin(),
                  each.header.end());
    packet[end] = packet[next_header_at]; // UDP moves down the chain
    packet[next_header_at] = each.type;
    next_header_at = end;
    end += each.header.size();
  }
  set_be16(packet, 4, packet.size() - ipv6_size);
  return packet;
}

std::optional<FrameFault> fault_of(const Packet& packet) {
  const std::variant<UdpDatagram, FrameFault> parsed = parse_ip_packet(packet);
  if (const FrameFault* fault = std::get_if<FrameFault>(&parsed)) return *fault;
  return std::nullopt;
}

UdpDatagram datagram_of(const Packet& packet) {
  return std::get<UdpDatagram>(parse_ip_packet(packet));
}

TEST(ParseIpPacket, TakesIpv4Apart) {
  const Packet packet = ipv4_packet();
  const UdpDatagram datagram = datagram_of(packet);
  EXPECT_EQ(datagram.source.to_string(), "192.0.2.1:1000");
  EXPECT_EQ(datagram.destination.to_string(), "198.51.100.2:51820");
  EXPECT_TRUE(std::ranges::equal(datagram.payload, payload_of(148)));
}

TEST(ParseIpPacket, TakesIpv6Apart) {
  const Packet packet = ipv6_packet();
  const UdpDatagram datagram = datagram_of(packet);
  EXPECT_EQ(datagram.source.to_string(), "[2001:db8::1]:1000");
  EXPECT_EQ(datagram.destination.to_string(), "[2001:db8::2]:51820");
  EXPECT_TRUE(std::ranges::equal(datagram.payload, payload_of(148)));
}

TEST(ParseIpPacket, StepsOverIpv4Options) {
  for (std::size_t words = 1; words <= 10; ++words) {
    Packet packet = ipv4_packet();
    packet.insert(packet.begin() + ipv4_size, words * 4, std::uint8_t{1}); // no-operation
    packet[0] = static_cast<std::uint8_t>(0x45 + words);
    set_be16(packet, 2, packet.size());
    ASSERT_FALSE(fault_of(packet).has_value()) << words;
    EXPECT_TRUE(std::ranges::equal(datagram_of(packet).payload, payload_of(148))) << words;
  }
}

TEST(ParseIpPacket, StepsOverIpv6Extensions) {
  const Packet packet = ipv6_packet_with({{.type = IPPROTO_HOPOPTS},
                                          {.type = IPPROTO_DSTOPTS, .header = extension(24)},
                                          {.type = IPPROTO_ROUTING, .header = extension(8)}});
  ASSERT_FALSE(fault_of(packet).has_value());
  EXPECT_TRUE(std::ranges::equal(datagram_of(packet).payload, payload_of(148)));
}

TEST(ParseIpPacket, IgnoresLinkPadding) {
  for (Packet packet : {ipv4_packet(payload_of(4)), ipv6_packet(payload_of(4))}) {
    packet.resize(packet.size() + 18);
    ASSERT_FALSE(fault_of(packet).has_value());
    EXPECT_EQ(datagram_of(packet).payload.size(), 4U);
  }
}

TEST(ParseIpPacket, AnEmptyPayloadIsADatagram) {
  EXPECT_TRUE(datagram_of(ipv4_packet({})).payload.empty());
  EXPECT_TRUE(datagram_of(ipv6_packet({})).payload.empty());
}

TEST(FrameFault, TruncatedWhereverThePacketIsCut) {
  const Packet with_extension = ipv6_packet_with({{.type = IPPROTO_HOPOPTS}});
  for (const Packet& whole : {ipv4_packet(), ipv6_packet(), with_extension}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const Packet cut{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)};
      EXPECT_EQ(fault_of(cut), FrameFault::truncated) << size << " of " << whole.size();
    }
  }
}

TEST(FrameFault, TruncatedWhenIpLeavesNoRoomForUdp) {
  Packet v4 = ipv4_packet({});
  set_be16(v4, 2, ipv4_size + 7);
  EXPECT_EQ(fault_of(v4), FrameFault::truncated);
  Packet v6 = ipv6_packet({});
  set_be16(v6, 4, 7);
  EXPECT_EQ(fault_of(v6), FrameFault::truncated);
}

TEST(FrameFault, TruncatedWhenAnExtensionRunsOverTheEnd) {
  Packet packet = ipv6_packet_with({{.type = IPPROTO_DSTOPTS}});
  packet[ipv6_size + 1] = 255; // 2,048 bytes
  EXPECT_EQ(fault_of(packet), FrameFault::truncated);
}

TEST(FrameFault, NotIp) {
  for (const unsigned version : {0U, 1U, 5U, 7U, 15U}) {
    Packet packet = ipv4_packet();
    packet[0] = static_cast<std::uint8_t>(version << 4U | 5U);
    EXPECT_EQ(fault_of(packet), FrameFault::not_ip) << version;
  }
}

TEST(FrameFault, BadHeaderLengthOfIpv4) {
  Packet packet = ipv4_packet();
  packet[0] = 0x44; // four words, one too few
  EXPECT_EQ(fault_of(packet), FrameFault::bad_header_length);
}

TEST(FrameFault, BadHeaderLengthWhenIpv4IsShorterThanItsHeader) {
  Packet packet = ipv4_packet();
  set_be16(packet, 2, ipv4_size - 1);
  EXPECT_EQ(fault_of(packet), FrameFault::bad_header_length);
}

TEST(FrameFault, BadHeaderLengthOfUdp) {
  Packet packet = ipv4_packet();
  set_be16(packet, ipv4_size + 4, 7);
  EXPECT_EQ(fault_of(packet), FrameFault::bad_header_length);
}

TEST(FrameFault, FragmentOfIpv4) {
  Packet first = ipv4_packet();
  set_be16(first, 6, 0x2000); // more fragments
  EXPECT_EQ(fault_of(first), FrameFault::fragment);
  Packet last = ipv4_packet();
  set_be16(last, 6, 0x0001); // at eight bytes
  EXPECT_EQ(fault_of(last), FrameFault::fragment);
}

TEST(FrameFault, FragmentOfIpv6) {
  EXPECT_EQ(fault_of(ipv6_packet_with({{.type = IPPROTO_FRAGMENT}})), FrameFault::fragment);
  EXPECT_EQ(fault_of(ipv6_packet_with({{.type = IPPROTO_HOPOPTS}, {.type = IPPROTO_FRAGMENT}})),
            FrameFault::fragment);
}

TEST(FrameFault, ExtensionUnsupportedForEachThatHidesTheRest) {
  for (const int type : {int{IPPROTO_ESP}, int{IPPROTO_AH}, int{IPPROTO_MH}, 139, 140, 253, 254}) {
    const Packet packet = ipv6_packet_with({{.type = static_cast<std::uint8_t>(type)}});
    EXPECT_EQ(fault_of(packet), FrameFault::extension_unsupported) << type;
  }
}

TEST(FrameFault, ExtensionUnsupportedForARouteNotAtItsEnd) {
  Packet route = extension();
  route[3] = 1; // segments left
  EXPECT_EQ(fault_of(ipv6_packet_with({{.type = IPPROTO_ROUTING, .header = route}})),
            FrameFault::extension_unsupported);
}

TEST(FrameFault, ExtensionUnsupportedBeyondTheMaximum) {
  std::vector<Extension> extensions(maximum_extension_headers, {.type = IPPROTO_DSTOPTS});
  EXPECT_FALSE(fault_of(ipv6_packet_with(extensions)).has_value());
  extensions.push_back({.type = IPPROTO_DSTOPTS});
  EXPECT_EQ(fault_of(ipv6_packet_with(extensions)), FrameFault::extension_unsupported);
}

TEST(FrameFault, NotUdp) {
  for (const int protocol : {int{IPPROTO_TCP}, int{IPPROTO_ICMP}, int{IPPROTO_NONE}}) {
    Packet v4 = ipv4_packet();
    v4[9] = static_cast<std::uint8_t>(protocol);
    EXPECT_EQ(fault_of(v4), FrameFault::not_udp) << protocol;
    Packet v6 = ipv6_packet();
    v6[6] = static_cast<std::uint8_t>(protocol);
    EXPECT_EQ(fault_of(v6), FrameFault::not_udp) << protocol;
  }
}

TEST(FrameFault, LengthMismatch) {
  for (const std::size_t length : {8U + 147U, 8U + 149U, 65'535U}) {
    Packet packet = ipv4_packet();
    set_be16(packet, ipv4_size + 4, length);
    EXPECT_EQ(fault_of(packet), FrameFault::length_mismatch) << length;
  }
}

TEST(ParseInitiation, TakesAnInitiation) {
  Packet payload(148);
  payload[0] = 1;
  const Packet packet = ipv4_packet(payload);
  const std::variant<InitiationView, FrameFault> parsed = parse_initiation(datagram_of(packet));
  ASSERT_TRUE(std::holds_alternative<InitiationView>(parsed));
  EXPECT_TRUE(std::ranges::equal(std::get<InitiationView>(parsed).bytes(), payload));
}

TEST(FrameFault, WrongSize) {
  for (const std::size_t size : {0U, 64U, 92U, 147U, 149U}) {
    Packet payload(size);
    if (size > 0) payload[0] = 1;
    const Packet packet = ipv4_packet(payload);
    const std::variant<InitiationView, FrameFault> parsed = parse_initiation(datagram_of(packet));
    ASSERT_TRUE(std::holds_alternative<FrameFault>(parsed)) << size;
    EXPECT_EQ(std::get<FrameFault>(parsed), FrameFault::wrong_size) << size;
  }
}

TEST(FrameFault, WrongType) {
  Packet payload(148);
  payload[0] = 4;
  const Packet packet = ipv4_packet(payload);
  const std::variant<InitiationView, FrameFault> parsed = parse_initiation(datagram_of(packet));
  ASSERT_TRUE(std::holds_alternative<FrameFault>(parsed));
  EXPECT_EQ(std::get<FrameFault>(parsed), FrameFault::wrong_type);
}

TEST(FrameFault, EachHasANameOfItsOwn) {
  const std::set<std::string_view> names{frame_fault_names.begin(), frame_fault_names.end()};
  EXPECT_EQ(names.size(), frame_fault_names.size());
  EXPECT_EQ(to_string(FrameFault::truncated), "truncated");
  EXPECT_EQ(to_string(FrameFault::extension_unsupported), "extension_unsupported");
  EXPECT_EQ(to_string(FrameFault::wrong_type), "wrong_type");
}

} // namespace
} // namespace provisiond::wire
