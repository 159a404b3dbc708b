#include "flow_world.hpp"
#include "support/captured_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace provisiond::flow {
namespace {

using testing::HasSubstr;

// A gateway in use: one live peer, which something else has put there, and the daemon in a dry run.
class DryRun : public testing::Test {
 protected:
  DryRun() {
    world.interface().is_dry_run = true;
    put_there(resident.public_key);
    EXPECT_TRUE(world.device->complete_handshake(resident.public_key, world.now.wall));
    world.pass();
    world.flow.life().revalidate(world.now);
  }

  void put_there(const PublicKey& key, const char* address = "10.80.0.9/32") {
    kernel::PeerChange change;
    change.key = key;
    change.allowed_ips = std::vector<IpPrefix>{IpPrefix::parse(address).value()};
    ASSERT_TRUE(world.device->apply({&change, 1}).front());
  }
  // Nothing has left the daemon, and the device is as it was.
  void expect_nothing_done() {
    const kernel::PeerList list = world.device->peers().value();
    ASSERT_EQ(list.peers.size(), 1U);
    EXPECT_EQ(list.peers[0].key, resident.public_key);
    EXPECT_EQ(list.peers[0].allowed_ips,
              std::vector<IpPrefix>{IpPrefix::parse("10.80.0.9/32").value()});
    EXPECT_TRUE(world.sender.packets.empty());
    EXPECT_TRUE(world.source.refused.empty()) << "the kernel is told nothing";
    EXPECT_TRUE(world.recorded.drain(100).empty()) << "nor is the database";
    EXPECT_FALSE(world.interface().peers.has_departures());
    EXPECT_EQ(world.flow.life().greeted(), 0U);
    EXPECT_EQ(world.all_refusals(), 0U) << "what happens is counted apart";
    EXPECT_EQ(world.metrics.peers_installed.value(), 0U);
    EXPECT_EQ(world.metrics.peers_removed.value(), 0U);
  }
  std::uint64_t would_be_refused(Refusal refusal) {
    return world.metrics.dry_run_refusals[refusal].value();
  }
  // What the database says of the one that is there, after a change.
  template <class Function>
  void change(Function&& answer) {
    world.advance(1s);
    world.flow.life().changed({.interface = world.interface().id, .key = resident.public_key},
                              world.now);
    world.flow.life().revalidate(world.now);
    world.answer_all(std::forward<Function>(answer));
  }
  static std::variant<PeerRecord, Refusal> row_of(const PublicKey& key) {
    return World::known(key, "10.80.0.9/32");
  }

