#include "events/unknown_peer_message.hpp"
#include "unit/events/unknown_peers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

namespace provisiond::events {
namespace {

using kernel::WgDialect;
using test::amneziawg_attributes;
using test::amneziawg_peer;
using test::attribute;
using test::Attributes;
using test::ByteVector;
using test::generic_header;
using test::initiation_bytes;
using test::joined;
using test::notification;
using test::raw;
using test::socket_address;
using test::wireguard_attributes;

constexpr std::uint32_t wg_index = 12;
constexpr std::uint32_t awg_index = 13;
constexpr std::uint16_t wg_family = 33;

PublicKey key_of(std::uint8_t fill) {
  PublicKey key;
  key.bytes.fill(fill);
  return key;
}

std::optional<UnknownPeer> parse(WgDialect dialect, const ByteVector& payload) {
  return parse_unknown_peer(dialect,
                            {.type = wg_family, .flags = 0, .sequence = 0, .payload = payload});
}

std::optional<UnknownPeer> parse_wireguard(const Attributes& attributes) {
  return parse(WgDialect::wireguard, notification(attributes));
}

std::optional<UnknownPeer> parse_amneziawg(const Attributes& peer) {
  return parse(WgDialect::amneziawg, notification(amneziawg_attributes(awg_index, peer)));
}

ByteVector first_bytes(const ByteVector& whole, std::size_t length) {
  return {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)};
}

TEST(ParseUnknownPeer, WireguardTellsEverything) {
  const std::optional<UnknownPeer> peer = parse_wireguard(wireguard_attributes(wg_index));
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->ifindex, wg_index);
  EXPECT_EQ(peer->key, key_of(7));
  EXPECT_EQ(peer->source.to_string(), "192.0.2.1:4242");
  EXPECT_EQ(peer->local.to_string(), "198.51.100.1:51820");
  EXPECT_EQ(peer->mac_state, MacState::mac1);
  EXPECT_TRUE(std::ranges::equal(peer->initiation, initiation_bytes()));
}

TEST(ParseUnknownPeer, AmneziawgTellsAClaim) {
  const std::optional<UnknownPeer> peer = parse_amneziawg(amneziawg_peer());
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->ifindex, awg_index);
  EXPECT_EQ(peer->key, key_of(7));
  EXPECT_EQ(peer->source.to_string(), "192.0.2.1:4242");
  EXPECT_EQ(peer->local, Endpoint{});
  EXPECT_EQ(peer->mac_state, MacState::mac1);
  EXPECT_EQ(peer->initiation, InitiationBytes{});
}

TEST(ParseUnknownPeer, EndpointsOverIpv6KeepTheirScope) {
  Attributes attributes = wireguard_attributes(wg_index);
  attributes[4] = socket_address("[fe80::1]:7");
  attributes[4][24] = 2; // sin6_scope_id
  attributes[5] = socket_address("[fe80::2]:51820");
  const std::optional<UnknownPeer> peer = parse_wireguard(attributes);
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->source.to_string(), "[fe80::1]:7");
  EXPECT_EQ(peer->source.scope, 2U);

  Attributes claim = amneziawg_peer();
  claim[4] = socket_address("[2001:db8::1]:7");
  ASSERT_TRUE(parse_amneziawg(claim));
  EXPECT_EQ(parse_amneziawg(claim)->source.to_string(), "[2001:db8::1]:7");
}

TEST(ParseUnknownPeer, MacStateIsOneOfTwo) {
  Attributes attributes = wireguard_attributes(wg_index);
  attributes[6] = {3};
  ASSERT_TRUE(parse_wireguard(attributes));
  EXPECT_EQ(parse_wireguard(attributes)->mac_state, MacState::mac1_and_mac2);
  for (unsigned state = 0; state < 256; ++state) {
    attributes[6] = {static_cast<std::uint8_t>(state)};
    EXPECT_EQ(parse_wireguard(attributes).has_value(), state == 1 || state == 3) << state;
  }
}

TEST(ParseUnknownPeer, InitiationHasItsSizeAndType) {
  Attributes attributes = wireguard_attributes(wg_index);
  for (const std::size_t size : {std::size_t{0}, std::size_t{147}, std::size_t{149}}) {
    attributes[7] = initiation_bytes();
    attributes[7].resize(size);
    EXPECT_FALSE(parse_wireguard(attributes)) << size;
  }
  for (const std::size_t reserved_or_type : {0U, 1U, 2U, 3U}) {
    attributes[7] = initiation_bytes();
    attributes[7][reserved_or_type] = 2;
    EXPECT_FALSE(parse_wireguard(attributes)) << reserved_or_type;
  }
}

