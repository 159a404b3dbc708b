#include "flow_world.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace provisiond::flow {
namespace {

const test::KeyPair client = test::make_key_pair(2);
const test::KeyPair other = test::make_key_pair(3);

TEST(DeviceSteps, APeerThatNeverConnectsIsRemovedAtTheDeadline) {
  World world;
  world.knock(world.sighting_of(client));
  world.answer_known();
  world.advance(14s);
  world.pass();
  EXPECT_EQ(world.device->peer_count(), 1U);
  world.advance(1s);
  world.pass();
  EXPECT_EQ(world.device->peer_count(), 0U);
  EXPECT_EQ(world.refusals(Refusal::never_connected), 1U);
  EXPECT_EQ(world.metrics.peers_removed.value(), 1U);
  EXPECT_EQ(world.flow.life().greeted(), 0U);
  // The key may knock again.
  world.knock(world.sighting_of(client));
  EXPECT_EQ(world.lookups.size(), 1U);
}

TEST(DeviceSteps, APassShowsNothingOfWhoConnectsMeanwhile) {
  World world;
  world.knock(world.sighting_of(client));
  world.answer_known();
  world.advance(15s - 1ms);
  world.flow.life().begin_pass(world.interface().id);
  kernel::PeerList shown = world.device->peers().value();
  world.device->complete_handshake(client.public_key, world.now.wall);
  world.advance(1ms);
  world.flow.life().take_pass(world.interface().id, std::move(shown), world.now);
  EXPECT_EQ(world.device->peer_count(), 1U) << "its deadline came after the pass had begun";
  world.pass();
  EXPECT_EQ(world.interface().peers.table().find(client.public_key)->stage(), PeerStage::live);
}

// An initiation of a rekey elsewhere, recorded and sent here: the device must not be led away.
TEST(DeviceSteps, ADeviceWithASessionElsewhereIsNeverInitiatedTo) {
  for (const char* gateway : {"gw1", "gw2"}) {
    Limits limits;
    limits.gateway = "gw1";
    World world{GreetingMode::reverse, limits};
    Sighting sighting = world.sighting_of(client);
    sighting.seen_by =
        SourceKind::probe; // the device has dropped it: it would be greeted in reverse
    world.knock(sighting);
    world.answer_all([&](const PublicKey& key) {
      std::variant<PeerRecord, Refusal> answer = World::known(key);
      std::get<PeerRecord>(answer).held_by = SessionHolder{.gateway = gateway};
      return answer;
    });
    ASSERT_EQ(world.device->peer_count(), 1U);
    for (int i = 0; i < 3; ++i) {
      world.advance(2s);
      world.pass();
    }
    const bool is_elsewhere = gateway == std::string_view{"gw2"};
    EXPECT_EQ(world.metrics.greetings[metrics::GreetingKind::reverse].value() == 0, is_elsewhere)
        << gateway;
    EXPECT_EQ(world.metrics.greetings[metrics::GreetingKind::resubmit].value() > 0, is_elsewhere)
        << gateway;
  }
}

TEST(DeviceSteps, SeveralPeersOfOneTurnTravelInOneBatch) {
  World world;
  world.knock(world.sighting_of(client));
  world.knock(world.sighting_of(other, "192.0.2.3:4000"));
  world.answer_all([](const PublicKey& key) {
    return World::known(key, key == client.public_key ? "10.80.0.2/32" : "10.80.0.3/32");
  });
  EXPECT_EQ(world.device->peer_count(), 2U);
  EXPECT_EQ(world.device->apply_calls(), 1U);
}

TEST(DeviceSteps, AnAllowedIpNeverMovesSilently) {
  World world;
  world.knock(world.sighting_of(client));
  world.knock(world.sighting_of(other, "192.0.2.3:4000"));
  world.answer_known(); // both want 10.80.0.2/32
  EXPECT_EQ(world.device->peer_count(), 1U);
  EXPECT_EQ(world.refusals(Refusal::allowed_ip_conflict), 1U);
}

TEST(DeviceSteps, APrefixOfAPeerPutThereByHandIsSafeToo) {
  World world;
  std::vector<kernel::PeerChange> changes(1);
  changes[0].key = other.public_key;
  changes[0].allowed_ips = {IpPrefix::parse("10.80.0.0/24").value()};
  ASSERT_TRUE(world.device->apply(changes)[0]);
  world.pass();
  world.knock(world.sighting_of(client));
  world.answer_known();
  EXPECT_EQ(world.refusals(Refusal::allowed_ip_conflict), 1U);
}

TEST(DeviceSteps, AFullInterfaceRefuses) {
  World world;
  world.interface().max_peers = 1;
  world.knock(world.sighting_of(client));
  world.knock(world.sighting_of(other, "192.0.2.3:4000"));
  world.answer_all([](const PublicKey& key) {
    return World::known(key, key == client.public_key ? "10.80.0.2/32" : "10.80.0.3/32");
  });
  EXPECT_EQ(world.device->peer_count(), 1U);
  EXPECT_EQ(world.refusals(Refusal::interface_full), 1U);
}

TEST(DeviceSteps, ADeviceThatRefusesLeavesNothingBehind) {
  World world;
  world.device->fail_next_changes(1, ENOMEM);
  world.knock(world.sighting_of(client));
  world.answer_known();
  EXPECT_EQ(world.refusals(Refusal::device_refused), 1U);
  EXPECT_EQ(world.metrics.device_errors.value(), 1U);
  EXPECT_EQ(world.interface().peers.table().size(), 0U);
  world.advance(2s);
  world.knock(world.sighting_of(client));
  world.answer_known();
  EXPECT_EQ(world.device->peer_count(), 1U) << "the next attempt is free to succeed";
}

TEST(DeviceSteps, ADeviceThatVanishedIsNamedSo) {
  World world;
  world.device->fail_next_changes(1, ENODEV);
  world.knock(world.sighting_of(client));
  world.answer_known();
  EXPECT_EQ(world.refusals(Refusal::interface_gone), 1U);
}

TEST(DeviceSteps, ReverseHandshakesToOneNetworkAreBounded) {
  World world;
  const test::KeyPair third = test::make_key_pair(4);
  world.knock(world.sighting_of(client, "203.0.113.1:1"));
  world.knock(world.sighting_of(other, "203.0.113.2:1"));
  world.knock(world.sighting_of(third, "203.0.113.3:1"));
  int next = 1;
  world.answer_all([&](const PublicKey& key) {
    return World::known(key, ("10.80.0." + std::to_string(++next) + "/32").c_str());
  });
  EXPECT_EQ(world.device->peer_count(), 2U);
  EXPECT_EQ(world.refusals(Refusal::greet_budget), 1U);
}

TEST(DeviceSteps, ResubmitHandsTheInitiationBackAndSetsTheKeepaliveLater) {
  World world{GreetingMode::resubmit};
  world.knock(world.sighting_of(client));
  world.answer_all([](const PublicKey& key) { return World::known(key, "10.80.0.2/32", 25); });
  EXPECT_EQ(world.sender.packets.size(), 1U);
  EXPECT_TRUE(world.device->initiations().empty());
  EXPECT_EQ(world.device->find(client.public_key)->keepalive_seconds, 0);

  world.advance(5ms);
  world.device->complete_handshake(client.public_key, world.now.wall);
  world.pass();
  EXPECT_EQ(world.device->find(client.public_key)->keepalive_seconds, 25);
  EXPECT_EQ(world.metrics.greetings[metrics::GreetingKind::resubmit].value(), 1U);
}

TEST(DeviceSteps, AutoTurnsToTheReverseHandshakeAfterItsPatience) {
  World world{GreetingMode::automatic};
  world.knock(world.sighting_of(client));
  world.answer_known();
  world.advance(999ms);
  world.pass();
  EXPECT_TRUE(world.device->initiations().empty());
  world.advance(1ms);
  world.pass();
  EXPECT_EQ(world.device->initiations(), std::vector<PublicKey>{client.public_key});
  EXPECT_EQ(world.device->find(client.public_key)->endpoint, Endpoint::parse("192.0.2.2:4000"));
  EXPECT_EQ(world.metrics.greetings[metrics::GreetingKind::reverse].value(), 1U);
}

TEST(DeviceSteps, WhoFindsNoBudgetTurnsToTheReverseHandshakeLater) {
  World world{GreetingMode::automatic};
  const test::KeyPair third = test::make_key_pair(4);
  for (const test::KeyPair* who : {&client, &other, &third})
    world.knock(world.sighting_of(*who));
  int next = 1;
  world.answer_all([&](const PublicKey& key) {
    return World::known(key, ("10.80.0." + std::to_string(++next) + "/32").c_str());
  });
  world.advance(1s);
  world.pass();
  const auto greeted = [&world] {
    const std::vector<PublicKey>& all = world.device->initiations();
    return std::set<PublicKey>(all.begin(), all.end()).size();
  };
  EXPECT_EQ(greeted(), 2U) << "what the prefix may cause at once";
  world.pass();
  EXPECT_EQ(greeted(), 2U) << "not asked for again at once";
  world.advance(1s);
  world.pass();
  EXPECT_EQ(greeted(), 3U);
  EXPECT_EQ(world.device->peer_count(), 3U);
  EXPECT_EQ(world.refusals(Refusal::greet_budget), 0U) << "nobody is refused for it";
}

TEST(DeviceSteps, WhatTheDeviceMayStillHaveInItsQueueIsNotCrossedByAReverseHandshake) {
  World world{GreetingMode::reverse};
  world.seen_by = SourceKind::capture;
  world.knock(world.sighting_of(client));
  world.answer_known();
  EXPECT_EQ(world.sender.packets.size(), 1U) << "the device is handed the client's own initiation";
  EXPECT_TRUE(world.device->initiations().empty());
  world.advance(1s);
  world.pass();
  EXPECT_EQ(world.device->initiations(), std::vector<PublicKey>{client.public_key});
  EXPECT_EQ(world.metrics.greetings[metrics::GreetingKind::reverse].value(), 1U);
}

TEST(DeviceSteps, AGreetingThatTheDeviceDidNotHearIsRepeatedAndEndsSoon) {
  World world;
  world.knock(world.sighting_of(client));
  world.answer_known();
  EXPECT_EQ(world.device->initiations().size(), 1U);
  for (int second = 1; second <= 10; ++second) {
    world.advance(1s);
    world.pass();
  }
  EXPECT_EQ(world.device->initiations().size(), 3U);
  EXPECT_EQ(world.device->find(client.public_key)->keepalive_seconds, 0);
}

TEST(DeviceSteps, AResubmissionIsRepeatedAsItWas) {
  World world{GreetingMode::resubmit};
  world.knock(world.sighting_of(client));
  world.answer_known();
  world.advance(1s);
  world.pass();
  ASSERT_EQ(world.sender.packets.size(), 2U);
  EXPECT_EQ(world.sender.packets[0], world.sender.packets[1]);
  EXPECT_TRUE(world.device->initiations().empty());
}

TEST(DeviceSteps, AutoTurnsAtOnceWhenTheInitiationCannotBeSent) {
  World world{GreetingMode::automatic};
  world.sender.failure = EPERM;
  world.knock(world.sighting_of(client));
  world.answer_known();
  EXPECT_EQ(world.device->initiations().size(), 1U);
  world.advance(14s);
  world.pass();
  EXPECT_EQ(world.device->peer_count(), 1U) << "the deadline counts from the install";
}

TEST(DeviceSteps, APeerRemovedByHandMayKnockAgain) {
  World world;
  world.knock(world.sighting_of(client));
  world.answer_known();
  std::vector<kernel::PeerChange> changes(1);
  changes[0].action = kernel::PeerChange::Action::remove;
  changes[0].key = client.public_key;
  ASSERT_TRUE(world.device->apply(changes)[0]);
  world.advance(2s);
  world.pass();
  world.knock(world.sighting_of(client));
  EXPECT_EQ(world.lookups.size(), 1U);
}

} // namespace
} // namespace provisiond::flow
