#include "kernel/netlink_message.hpp"
#include "kernel/wg_messages.hpp"
#include "support/netlink_bytes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/time_types.h>
#include <linux/wireguard.h>

#include <random>

namespace provisiond::kernel {
namespace {

using test::attribute;
using test::ByteVector;
using test::raw;
using test::text;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint16_t nested = NLA_F_NESTED;

PublicKey key_of(std::uint8_t fill) {
  PublicKey key;
  key.bytes.fill(fill);
  return key;
}

ByteVector bytes_of(std::uint8_t fill) {
  return ByteVector(32, fill);
}

ByteVector device_attributes() {
  return attribute(WGDEVICE_A_LISTEN_PORT, raw(std::uint16_t{51820})) +
         attribute(WGDEVICE_A_FWMARK, raw(std::uint32_t{4})) +
         attribute(WGDEVICE_A_IFINDEX, raw(std::uint32_t{5})) +
         attribute(WGDEVICE_A_IFNAME, text("wg0")) +
         attribute(WGDEVICE_A_PRIVATE_KEY, bytes_of(6)) +
         attribute(WGDEVICE_A_PUBLIC_KEY, bytes_of(7));
}

TEST(ReadIdentity, ReadsTheDevice) {
  const std::optional<DeviceIdentity> identity = read_identity(device_attributes());
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->ifindex, 5U);
  EXPECT_EQ(identity->name, "wg0");
  EXPECT_EQ(identity->listen_port, 51820);
  EXPECT_EQ(identity->fwmark, 4U);
  ASSERT_TRUE(identity->private_key);
  EXPECT_TRUE(identity->private_key->equals(Secret<32>{key_of(6).bytes}));
}

TEST(ReadIdentity, WrongSizesAreLeftOut) {
  const std::optional<DeviceIdentity> identity =
      read_identity(attribute(WGDEVICE_A_IFINDEX, raw(std::uint32_t{5})) +
                    attribute(WGDEVICE_A_PRIVATE_KEY, ByteVector(31, 1)) +
                    attribute(WGDEVICE_A_LISTEN_PORT, raw(std::uint32_t{9})) + attribute(4000, {}));
  ASSERT_TRUE(identity);
  EXPECT_FALSE(identity->private_key);
  EXPECT_EQ(identity->listen_port, 0);
  EXPECT_FALSE(read_identity(attribute(WGDEVICE_A_IFINDEX, raw(std::uint16_t{5}))));
  EXPECT_FALSE(read_identity({}));
}

ByteVector allowed_ip(std::uint16_t family, const ByteVector& address, std::uint8_t length) {
  return attribute(nested, attribute(WGALLOWEDIP_A_CIDR_MASK, {length}) +
                               attribute(WGALLOWEDIP_A_FAMILY, raw(family)) +
                               attribute(WGALLOWEDIP_A_IPADDR, address));
}

ByteVector peer_key(std::uint8_t fill) {
  return attribute(WGPEER_A_PUBLIC_KEY, bytes_of(fill));
}

ByteVector peers(const std::vector<ByteVector>& each) {
  ByteVector all;
  for (const ByteVector& one : each)
    all = all + attribute(nested, one);
  return attribute(nested | WGDEVICE_A_PEERS, all);
}

std::vector<PeerState> dump(const std::vector<ByteVector>& messages) {
  PeerDump dump;
  for (const ByteVector& message : messages)
    dump.add(message);
  return dump.take();
}

TEST(PeerDump, ReadsEveryField) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(9);
  address.sin6_addr.s6_addr[15] = 1;
  const __kernel_timespec time{.tv_sec = 1'700'000'000, .tv_nsec = 5};
  const ByteVector peer =
      peer_key(1) + attribute(WGPEER_A_PRESHARED_KEY, bytes_of(9)) +
      attribute(WGPEER_A_LAST_HANDSHAKE_TIME, raw(time)) +
      attribute(WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, raw(std::uint16_t{25})) +
      attribute(WGPEER_A_TX_BYTES, raw(std::uint64_t{11})) + attribute(WGPEER_A_UNSPEC, {}) +
      attribute(WGPEER_A_RX_BYTES, raw(std::uint64_t{12})) +
      attribute(WGPEER_A_PROTOCOL_VERSION, raw(std::uint32_t{1})) +
      attribute(WGPEER_A_ENDPOINT, raw(address)) +
      attribute(nested | WGPEER_A_ALLOWEDIPS,
                allowed_ip(AF_INET, {10, 0, 0, 1}, 32) + allowed_ip(AF_INET6, ByteVector(16), 0));
  const std::vector<PeerState> read = dump({device_attributes() + peers({peer})});
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0].key, key_of(1));
  EXPECT_EQ(read[0].endpoint, Endpoint::parse("[::1]:9"));
  EXPECT_EQ(read[0].last_handshake.time_since_epoch(),
            std::chrono::nanoseconds{1'700'000'000'000'000'005});
  EXPECT_EQ(read[0].keepalive_seconds, 25);
  EXPECT_EQ(read[0].sent_bytes, 11U);
  EXPECT_EQ(read[0].received_bytes, 12U);
  EXPECT_THAT(read[0].allowed_ips,
              ElementsAre(IpPrefix::parse("10.0.0.1/32").value(), IpPrefix::parse("::/0").value()));
}

TEST(PeerDump, ReadsKeepalivesOfEitherWidth) {
  const auto keepalive_of = [](const ByteVector& value) {
    return dump({peers({peer_key(1) + attribute(WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, value)})})
        .at(0)
        .keepalive_seconds;
  };
  EXPECT_EQ(keepalive_of(raw(std::uint16_t{25})), 25);
  EXPECT_EQ(keepalive_of(raw(std::uint32_t{30U << 16U | 20U})), 20);
  EXPECT_EQ(keepalive_of(raw(std::uint8_t{25})), 0);
  EXPECT_EQ(keepalive_of(raw(std::uint64_t{25})), 0);
}