  World world;
  test::KeyPair resident = test::make_key_pair(9);
  test::KeyPair newcomer = test::make_key_pair(2);
};

TEST_F(DryRun, SaysOfARegisteredDeviceThatItWouldBeInstalled) {
  world.answer_all(row_of);
  test::capture_log();
  world.knock(world.sighting_of(newcomer));
  world.answer_known();
  EXPECT_THAT(test::captured_log(), HasSubstr("dry_run, would be installed interface=wg0 key=" +
                                              newcomer.public_key.to_string()));
  EXPECT_EQ(world.metrics.dry_run_installs.value(), 1U);
  const KeyExplanation explanation = world.flow.explain(
      {.interface = world.interface().id, .key = newcomer.public_key}, {}, world.now.steady);
  EXPECT_TRUE(explanation.is_dry_run);
  EXPECT_EQ(explanation.last->event, "would be installed");
  world.advance(5s);
  world.knock(world.sighting_of(newcomer));
  world.answer_known();
  EXPECT_EQ(world.metrics.dry_run_installs.value(), 2U) << "each try of it";
  expect_nothing_done();
}

TEST_F(DryRun, SaysOfAnUnknownKeyThatItWouldBeRefused) {
  world.answer_all(row_of);
  test::capture_log();
  world.knock(world.sighting_of(newcomer));
  world.answer_refused(Refusal::unknown_key);
  EXPECT_THAT(test::captured_log(),
              HasSubstr("dry_run, would be refused reason=unknown_key interface=wg0"));
  EXPECT_EQ(would_be_refused(Refusal::unknown_key), 1U);
  world.knock(world.sighting_of(newcomer));
  EXPECT_EQ(would_be_refused(Refusal::known_refused), 1U);
  expect_nothing_done();
}

TEST_F(DryRun, DecidesWhatTheDeviceWouldStandAgainst) {
  world.answer_all(row_of);
  world.knock(world.sighting_of(newcomer));
  world.answer_all([](const PublicKey& key) { return World::known(key, "10.80.0.9/32"); });
  EXPECT_EQ(would_be_refused(Refusal::allowed_ip_conflict), 1U);
  world.interface().max_peers = 1;
  world.advance(5s);
  world.knock(world.sighting_of(newcomer));
  world.answer_known();
  EXPECT_EQ(would_be_refused(Refusal::interface_full), 1U);
  expect_nothing_done();
}

TEST_F(DryRun, LeavesAPeerWithoutARowAlone) {
  world.answer_refused(Refusal::unknown_key);
  world.interface().is_exclusive = true;
  world.flow.life().changed({.interface = world.interface().id, .key = resident.public_key},
                            world.now);
  world.flow.life().revalidate(world.now);
  world.answer_refused(Refusal::unknown_key);
  EXPECT_EQ(world.metrics.dry_run_removals.value(), 1U) << "as foreign";
  world.pass();
  expect_nothing_done();
}

TEST_F(DryRun, ChangesNoPeerToFitItsRowAndSaysSoOnce) {
  world.answer_all([](const PublicKey& key) { return World::known(key, "10.80.0.77/32"); });
  EXPECT_EQ(world.metrics.dry_run_changes.value(), 1U);
  change([](const PublicKey& key) { return World::known(key, "10.80.0.77/32"); });
  world.pass();
  EXPECT_EQ(world.metrics.dry_run_changes.value(), 1U);
  change(row_of);
  change([](const PublicKey& key) { return World::known(key, "10.80.0.77/32"); });
  EXPECT_EQ(world.metrics.dry_run_changes.value(), 2U);
  expect_nothing_done();
}

TEST_F(DryRun, RemovesNobodyAndSaysSoOnce) {
  world.answer_all(row_of);
  test::capture_log();
  for (int i = 0; i < 3; ++i)
    change([](const PublicKey&) { return std::variant<PeerRecord, Refusal>{Refusal::revoked}; });
  EXPECT_THAT(test::captured_log(), HasSubstr("dry_run, would be removed"));
  EXPECT_EQ(world.metrics.dry_run_removals.value(), 1U);
  change(row_of);
  world.advance(1h); // idle, and past all timeouts
  world.pass();
  world.pass();
  world.pass();
  EXPECT_EQ(world.metrics.dry_run_removals.value(), 2U) << "as idle";
  world.interface().max_peers = 0;
  world.pass();
  EXPECT_EQ(world.flow.life().remove_ours(), 0U);
  world.flow.commit(world.now);
  expect_nothing_done();
}

TEST_F(DryRun, OwnsNoSession) {
  world.answer_all(row_of); // live, and the database knows of no session
  world.advance(5min);
  world.pass();
  ASSERT_TRUE(world.device->complete_handshake(resident.public_key, world.now.wall));
  world.pass(); // it is back
  expect_nothing_done();
}

TEST(DryRunUnderLoad, CountsThatItWouldAskForACookieAndGoesOn) {
  World world;
  world.interface().is_dry_run = true;
  const test::KeyPair client = test::make_key_pair(2);
  ASSERT_TRUE(world.flow.first_contact().attack_mode().order(AttackOrder::on, world.now.steady));
  world.knock(world.sighting_of(client));
  EXPECT_EQ(world.metrics.dry_run_refusals[Refusal::cookie_required].value(), 1U);
  EXPECT_TRUE(world.sender.packets.empty()) << "no cookie is sent";
  world.answer_known();
  EXPECT_EQ(world.metrics.dry_run_installs.value(), 1U);
  EXPECT_TRUE(world.device->peers().value().peers.empty());
}

TEST(DryRunUnderLoad, WhatGoesOnIsBounded) {
  World world;
  world.interface().is_dry_run = true;
  ASSERT_TRUE(world.flow.first_contact().attack_mode().order(AttackOrder::on, world.now.steady));
  std::size_t proven = 0;
  for (std::uint64_t seed = 2; seed < 1202; ++seed) {
    InitiationBytes initiation = test::forge_initiation(world.gateway_key(), world.gateway_key());
    world.flow.first_contact().knock(world.sighting(initiation), world.now);
    proven += world.handshakes.drain(100).size();
  }
  EXPECT_EQ(proven, 1000U);
}

} // namespace
} // namespace provisiond::flow