// Every promised attribute: missing, one byte short, one byte long, empty, twice.
TEST(ParseUnknownPeer, WireguardPromisesEveryAttributeOnceAndInItsSize) {
  const Attributes good = wireguard_attributes(wg_index);
  for (const std::uint16_t type : std::array<std::uint16_t, 6>{1, 3, 4, 5, 6, 7}) {
    Attributes attributes = good;
    attributes.erase(type);
    EXPECT_FALSE(parse_wireguard(attributes)) << type;
    for (const std::size_t size :
         {good.at(type).size() - 1, good.at(type).size() + 1, std::size_t{0}}) {
      attributes[type] = good.at(type);
      attributes[type].resize(size);
      EXPECT_FALSE(parse_wireguard(attributes)) << type << " of " << size;
    }
    const ByteVector twice = notification(good) + attribute(type, good.at(type));
    EXPECT_FALSE(parse(WgDialect::wireguard, twice)) << type;
  }
}

TEST(ParseUnknownPeer, AmneziawgPromisesEveryAttributeOnceAndInItsSize) {
  const Attributes good = amneziawg_peer();
  for (const std::uint16_t type : std::array<std::uint16_t, 2>{1, 4}) {
    Attributes peer = good;
    peer.erase(type);
    EXPECT_FALSE(parse_amneziawg(peer)) << type;
    for (const std::size_t size :
         {good.at(type).size() - 1, good.at(type).size() + 1, std::size_t{0}}) {
      peer[type] = good.at(type);
      peer[type].resize(size);
      EXPECT_FALSE(parse_amneziawg(peer)) << type << " of " << size;
    }
    const ByteVector nest = joined(good) + attribute(type, good.at(type));
    EXPECT_FALSE(parse(WgDialect::amneziawg,
                       generic_header(2) + attribute(1, raw(awg_index)) + attribute(18, nest)));
  }
  const ByteVector nest = attribute(18, joined(good));
  EXPECT_FALSE(parse(WgDialect::amneziawg, generic_header(2) + nest)) << "no index";
  EXPECT_FALSE(parse(WgDialect::amneziawg, generic_header(2) + attribute(1, raw(awg_index))));
  EXPECT_FALSE(
      parse(WgDialect::amneziawg, generic_header(2) + attribute(1, raw(awg_index)) + nest + nest));
}

TEST(ParseUnknownPeer, EndpointsAreIpv4OrIpv6AndOfOneFamily) {
  Attributes attributes = wireguard_attributes(wg_index);
  attributes[4][0] = 10; // AF_INET6 in the size of AF_INET
  EXPECT_FALSE(parse_wireguard(attributes));
  attributes[4] = socket_address("[2001:db8::1]:7");
  EXPECT_FALSE(parse_wireguard(attributes)) << "sent to an IPv4 address";
  attributes[4][0] = 2; // AF_INET in the size of AF_INET6
  EXPECT_FALSE(parse_wireguard(attributes));
  attributes[4] = socket_address("192.0.2.1:4242");
  attributes[4][0] = 1; // AF_UNIX
  EXPECT_FALSE(parse_wireguard(attributes));
}

TEST(ParseUnknownPeer, UnknownAttributesArePassedOver) {
  Attributes attributes = wireguard_attributes(wg_index);
  attributes[8] = ByteVector(500, 1);
  attributes[0] = {};
  attributes.erase(2); // the name says nothing that the index does not
  EXPECT_TRUE(parse_wireguard(attributes));
  Attributes peer = amneziawg_peer();
  peer.erase(11);
  peer[12] = ByteVector(9, 1);
  EXPECT_TRUE(parse_amneziawg(peer));
}

TEST(ParseUnknownPeer, OtherCommandsAreForeign) {
  const ByteVector attributes = joined(wireguard_attributes(wg_index));
  for (const std::uint8_t command : std::array<std::uint8_t, 4>{0, 1, 3, 255})
    EXPECT_FALSE(parse(WgDialect::wireguard, generic_header(command) + attributes));
}

TEST(ParseUnknownPeer, DialectsAreNotMistakenForEachOther) {
  EXPECT_FALSE(parse(WgDialect::amneziawg, notification(wireguard_attributes(wg_index))));
  EXPECT_FALSE(
      parse(WgDialect::wireguard, notification(amneziawg_attributes(awg_index, amneziawg_peer()))));
}

// Cut at every length it is malformed, and damaged it is read within bounds (the sanitizer presets
// would tell).
TEST(ParseUnknownPeer, SurvivesTruncationAndDamage) {
  const std::array<std::pair<WgDialect, ByteVector>, 2> cases{
      {{WgDialect::wireguard, notification(wireguard_attributes(wg_index))},
       {WgDialect::amneziawg, notification(amneziawg_attributes(awg_index, amneziawg_peer()))}}};
  std::minstd_rand random{1};
  for (const auto& [dialect, whole] : cases) {
    ASSERT_TRUE(parse(dialect, whole));
    for (std::size_t length = 0; length < whole.size(); ++length)
      EXPECT_FALSE(parse(dialect, first_bytes(whole, length))) << length;
    for (int round = 0; round < 20'000; ++round) {
      ByteVector damaged = whole;
      for (int count = 0; count < 3; ++count)
        damaged[random() % damaged.size()] = static_cast<std::uint8_t>(random());
      static_cast<void>(parse(dialect, damaged));
    }
  }
}

} // namespace
} // namespace provisiond::events
