#include "kernel/packet_filter.hpp"
#include "unit/events/classic_bpf.hpp"
#include "unit/events/packets.hpp"

#include <gtest/gtest.h>
#include <linux/if_packet.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace provisiond {
namespace {

using test::Bytes;
using test::Extension;

constexpr kernel::DatagramPattern initiation{.udp_length = 156, .first_word = 0x0100'0000};
constexpr IpAddress::Family v4 = IpAddress::Family::v4;
constexpr IpAddress::Family v6 = IpAddress::Family::v6;
constexpr std::uint8_t hop_by_hop = 0;
constexpr std::uint8_t routing = 43;
constexpr std::uint8_t fragment = 44;
constexpr std::uint8_t destination_options = 60;
constexpr std::uint8_t authentication = 51;

// Watching 51820 (what the packets of packets.hpp go to) unless told otherwise.
bool passes(IpAddress::Family family, const Bytes& packet,
            const std::vector<std::uint16_t>& ports = {51'820}) {
  const std::vector<sock_filter> program = kernel::datagram_filter(family, initiation, ports);
  const std::uint32_t kept = test::run_classic_bpf(program, packet);
  EXPECT_TRUE(kept == 0 || kept >= packet.size()) << "cut to " << kept;
  return kept != 0;
}

bool passes_v6(const std::vector<Extension>& extensions) {
  return passes(v6, test::make_v6({.extensions = extensions}));
}

TEST(PacketFilter, PassesAnInitiationToTheWatchedPort) {
  EXPECT_TRUE(passes(v4, test::make_v4({})));
  EXPECT_TRUE(passes(v6, test::make_v6({})));
}

TEST(PacketFilter, PassesNothingWithoutPorts) {
  EXPECT_FALSE(passes(v4, test::make_v4({}), {}));
  EXPECT_FALSE(passes(v6, test::make_v6({}), {}));
}

TEST(PacketFilter, LooksOnlyAtPacketsForThisHost) {
  const std::vector<std::uint16_t> ports{51'820};
  for (const std::uint32_t type :
       {PACKET_BROADCAST, PACKET_MULTICAST, PACKET_OTHERHOST, PACKET_OUTGOING}) {
    EXPECT_EQ(test::run_classic_bpf(kernel::datagram_filter(v4, initiation, ports),
                                    test::make_v4({}), {type}),
              0U);
    EXPECT_EQ(test::run_classic_bpf(kernel::datagram_filter(v6, initiation, ports),
                                    test::make_v6({}), {type}),
              0U);
  }
}

TEST(PacketFilter, TellsPortsApart) {
  const std::vector<std::uint16_t> ports{1, 51'820, 65'535};
  for (const std::uint16_t port : ports) {
    EXPECT_TRUE(passes(v4, test::make_v4({.udp = {.destination_port = port}}), ports)) << port;
    EXPECT_TRUE(passes(v6, test::make_v6({.udp = {.destination_port = port}}), ports)) << port;
  }
  for (const std::uint16_t port : std::vector<std::uint16_t>{0, 2, 51'819, 51'821, 65'534}) {
    EXPECT_FALSE(passes(v4, test::make_v4({.udp = {.destination_port = port}}), ports)) << port;
    EXPECT_FALSE(passes(v6, test::make_v6({.udp = {.destination_port = port}}), ports)) << port;
  }
}

TEST(PacketFilter, TheSourcePortDoesNotCount) {
  EXPECT_FALSE(
      passes(v4, test::make_v4({.udp = {.source_port = 51'820, .destination_port = 40'000}})));
}

TEST(PacketFilter, TakesTheMaximumOfPortsAndIgnoresMore) {
  std::vector<std::uint16_t> ports;
  for (std::size_t i = 0; i <= kernel::maximum_filter_ports; ++i) {
    ports.push_back(static_cast<std::uint16_t>(1'000 + i));
  }
  const std::uint16_t one_too_many = ports.back();
  for (const std::uint16_t port : ports) {
    const bool expected = port != one_too_many;
    EXPECT_EQ(passes(v4, test::make_v4({.udp = {.destination_port = port}}), ports), expected);
    EXPECT_EQ(passes(v6, test::make_v6({.udp = {.destination_port = port}}), ports), expected);
  }
}

TEST(PacketFilter, FitsWhatTheKernelAccepts) {
  const std::vector<std::uint16_t> ports(kernel::maximum_filter_ports, 1);
  EXPECT_LT(kernel::datagram_filter(v4, initiation, ports).size(), 100 + ports.size());
  EXPECT_LT(kernel::datagram_filter(v6, initiation, ports).size(), 100 + ports.size());
}

TEST(PacketFilter, RefusesOtherLengthsAndTypes) {
  for (const std::size_t size : std::vector<std::size_t>{0, 32, 92, 147, 149, 1'280}) {
    EXPECT_FALSE(passes(v4, test::make_v4({.udp = {.payload_size = size}}))) << size;
    EXPECT_FALSE(passes(v6, test::make_v6({.udp = {.payload_size = size}}))) << size;
  }
  const std::vector<std::array<std::uint8_t, 4>> words{
      {2, 0, 0, 0}, {4, 0, 0, 0}, {0, 0, 0, 1}, {1, 0, 0, 1}, {1, 1, 0, 0}};
  for (const std::array<std::uint8_t, 4>& word : words) {
    EXPECT_FALSE(passes(v4, test::make_v4({.udp = {.first_word = word}})));
    EXPECT_FALSE(passes(v6, test::make_v6({.udp = {.first_word = word}})));
  }
}

TEST(PacketFilter, RefusesOtherProtocols) {
  for (const std::uint8_t protocol : std::vector<std::uint8_t>{1, 6, 50, 136}) {
    EXPECT_FALSE(passes(v4, test::make_v4({.protocol = protocol})));
    EXPECT_FALSE(passes(v6, test::make_v6({.protocol = protocol})));
  }
}

TEST(PacketFilter, StepsOverV4Options) {
  for (std::size_t options = 4; options <= 40; options += 4) {
    EXPECT_TRUE(passes(v4, test::make_v4({.options = options}))) << options;
    EXPECT_FALSE(passes(v4, test::make_v4({.udp = {.destination_port = 9}, .options = options})));
  }
}

TEST(PacketFilter, DropsLaterV4FragmentsAndLeavesTheFirstToUserSpace) {
  constexpr std::uint16_t more_fragments = 0x2000;
  constexpr std::uint16_t do_not_fragment = 0x4000;
  EXPECT_FALSE(passes(v4, test::make_v4({.fragment = 1})));
  EXPECT_FALSE(passes(v4, test::make_v4({.fragment = 0x1fff})));
  EXPECT_FALSE(passes(v4, test::make_v4({.fragment = more_fragments | 185})));
  EXPECT_TRUE(passes(v4, test::make_v4({.fragment = more_fragments})));
  EXPECT_TRUE(passes(v4, test::make_v4({.fragment = do_not_fragment})));
}

TEST(PacketFilter, StepsOverV6Extensions) {
  for (const std::uint8_t type : {hop_by_hop, routing, destination_options}) {
    for (const std::size_t size : std::vector<std::size_t>{8, 16, 64, 256}) {
      EXPECT_TRUE(passes_v6({{.type = type, .size = size}})) << int{type} << " " << size;
    }
  }
  EXPECT_TRUE(passes_v6({{.type = hop_by_hop},
                         {.type = destination_options, .size = 24},
                         {.type = routing},
                         {.type = destination_options}}));
}

TEST(PacketFilter, JudgesTheDatagramBehindV6Extensions) {
  const std::vector<Extension> extensions{{.type = hop_by_hop, .size = 16},
                                          {.type = destination_options}};
  EXPECT_FALSE(
      passes(v6, test::make_v6({.udp = {.destination_port = 9}, .extensions = extensions})));
  EXPECT_FALSE(passes(v6, test::make_v6({.udp = {.payload_size = 147}, .extensions = extensions})));
  EXPECT_FALSE(passes(v6, test::make_v6({.udp = {.first_word = {4}}, .extensions = extensions})));
  EXPECT_FALSE(passes(v6, test::make_v6({.extensions = extensions, .protocol = 6})));
}

TEST(PacketFilter, DropsOtherV6Extensions) {
  EXPECT_FALSE(passes_v6({{.type = authentication}}));
  EXPECT_FALSE(passes_v6({{.type = hop_by_hop}, {.type = authentication}}));
}

TEST(PacketFilter, DropsLaterV6FragmentsAndLeavesTheFirstToUserSpace) {
  constexpr std::uint16_t more_fragments = 1;
  EXPECT_TRUE(passes_v6({{.type = fragment}}));
  EXPECT_TRUE(passes_v6({{.type = fragment, .second_word = more_fragments}}));
  EXPECT_TRUE(passes_v6({{.type = hop_by_hop}, {.type = fragment}}));
  EXPECT_FALSE(passes_v6({{.type = fragment, .second_word = 8}}));
  EXPECT_FALSE(passes_v6({{.type = fragment, .second_word = 0xfff8 | more_fragments}}));
  EXPECT_FALSE(passes_v6({{.type = hop_by_hop}, {.type = fragment, .second_word = 8}}));
}

TEST(PacketFilter, LeavesLongV6ChainsToUserSpaceWithinBounds) {
  const std::vector<Extension> chain(kernel::maximum_filter_extensions + 1,
                                     Extension{.type = destination_options});
  EXPECT_TRUE(passes_v6(chain));

  const auto with_payload_length = [&](std::uint16_t length) {
    Bytes packet = test::make_v6({.extensions = chain});
    packet[4] = static_cast<std::uint8_t>(length >> 8);
    packet[5] = static_cast<std::uint8_t>(length);
    return packet;
  };
  EXPECT_FALSE(passes(v6, with_payload_length(155)));
  EXPECT_TRUE(passes(v6, with_payload_length(156)));
  EXPECT_TRUE(passes(v6, with_payload_length(1'240)));
  EXPECT_FALSE(passes(v6, with_payload_length(1'241)));
}

TEST(PacketFilter, RefusesWhatEndsBeforeTheTypeWord) {
  const Bytes v4_packet = test::make_v4({.options = 8});
  const Bytes v6_packet = test::make_v6({.extensions = {{.type = hop_by_hop}}});
  const std::size_t v4_judged = 20 + 8 + 8 + 4;
  const std::size_t v6_judged = 40 + 8 + 8 + 4;
  for (std::size_t size = 0; size < v4_judged; ++size) {
    EXPECT_FALSE(passes(v4, Bytes(v4_packet.begin(), v4_packet.begin() + size))) << size;
  }
  for (std::size_t size = 0; size < v6_judged; ++size) {
    EXPECT_FALSE(passes(v6, Bytes(v6_packet.begin(), v6_packet.begin() + size))) << size;
  }
}

} // namespace
} // namespace provisiond
