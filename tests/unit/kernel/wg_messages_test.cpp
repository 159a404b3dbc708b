#include "kernel/netlink_message.hpp"
#include "kernel/wg_messages.hpp"
#include "support/netlink_bytes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/wireguard.h>

namespace provisiond::kernel {
namespace {

using test::attributes;
using test::ByteVector;
using test::raw;
using testing::ElementsAre;
using testing::Pair;

using AttributeList = std::vector<std::pair<std::uint16_t, ByteVector>>;

constexpr WgTarget target{.family = 33, .ifindex = 5};
constexpr std::uint16_t nested = NLA_F_NESTED;

PublicKey key_of(std::uint8_t fill) {
  PublicKey key;
  key.bytes.fill(fill);
  return key;
}

ByteVector bytes_of(std::uint8_t fill) {
  return ByteVector(32, fill);
}

struct Encoded {
  std::uint16_t type = 0;
  std::uint16_t flags = 0;
  std::uint32_t sequence = 0;
  ByteVector generic_header;
  AttributeList device;
  AttributeList peer;
};

// Takes one message apart; attributes are left empty where the nesting is not as it should be.
Encoded take_apart(std::span<const std::uint8_t> datagram) {
  Encoded encoded;
  const std::vector<NetlinkMessage> messages = split_datagram(datagram);
  EXPECT_EQ(messages.size(), 1U);
  if (messages.size() != 1 || messages[0].payload.size() < 4) return encoded;
  encoded.type = messages[0].type;
  encoded.flags = messages[0].flags;
  encoded.sequence = messages[0].sequence;
  const std::span<const std::uint8_t> payload = messages[0].payload;
  encoded.generic_header = {payload.begin(), payload.begin() + 4};
  encoded.device = attributes(payload.subspan(4));
  if (encoded.device.size() != 2 || encoded.device[1].first != (nested | WGDEVICE_A_PEERS)) {
    return encoded;
  }
  const AttributeList peers = attributes(encoded.device[1].second);
  if (peers.size() == 1 && peers[0].first == nested) encoded.peer = attributes(peers[0].second);
  return encoded;
}

Encoded encode(const PeerChange& change, std::size_t part = 0, const WgTarget& to = target) {
  WipedBuffer buffer{maximum_message_bytes};
  append_change(to, part_of(change, part), 77, buffer);
  return take_apart(buffer.filled());
}

TEST(AppendChange, HeadersAskForAnAcknowledgement) {
  const Encoded encoded = encode(PeerChange{});
  EXPECT_EQ(encoded.type, 33);
  EXPECT_EQ(encoded.flags, NLM_F_REQUEST | NLM_F_ACK);
  EXPECT_EQ(encoded.sequence, 77U);
  EXPECT_THAT(encoded.generic_header, ElementsAre(WG_CMD_SET_DEVICE, WG_GENL_VERSION, 0, 0));
  ASSERT_FALSE(encoded.device.empty());
  EXPECT_THAT(encoded.device[0], Pair(WGDEVICE_A_IFINDEX, raw(std::uint32_t{5})));
}

TEST(AppendChange, AbsentFieldsAreNotSent) {
  PeerChange change;
  change.key = key_of(1);
  EXPECT_THAT(encode(change).peer, ElementsAre(Pair(WGPEER_A_PUBLIC_KEY, bytes_of(1))));
}

TEST(AppendChange, EveryFieldOverIpv4) {
  PeerChange change;
  change.key = key_of(1);
  change.preshared_key = Secret<32>{key_of(2).bytes};
  change.endpoint = Endpoint::parse("192.0.2.1:51820");
  change.keepalive_seconds = 25;
  change.allowed_ips = {IpPrefix::parse("10.1.0.0/16").value(),
                        IpPrefix::parse("fd00::/8").value()};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(51820);
  address.sin_addr.s_addr = htonl(0xc0000201);

  const Encoded encoded = encode(change);
  ASSERT_EQ(encoded.peer.size(), 6U);
  EXPECT_THAT(encoded.peer[0], Pair(WGPEER_A_PUBLIC_KEY, bytes_of(1)));
  EXPECT_THAT(encoded.peer[1],
              Pair(WGPEER_A_FLAGS, raw(std::uint32_t{WGPEER_F_REPLACE_ALLOWEDIPS})));
  EXPECT_THAT(encoded.peer[2], Pair(WGPEER_A_PRESHARED_KEY, bytes_of(2)));
  EXPECT_THAT(encoded.peer[3], Pair(WGPEER_A_ENDPOINT, raw(address)));
  EXPECT_THAT(encoded.peer[4],
              Pair(WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, raw(std::uint16_t{25})));
  EXPECT_EQ(encoded.peer[5].first, nested | WGPEER_A_ALLOWEDIPS);

  const AttributeList prefixes = attributes(encoded.peer[5].second);
  ASSERT_EQ(prefixes.size(), 2U);
  EXPECT_EQ(prefixes[0].first, nested);
  EXPECT_THAT(attributes(prefixes[0].second),
              ElementsAre(Pair(WGALLOWEDIP_A_FAMILY, raw(std::uint16_t{AF_INET})),
                          Pair(WGALLOWEDIP_A_IPADDR, ByteVector{10, 1, 0, 0}),
                          Pair(WGALLOWEDIP_A_CIDR_MASK, ByteVector{16})));
  EXPECT_THAT(attributes(prefixes[1].second),
              ElementsAre(Pair(WGALLOWEDIP_A_FAMILY, raw(std::uint16_t{AF_INET6})),
                          Pair(WGALLOWEDIP_A_IPADDR, ByteVector{0xfd} + ByteVector(15, 0)),
                          Pair(WGALLOWEDIP_A_CIDR_MASK, ByteVector{8})));
}

TEST(AppendChange, EndpointOverIpv6KeepsItsScope) {
  PeerChange change;
  change.endpoint = Endpoint::parse("[fe80::1]:7");
  change.endpoint->scope = 3;
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(7);
  address.sin6_addr.s6_addr[0] = 0xfe;
  address.sin6_addr.s6_addr[1] = 0x80;
  address.sin6_addr.s6_addr[15] = 1;
  address.sin6_scope_id = 3;
  const Encoded encoded = encode(change);
  ASSERT_EQ(encoded.peer.size(), 2U);
  EXPECT_THAT(encoded.peer[1], Pair(WGPEER_A_ENDPOINT, raw(address)));
}

TEST(AppendChange, KeepaliveIsWrittenAsTheFamilyReadsIt) {
  PeerChange change;
  for (const std::uint16_t seconds : {std::uint16_t{0}, std::uint16_t{25}, std::uint16_t{0xffff}}) {
    change.keepalive_seconds = seconds;
    EXPECT_THAT(encode(change).peer[1], Pair(WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, raw(seconds)));
    WgTarget ranged = target;
    ranged.keepalive = KeepaliveFormat::range;
    EXPECT_THAT(encode(change, 0, ranged).peer[1],
                Pair(WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, raw(seconds) + raw(seconds)));
  }
}

TEST(KeepaliveFormat, GoesByFamilyAndVersion) {
  EXPECT_EQ(keepalive_format(WgDialect::wireguard, 1), KeepaliveFormat::seconds);
  EXPECT_EQ(keepalive_format(WgDialect::wireguard, 3), KeepaliveFormat::seconds);
  EXPECT_EQ(keepalive_format(WgDialect::amneziawg, 1), KeepaliveFormat::seconds);
  EXPECT_EQ(keepalive_format(WgDialect::amneziawg, 2), KeepaliveFormat::seconds);
  EXPECT_EQ(keepalive_format(WgDialect::amneziawg, 3), KeepaliveFormat::range);
  EXPECT_EQ(keepalive_format(WgDialect::amneziawg, 4), KeepaliveFormat::range);
}

TEST(AppendChange, UpdateAndRemoveAreFlags) {
  PeerChange change;
  change.action = PeerChange::Action::update;
  EXPECT_THAT(encode(change).peer[1],
              Pair(WGPEER_A_FLAGS, raw(std::uint32_t{WGPEER_F_UPDATE_ONLY})));
  change.action = PeerChange::Action::remove;
  change.keepalive_seconds = 3;
  change.allowed_ips.emplace(1);
  change.preshared_key.emplace();
  const Encoded encoded = encode(change);
  ASSERT_EQ(encoded.peer.size(), 2U) << "a removal carries the key and the flag alone";
  EXPECT_THAT(encoded.peer[1], Pair(WGPEER_A_FLAGS, raw(std::uint32_t{WGPEER_F_REMOVE_ME})));
}

TEST(AppendChange, LaterPartsOnlyAddAllowedIps) {
  PeerChange change;
  change.keepalive_seconds = 9;
  change.preshared_key.emplace();
  change.endpoint = Endpoint{};
  change.allowed_ips.emplace(ChangePart::maximum_allowed_ips + 1);
  const Encoded last = encode(change, 1);
  ASSERT_EQ(last.peer.size(), 4U);
  EXPECT_THAT(last.peer[1], Pair(WGPEER_A_FLAGS, raw(std::uint32_t{WGPEER_F_UPDATE_ONLY})));
  EXPECT_EQ(last.peer[2].first, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL);
  EXPECT_EQ(attributes(last.peer[3].second).size(), 1U);
}

TEST(AppendChange, FullestMessageFitsTheLimit) {
  PeerChange change;
  change.action = PeerChange::Action::update;
  change.keepalive_seconds = 9;
  change.preshared_key.emplace();
  change.endpoint = Endpoint::parse("[2001:db8::1]:7");
  change.allowed_ips.emplace(ChangePart::maximum_allowed_ips, IpPrefix::parse("::/0").value());
  WipedBuffer buffer{maximum_message_bytes};
  append_change(target, part_of(change, 0), 1, buffer);
  EXPECT_LE(buffer.size(), maximum_message_bytes);
  const Encoded encoded = take_apart(buffer.filled());
  ASSERT_EQ(encoded.peer.size(), 6U);
  EXPECT_EQ(attributes(encoded.peer[5].second).size(), ChangePart::maximum_allowed_ips);
}

TEST(AppendGetDevice, IsADumpOfOneInterface) {
  WipedBuffer buffer{maximum_message_bytes};
  append_get_device(target, 78, buffer);
  const Encoded encoded = take_apart(buffer.filled());
  EXPECT_EQ(encoded.flags, NLM_F_REQUEST | NLM_F_DUMP);
  EXPECT_EQ(encoded.generic_header[0], WG_CMD_GET_DEVICE);
  EXPECT_THAT(encoded.device, ElementsAre(Pair(WGDEVICE_A_IFINDEX, raw(std::uint32_t{5}))));
}

} // namespace
} // namespace provisiond::kernel
