#include "events/unknown_peer_message.hpp"
#include "unit/events/unknown_peers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

namespace provisiond::events {
namespace {

using namespace std::chrono_literals;
using kernel::WgDialect;
using metrics::SightingDrop;
using test::amneziawg_attributes;
using test::amneziawg_peer;
using test::Attributes;
using test::ByteVector;
using test::initiation_bytes;
using test::notification;
using test::socket_address;
using test::wireguard_attributes;

constexpr InterfaceId wg_interface{3};
constexpr InterfaceId awg_interface{4};
constexpr std::uint32_t wg_index = 12;
constexpr std::uint32_t awg_index = 13;
constexpr std::uint16_t wg_family = 33;
constexpr std::uint16_t awg_family = 34;
const Instant now{TimePoint{1'000s}, WallTime{1'700'000'000s}};

PublicKey key_of(std::uint8_t fill) {
  PublicKey key;
  key.bytes.fill(fill);
  return key;
}

class ReadUnknownPeer : public testing::Test {
 protected:
  ReadUnknownPeer() {
    watched_.put({wg_interface, wg_index, 0},
                 {WgDialect::wireguard, {.name = "wireguard", .id = wg_family, .groups = {}}});
    watched_.put({awg_interface, awg_index, 0},
                 {WgDialect::amneziawg, {.name = "amneziawg", .id = awg_family, .groups = {}}});
  }

  [[nodiscard]] std::variant<Sighting, SightingDrop> read(std::uint16_t type,
                                                          const ByteVector& payload) const {
    return read_unknown_peer({.type = type, .flags = 0, .sequence = 0, .payload = payload},
                             watched_, now);
  }
  [[nodiscard]] Sighting sighting_of(std::uint16_t type, const Attributes& attributes) const {
    return std::get<Sighting>(read(type, notification(attributes)));
  }
  [[nodiscard]] SightingDrop drop_of(std::uint16_t type, const Attributes& attributes) const {
    return std::get<SightingDrop>(read(type, notification(attributes)));
  }

  WatchedFamilies watched_{4};
};

TEST_F(ReadUnknownPeer, WireguardGivesAWholeSighting) {
  const Sighting sighting = sighting_of(wg_family, wireguard_attributes(wg_index));
  EXPECT_EQ(sighting.interface, wg_interface);
  EXPECT_EQ(sighting.source.to_string(), "192.0.2.1:4242");
  EXPECT_EQ(sighting.local.to_string(), "198.51.100.1:51820");
  EXPECT_EQ(sighting.seen_at, now.steady);
  EXPECT_EQ(sighting.seen_at_wall, now.wall);
  EXPECT_EQ(sighting.seen_by, SourceKind::netlink);
  EXPECT_EQ(sighting.mac_state, MacState::mac1);
  ASSERT_TRUE(sighting.claimed);
  EXPECT_EQ(sighting.claimed->key, key_of(7));
  EXPECT_TRUE(sighting.has_initiation());
  EXPECT_TRUE(std::ranges::equal(sighting.initiation, initiation_bytes()));
}

TEST_F(ReadUnknownPeer, AmneziawgGivesAClaim) {
  const Sighting sighting =
      sighting_of(awg_family, amneziawg_attributes(awg_index, amneziawg_peer()));
  EXPECT_EQ(sighting.interface, awg_interface);
  EXPECT_EQ(sighting.seen_by, SourceKind::netlink);
  EXPECT_EQ(sighting.mac_state, MacState::mac1);
  ASSERT_TRUE(sighting.claimed);
  EXPECT_EQ(sighting.claimed->key, key_of(7));
  EXPECT_FALSE(sighting.has_initiation());
}

TEST_F(ReadUnknownPeer, ForeignAndMalformedMessagesAreNamed) {
  EXPECT_EQ(drop_of(wg_family + 9, wireguard_attributes(wg_index)), SightingDrop::malformed_event);
  EXPECT_EQ(drop_of(0, wireguard_attributes(wg_index)), SightingDrop::malformed_event);
  EXPECT_EQ(drop_of(awg_family, wireguard_attributes(awg_index)), SightingDrop::malformed_event);
  EXPECT_EQ(std::get<SightingDrop>(read(wg_family, {2, 1, 0})), SightingDrop::malformed_event);
}

TEST_F(ReadUnknownPeer, OtherInterfacesAreNamed) {
  EXPECT_EQ(drop_of(wg_family, wireguard_attributes(99)), SightingDrop::unwatched_interface);
  EXPECT_EQ(drop_of(wg_family, wireguard_attributes(awg_index)), SightingDrop::unwatched_interface)
      << "an index of the other family";
  watched_.remove(wg_interface);
  EXPECT_EQ(drop_of(wg_family, wireguard_attributes(wg_index)), SightingDrop::unwatched_interface);
}

TEST_F(ReadUnknownPeer, SourcesThatNobodyCanAnswerAreNamed) {
  Attributes attributes = wireguard_attributes(wg_index);
  for (const std::string_view source :
       {"192.0.2.1:0", "0.0.0.0:7", "224.0.0.1:7", "255.255.255.255:7"}) {
    attributes[4] = socket_address(source);
    EXPECT_EQ(drop_of(wg_family, attributes), SightingDrop::impossible_source) << source;
  }
  Attributes peer = amneziawg_peer();
  for (const std::string_view source : {"[::]:7", "[ff02::1]:7", "[2001:db8::1]:0"}) {
    peer[4] = socket_address(source);
    EXPECT_EQ(drop_of(awg_family, amneziawg_attributes(awg_index, peer)),
              SightingDrop::impossible_source)
        << source;
  }
}

TEST_F(ReadUnknownPeer, OnlyLinkLocalSourcesHaveAScope) {
  Attributes attributes = wireguard_attributes(wg_index);
  attributes[5] = socket_address("[2001:db8::2]:51820");
  attributes[4] = socket_address("[2001:db8::1]:7");
  attributes[4][24] = 2; // sin6_scope_id
  EXPECT_EQ(sighting_of(wg_family, attributes).source.scope, 0U);
  attributes[4] = socket_address("[fe80::1]:7");
  attributes[4][24] = 2;
  EXPECT_EQ(sighting_of(wg_family, attributes).source.scope, 2U);
}

TEST_F(ReadUnknownPeer, LoopbackIsASource) {
  Attributes attributes = wireguard_attributes(wg_index);
  attributes[4] = socket_address("127.0.0.1:7");
  EXPECT_EQ(sighting_of(wg_family, attributes).source.to_string(), "127.0.0.1:7");
}

} // namespace
} // namespace provisiond::events