TEST(PeerDump, PeerContinuesInTheNextMessage) {
  const ByteVector begin =
      peer_key(2) + attribute(WGPEER_A_RX_BYTES, raw(std::uint64_t{7})) +
      attribute(nested | WGPEER_A_ALLOWEDIPS, allowed_ip(AF_INET, {10, 0, 0, 1}, 32));
  const ByteVector rest =
      peer_key(2) + attribute(nested | WGPEER_A_ALLOWEDIPS, allowed_ip(AF_INET, {10, 0, 0, 2}, 32));
  const std::vector<PeerState> read =
      dump({peers({peer_key(1), begin}), peers({rest}), peers({rest, peer_key(3)})});
  ASSERT_EQ(read.size(), 3U);
  EXPECT_EQ(read[1].key, key_of(2));
  EXPECT_EQ(read[1].received_bytes, 7U);
  EXPECT_EQ(read[1].allowed_ips.size(), 3U);
  EXPECT_EQ(read[2].key, key_of(3));
}

// As the kernel does when allowed IPs were changed between two messages.
TEST(PeerDump, OfAnInterruptedDumpAPeerThatLacksAllowedIpsIsLeftOut) {
  const ByteVector some =
      attribute(nested | WGPEER_A_ALLOWEDIPS, allowed_ip(AF_INET, {10, 0, 0, 1}, 32));
  const ByteVector more =
      attribute(nested | WGPEER_A_ALLOWEDIPS, allowed_ip(AF_INET, {10, 0, 0, 2}, 32));
  PeerDump dump;
  dump.add(peers({peer_key(1), peer_key(2) + some}));
  dump.add(peers({peer_key(2) + more, peer_key(3) + some}));
  dump.add(peers({peer_key(3)}));
  dump.add(peers({peer_key(3), peer_key(4)}));
  const std::vector<PeerState> told = dump.take_told_whole();
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[0].key, key_of(1));
  EXPECT_EQ(told[1].key, key_of(2));
  EXPECT_EQ(told[1].allowed_ips.size(), 2U);
  EXPECT_EQ(told[2].key, key_of(4));
}

TEST(PeerDump, PeersWithoutAUsableKeyAreLeftOut) {
  EXPECT_THAT(dump({peers({attribute(WGPEER_A_RX_BYTES, raw(std::uint64_t{7}))})}), IsEmpty());
  EXPECT_THAT(dump({peers({attribute(WGPEER_A_PUBLIC_KEY, ByteVector(31))})}), IsEmpty());
  EXPECT_THAT(dump({peers({attribute(WGPEER_A_PUBLIC_KEY, ByteVector(33))})}), IsEmpty());
  EXPECT_THAT(dump({ByteVector{}, ByteVector{1, 2, 3}}), IsEmpty());
}

TEST(PeerDump, ForeignValuesAreLeftOut) {
  const ByteVector peer =
      peer_key(1) + attribute(WGPEER_A_ENDPOINT, ByteVector(200, 2)) +
      attribute(WGPEER_A_LAST_HANDSHAKE_TIME,
                raw(__kernel_timespec{.tv_sec = std::int64_t{1} << 62, .tv_nsec = 0})) +
      attribute(WGPEER_A_RX_BYTES, raw(std::uint32_t{7})) +
      attribute(nested | WGPEER_A_ALLOWEDIPS,
                allowed_ip(AF_INET, {10, 0, 0, 1}, 33) + allowed_ip(AF_INET, ByteVector(16), 32) +
                    allowed_ip(AF_INET6, ByteVector(4), 32) + allowed_ip(1, {10, 0, 0, 1}, 32) +
                    attribute(nested, {}));
  const std::vector<PeerState> read = dump({peers({peer})});
  ASSERT_EQ(read.size(), 1U);
  EXPECT_FALSE(read[0].endpoint);
  EXPECT_EQ(read[0].last_handshake, WallTime{});
  EXPECT_EQ(read[0].received_bytes, 0U);
  EXPECT_THAT(read[0].allowed_ips, IsEmpty());
  EXPECT_FALSE(dump({peers({peer_key(1) + attribute(WGPEER_A_ENDPOINT, {2})})})[0].endpoint);
  const __kernel_timespec negative{.tv_sec = -1, .tv_nsec = 2'000'000'000};
  EXPECT_EQ(dump({peers({peer_key(1) + attribute(WGPEER_A_LAST_HANDSHAKE_TIME, raw(negative))})})[0]
                .last_handshake,
            WallTime{});
}

// Cut at every length and with every byte changed: whatever is read, it is read within bounds
// (the sanitizer presets would tell), and never more peers than were written.
TEST(PeerDump, SurvivesTruncationAndDamage) {
  const ByteVector whole =
      device_attributes() +
      peers({peer_key(1) +
                 attribute(nested | WGPEER_A_ALLOWEDIPS, allowed_ip(AF_INET, {10, 0, 0, 1}, 32)),
             peer_key(2) + attribute(WGPEER_A_RX_BYTES, raw(std::uint64_t{7}))});
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const ByteVector cut{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)};
    EXPECT_THAT(dump({cut}), IsEmpty()) << "the nest of the peers is cut off at " << length;
  }
  std::minstd_rand random{1};
  for (int round = 0; round < 20'000; ++round) {
    ByteVector damaged = whole;
    for (int count = 0; count < 3; ++count)
      damaged[random() % damaged.size()] = static_cast<std::uint8_t>(random());
    EXPECT_LE(dump({damaged}).size(), whole.size() / 36);
  }
}

} // namespace
} // namespace provisiond::kernel
