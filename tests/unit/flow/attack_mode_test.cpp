#include "flow/attack_mode.hpp"
#include "flow_world.hpp"
#include "support/captured_log.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace provisiond::flow {
namespace {

std::size_t lines_with(const std::string& log, std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = log.find(text, at)) != std::string::npos; at += text.size())
    ++count;
  return count;
}

class AttackModeTest : public testing::Test {
 protected:
  // Seconds in each of which so many senders without a cookie are let through and refused.
  void spend(int seconds, unsigned passed, unsigned refused) {
    for (int i = 0; i < seconds; ++i) {
      for (unsigned n = 0; n < passed; ++n)
        mode.note_passed();
      for (unsigned n = 0; n < refused; ++n)
        mode.note_refused();
      step();
    }
  }
  void spend_loaded(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      mode.note_load();
      step();
    }
  }
  void step() {
    for (int tick = 0; tick < 10; ++tick)
      mode.pass(now += 100ms);
  }

  metrics::Metrics metrics;
  TimePoint now = TimePoint{} + 1h;
  AttackMode mode{
      {.refused = 500, .share = 50, .enter_after = 10s, .calm = 100, .leave_after = 30s},
      AttackMode::Cookies::asked_for,
      metrics,
      now};
};

TEST_F(AttackModeTest, IsEnteredAndLeftOnceAndNotTooSoon) {
  test::capture_log();
  spend(9, 100, 900);
  EXPECT_FALSE(mode.is_on());
  spend(1, 100, 900);
  EXPECT_TRUE(mode.is_on());
  EXPECT_EQ(metrics.attack_mode.value(), 1);
  spend(100, 0, 1000);
  EXPECT_EQ(metrics.attack_mode_entries.value(), 1U);
  spend(29, 0, 99);
  EXPECT_TRUE(mode.is_on());
  spend(1, 0, 99);
  EXPECT_FALSE(mode.is_on());
  EXPECT_EQ(metrics.attack_mode.value(), 0);
  const std::string log = test::captured_log();
  EXPECT_EQ(lines_with(log, "attack mode entered"), 1U) << log;
  EXPECT_EQ(lines_with(log, "because=\"refused senders without a cookie\" without_cookie=1000 "
                            "refused=900"),
            1U)
      << log;
  EXPECT_EQ(lines_with(log, "attack mode left because=calm"), 1U) << log;
}

TEST_F(AttackModeTest, ASecondThatIsNotHotBeginsAnew) {
  for (int i = 0; i < 10; ++i) {
    spend(9, 100, 900);
    spend(1, 100, 400);
  }
  EXPECT_FALSE(mode.is_on());
}

TEST_F(AttackModeTest, ManyDevicesThatGetInAreNoAttack) {
  spend(100, 4000, 600); // a fleet that comes back: few of them are over a budget
  EXPECT_FALSE(mode.is_on());
  spend(100, 0, 499); // one address is spoofed
  EXPECT_FALSE(mode.is_on());
}

TEST_F(AttackModeTest, LoadThatLastsIsOne) {
  spend_loaded(9);
  EXPECT_FALSE(mode.is_on());
  spend_loaded(1);
  EXPECT_TRUE(mode.is_on());
  spend(20, 0, 0);
  spend_loaded(1);
  spend(29, 0, 0);
  EXPECT_TRUE(mode.is_on()) << "calm has to last, too";
  spend(1, 0, 0);
  EXPECT_FALSE(mode.is_on());
}

TEST_F(AttackModeTest, BetweenTheThresholdsItStaysWhatItWas) {
  spend(100, 50, 150);
  EXPECT_FALSE(mode.is_on());
  spend(10, 0, 1000);
  ASSERT_TRUE(mode.is_on());
  spend(100, 50, 150);
  EXPECT_TRUE(mode.is_on());
}

TEST_F(AttackModeTest, ALoopThatHangsCountsPerSecondAllTheSame) {
  for (unsigned n = 0; n < 2000; ++n)
    mode.note_refused();
  mode.pass(now += 20s); // 100 a second
  EXPECT_FALSE(mode.is_on());
}

