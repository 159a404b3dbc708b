#include "greet/budget.hpp"
#include "greet/resubmit.hpp"
#include "greet/reverse.hpp"
#include "support/fake_packet_sender.hpp"
#include "support/fake_wg_device.hpp"
#include "wire/frame.hpp"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace provisiond::greet {
namespace {

const TimePoint start = TimePoint{} + 1h;

Sighting sighting() {
  Sighting seen;
  seen.source = Endpoint::parse("192.0.2.2:4000").value();
  seen.local = Endpoint::parse("192.0.2.1:51820").value();
  seen.initiation[0] = 1;
  seen.initiation[147] = 9;
  return seen;
}

TEST(ReverseGreeting, KicksWithTheConfiguredKeepaliveAndLeavesIt) {
  ReverseGreeting greeting;
  std::vector<kernel::PeerChange> changes(1);
  greeting.prepare(sighting(), {.key = {}, .keepalive_seconds = 15}, changes);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].endpoint, sighting().source);
  EXPECT_EQ(changes[0].keepalive_seconds, 15);
}

TEST(ReverseGreeting, TakesTheKickBackWhereNoKeepaliveIsConfigured) {
  ReverseGreeting greeting;
  std::vector<kernel::PeerChange> changes(1);
  greeting.prepare(sighting(), {.key = {}, .keepalive_seconds = 0}, changes);
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_GT(changes[0].keepalive_seconds, 0);
  EXPECT_EQ(changes[1].action, kernel::PeerChange::Action::update);
  EXPECT_EQ(changes[1].keepalive_seconds, 0);
  EXPECT_FALSE(changes[1].endpoint);
  EXPECT_FALSE(changes[1].allowed_ips);
}

// A device initiates when the keepalive goes from 0 to N, and only then.
TEST(ReverseGreeting, ASecondAttemptTakesTheKeepaliveAwayFirst) {
  ReverseGreeting greeting;
  for (const std::uint16_t configured : {std::uint16_t{15}, std::uint16_t{0}}) {
    test::FakeWgDevice device;
    std::vector<kernel::PeerChange> changes(1);
    greeting.prepare(sighting(), {.key = {}, .keepalive_seconds = configured}, changes);
    static_cast<void>(device.apply(changes));
    ASSERT_EQ(device.initiations().size(), 1U);
    changes.clear();
    greeting.prepare_again(sighting(), {.key = {}, .keepalive_seconds = configured}, changes);
    static_cast<void>(device.apply(changes));
    EXPECT_EQ(device.initiations().size(), 2U) << configured;
    EXPECT_EQ(device.find({})->keepalive_seconds, configured);
  }
}

TEST(ResubmitGreeting, SendsTheInitiationFromTheClientToTheAddressItKnockedAt) {
  test::FakePacketSender sender;
  ResubmitGreeting greeting{sender};
  std::vector<kernel::PeerChange> changes(1);
  greeting.prepare(sighting(), {.key = {}, .keepalive_seconds = 25}, changes);
  EXPECT_FALSE(changes[0].endpoint);
  EXPECT_FALSE(changes[0].keepalive_seconds);

  ASSERT_TRUE(greeting.start(sighting()));
  ASSERT_EQ(sender.packets.size(), 1U);
  const std::variant<wire::UdpDatagram, wire::FrameFault> parsed =
      wire::parse_ip_packet(sender.packets[0]);
  const wire::UdpDatagram& datagram = std::get<wire::UdpDatagram>(parsed);
  EXPECT_EQ(datagram.source, sighting().source);
  EXPECT_EQ(datagram.destination, sighting().local);
  const InitiationBytes bytes = sighting().initiation;
  EXPECT_TRUE(
      std::equal(bytes.begin(), bytes.end(), datagram.payload.begin(), datagram.payload.end()));
}

TEST(ResubmitGreeting, SetsTheKeepaliveOnceThereIsASession) {
  test::FakePacketSender sender;
  const ResubmitGreeting greeting{sender};
  std::vector<kernel::PeerChange> changes;
  greeting.on_session({.key = {}, .keepalive_seconds = 0}, changes);
  EXPECT_TRUE(changes.empty());
  greeting.on_session({.key = {}, .keepalive_seconds = 25}, changes);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].action, kernel::PeerChange::Action::update);
  EXPECT_EQ(changes[0].keepalive_seconds, 25);
}

TEST(ResubmitGreeting, ReportsASenderThatFails) {
  test::FakePacketSender sender;
  sender.failure = EPERM;
  ResubmitGreeting greeting{sender};
  const Status status = greeting.start(sighting());
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message().find("resubmit"), std::string::npos);
}

TEST(Budget, BoundsOneNetworkAndAllTogether) {
  Budget budget{{.per_prefix = {1, 2}, .total = {1, 3}}};
  const IpAddress victim = IpAddress::parse("192.0.2.1").value();
  const IpAddress neighbour = IpAddress::parse("192.0.2.99").value();
  EXPECT_TRUE(budget.take(victim, start));
  EXPECT_TRUE(budget.take(neighbour, start));
  EXPECT_FALSE(budget.take(victim, start));
  EXPECT_TRUE(budget.take(IpAddress::parse("198.51.100.1").value(), start));
  EXPECT_FALSE(budget.take(IpAddress::parse("203.0.113.1").value(), start));
  EXPECT_TRUE(budget.take(victim, start + 1s));
}

} // namespace
} // namespace provisiond::greet