TEST_F(AttackModeTest, AnOrderHoldsUntilTheNextOne) {
  test::capture_log();
  EXPECT_TRUE(mode.order(AttackOrder::on, now));
  EXPECT_TRUE(mode.is_on());
  spend(100, 0, 0);
  EXPECT_TRUE(mode.is_on());
  EXPECT_TRUE(mode.order(AttackOrder::on, now));
  EXPECT_EQ(metrics.attack_mode_entries.value(), 1U);
  EXPECT_TRUE(mode.order(AttackOrder::off, now));
  spend(100, 0, 1000);
  EXPECT_FALSE(mode.is_on());
  EXPECT_TRUE(mode.order(AttackOrder::automatic, now));
  EXPECT_TRUE(mode.is_on()) << "it was judged meanwhile";
  EXPECT_EQ(metrics.attack_mode_entries.value(), 2U);
  const std::string log = test::captured_log();
  EXPECT_EQ(lines_with(log, "attack mode ordered order=on"), 1U) << log;
  EXPECT_EQ(
      lines_with(log, "attack mode entered, first contact needs a cookie because=\"by order\""), 1U)
      << log;
  EXPECT_EQ(lines_with(log, "attack mode left because=\"by order\""), 1U) << log;
}

TEST_F(AttackModeTest, WithoutCookiesItIsNeverEntered) {
  AttackMode without{{}, AttackMode::Cookies::never, metrics, now};
  EXPECT_FALSE(without.order(AttackOrder::on, now));
  for (int i = 0; i < 100; ++i) {
    without.note_load();
    without.pass(now += 1s);
  }
  EXPECT_FALSE(without.is_on());
  EXPECT_TRUE(without.order(AttackOrder::off, now));
}

// From wherever the sighting comes: the kernel, which was not under load itself, or capture.
TEST(AttackModeInTheFlow, FirstContactNeedsACookieFromEverySource) {
  for (const SourceKind kind : {SourceKind::capture, SourceKind::probe, SourceKind::netlink}) {
    World world;
    world.seen_by = kind;
    const test::KeyPair client = test::make_key_pair(2);
    ASSERT_TRUE(world.flow.first_contact().attack_mode().order(AttackOrder::on, world.now.steady));
    Sighting first = world.sighting_of(client);
    if (kind != SourceKind::capture) {
      first.mac_state = MacState::mac1;
      first.claimed = ClaimedKey{client.public_key};
    }
    world.knock(first);
    EXPECT_EQ(world.refusals(Refusal::cookie_required), 1U) << to_string(kind);
    ASSERT_EQ(world.sender.packets.size(), 1U);
    const std::span<const std::uint8_t> packet{world.sender.packets[0]};
    const std::optional<test::Cookie> cookie = test::open_cookie_reply(
        packet.last(sizeof(wire::CookieReplyBytes)), world.gateway_key(), first.initiation);
    ASSERT_TRUE(cookie);
    Sighting second = world.sighting(
        test::make_initiation(client.private_key, world.gateway_key(),
                              {.timestamp = world.next_timestamp(), .cookie = cookie}));
    second.mac_state = first.mac_state;
    second.claimed = first.claimed;
    world.knock(second);
    world.answer_known();
    EXPECT_EQ(world.device->peers().value().peers.size(), 1U) << to_string(kind);
  }
}

TEST(AttackModeInTheFlow, ADeviceThatTheKernelAskedIsNotAskedAgain) {
  World world;
  const test::KeyPair client = test::make_key_pair(2);
  ASSERT_TRUE(world.flow.first_contact().attack_mode().order(AttackOrder::on, world.now.steady));
  Sighting sighting = world.sighting_of(client);
  sighting.mac_state = MacState::mac1_and_mac2;
  world.knock(sighting);
  world.answer_known();
  EXPECT_EQ(world.device->peers().value().peers.size(), 1U);
}

} // namespace
} // namespace provisiond::flow
