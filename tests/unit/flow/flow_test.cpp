#include "flow_world.hpp"

#include <gtest/gtest.h>

namespace provisiond::flow {
namespace {

const test::KeyPair client = test::make_key_pair(2);
const test::KeyPair other = test::make_key_pair(3);

TEST(Flow, BringsAnUnknownKeyFromTheWireToASession) {
  World world;
  world.knock(world.sighting_of(client));
  world.answer_known();
  ASSERT_NE(world.device->find(client.public_key), nullptr);
  EXPECT_EQ(world.device->initiations(), std::vector<PublicKey>{client.public_key});
  EXPECT_EQ(world.flow.life().greeted(), 1U);

  world.advance(30ms);
  ASSERT_TRUE(world.device->complete_handshake(client.public_key, world.now.wall));
  world.pass();
  EXPECT_EQ(world.flow.life().greeted(), 0U);
  EXPECT_EQ(world.metrics.peers_connected.value(), 1U);
  EXPECT_EQ(world.device->find(client.public_key)->keepalive_seconds, 0);
  EXPECT_EQ(world.all_refusals(), 0U);
}

// What a refusal must not have cost: habit 2 of the flow, cheap checks first.
struct Costs {
  std::uint64_t claims;
  std::uint64_t proofs;
  std::size_t lookups;
};

void expect_refused_at_cost(World& world, Refusal refusal, const Costs& costs) {
  EXPECT_EQ(world.refusals(refusal), 1U) << to_string(refusal);
  EXPECT_EQ(world.metrics.claims.value(), costs.claims);
  EXPECT_EQ(world.metrics.proofs.value(), costs.proofs);
  EXPECT_EQ(world.lookups.size(), costs.lookups);
  EXPECT_EQ(world.device->peer_count(), 0U);
}

TEST(Flow, ABadMac1CostsNoKeyAgreement) {
  World world;
  Sighting sighting = world.sighting_of(client);
  sighting.initiation[120] ^= 1;
  world.knock(sighting);
  expect_refused_at_cost(world, Refusal::bad_mac1, {0, 0, 0});
}

TEST(Flow, ACopyCostsNoKeyAgreement) {
  World world;
  const Sighting sighting = world.sighting_of(client);
  world.knock(sighting);
  world.knock(sighting);
  expect_refused_at_cost(world, Refusal::duplicate, {1, 1, 1});
}

TEST(Flow, AnUnreadableStaticKeyCostsNoProof) {
  World world;
  InitiationBytes initiation = world.sighting_of(client).initiation;
  initiation[50] ^= 1;
  test::write_macs(initiation, world.gateway_key());
  world.knock(world.sighting(initiation));
  expect_refused_at_cost(world, Refusal::undecryptable_static, {0, 0, 0});
}

TEST(Flow, TheInterfacesOwnKeyCostsNoProof) {
  World world;
  world.knock(world.sighting_of(world.gateway()));
  expect_refused_at_cost(world, Refusal::own_key, {0, 0, 0});
}

TEST(Flow, AForgedKeyCostsNoLookup) {
  World world;
  world.knock(world.sighting(test::forge_initiation(client.public_key, world.gateway_key())));
  expect_refused_at_cost(world, Refusal::forged, {1, 0, 0});
}

TEST(Flow, AReplayCostsNoLookup) {
  World world;
  const Sighting first = world.sighting_of(client);
  world.knock(first);
  world.answer_refused(Refusal::database_unavailable);
  world.advance(1h);
  Sighting replay = first;
  replay.seen_at = world.now.steady;
  world.knock(replay);
  expect_refused_at_cost(world, Refusal::replayed, {2, 2, 0});
}

TEST(Flow, AKeyWithALookupUnderWayCostsNoOther) {
  World world;
  world.knock(world.sighting_of(client));
  world.knock(world.sighting_of(client));
  expect_refused_at_cost(world, Refusal::lookup_in_flight, {2, 2, 1});
}

TEST(Flow, AKeyThatTheDatabaseRefusedCostsOneKeyAgreementNextTime) {
  World world;
  world.knock(world.sighting_of(client));
  world.answer_refused(Refusal::unknown_key);
  EXPECT_EQ(world.refusals(Refusal::unknown_key), 1U);
  world.advance(1s);
  world.knock(world.sighting_of(client));
  expect_refused_at_cost(world, Refusal::known_refused, {2, 1, 0});
  world.advance(30s);
  world.knock(world.sighting_of(client));
  EXPECT_EQ(world.lookups.size(), 1U) << "the negative cache forgets in time";
}

TEST(Flow, AnUnavailableDatabaseIsNeverRememberedAsARefusal) {
  World world;
  world.knock(world.sighting_of(client));
  world.answer_refused(Refusal::database_unavailable);
  world.advance(1s);
  world.knock(world.sighting_of(client));
  EXPECT_EQ(world.lookups.size(), 1U);
  EXPECT_EQ(world.refusals(Refusal::known_refused), 0U);
}

TEST(Flow, AnInstalledKeyIsTheDevicesOwnBusiness) {
  World world;
  world.knock(world.sighting_of(client));
  world.answer_known();
  world.knock(world.sighting_of(client));
  EXPECT_EQ(world.refusals(Refusal::already_installed), 1U);
  EXPECT_EQ(world.metrics.proofs.value(), 1U);
}

TEST(Flow, AFullQueueBeforeKeyAgreementIsCounted) {
  World world{GreetingMode::reverse, {.demands_cookies = false}};
  for (int i = 0; i < 5; ++i)
    world.flow.first_contact().knock(world.sighting_of(client), world.now);
  EXPECT_EQ(world.refusals(Refusal::authenticate_queue_full), 1U);
}

TEST(Flow, UnderLoadACookieIsDemandedAndOpensTheDoor) {
  World world{GreetingMode::reverse, {.load_threshold = 1}};
  world.flow.first_contact().knock(world.sighting_of(other), world.now); // one waits: this is load
  const Sighting first = world.sighting_of(client);
  world.flow.first_contact().knock(first, world.now);
  EXPECT_EQ(world.refusals(Refusal::cookie_required), 1U);
  ASSERT_EQ(world.sender.packets.size(), 1U);
  EXPECT_EQ(world.metrics.cookie_replies_sent.value(), 1U);

  const std::span<const std::uint8_t> packet{world.sender.packets[0]};
  const std::optional<test::Cookie> cookie = test::open_cookie_reply(
      packet.last(sizeof(wire::CookieReplyBytes)), world.gateway_key(), first.initiation);
  ASSERT_TRUE(cookie);
  const InitiationBytes retry =
      test::make_initiation(client.private_key, world.gateway_key(),
                            {.timestamp = world.next_timestamp(), .cookie = cookie});
  world.flow.first_contact().knock(world.sighting(retry), world.now);
  EXPECT_EQ(world.handshakes.size(), 2U);
  world.flow.first_contact().knock(world.sighting(retry, "198.51.100.1:4000"), world.now);
  EXPECT_EQ(world.refusals(Refusal::cookie_required) + world.refusals(Refusal::duplicate), 2U);
}

// The budget of an address is spent by whoever sends in its name.
TEST(Flow, AnAddressThatIsUsedUpIsAskedForProofAndThenServed) {
  World world;
  Sighting first = world.sighting_of(client);
  while (world.refusals(Refusal::source_budget) == 0) {
    world.flow.first_contact().knock(first, world.now);
    static_cast<void>(world.handshakes.drain(100));
    ASSERT_LE(world.metrics.cookie_replies_sent.value(), 1U);
    first = world.sighting_of(client);
  }
  world.flow.first_contact().knock(first, world.now);
  EXPECT_EQ(world.handshakes.size(), 0U);
  ASSERT_EQ(world.sender.packets.size(), 2U);

  const std::span<const std::uint8_t> packet{world.sender.packets[1]};
  const std::optional<test::Cookie> cookie = test::open_cookie_reply(
      packet.last(sizeof(wire::CookieReplyBytes)), world.gateway_key(), first.initiation);
  ASSERT_TRUE(cookie);
  const InitiationBytes retry =
      test::make_initiation(client.private_key, world.gateway_key(),
                            {.timestamp = world.next_timestamp(), .cookie = cookie});
  world.flow.first_contact().knock(world.sighting(retry), world.now);
  EXPECT_EQ(world.handshakes.size(), 1U);

  Sighting proven_to_the_kernel = world.sighting_of(client);
  proven_to_the_kernel.mac_state = MacState::mac1_and_mac2;
  world.flow.first_contact().knock(proven_to_the_kernel, world.now);
  EXPECT_EQ(world.handshakes.size(), 2U);
}

TEST(Flow, AnInterfaceThatIsGoneRefuses) {
  World world;
  const Sighting sighting = world.sighting_of(client);
  world.knock(sighting);
  world.flow.life().detach(world.interface().id);
  world.answer_known();
  EXPECT_EQ(world.refusals(Refusal::interface_gone), 1U);
  world.flow.first_contact().knock(world.sighting_of(other), world.now);
  EXPECT_EQ(world.refusals(Refusal::interface_gone), 2U);
}

// A peer that is there already would be taken for a new one.
TEST(Flow, BeforeItsPeersAreKnownAnInterfaceServesNone) {
  World world;
  world.interface().known = Interface::Known::none;
  world.knock(world.sighting_of(client));
  EXPECT_EQ(world.refusals(Refusal::interface_gone), 1U);
  world.pass();
  world.knock(world.sighting_of(client));
  world.answer_known();
  EXPECT_EQ(world.device->peer_count(), 1U);
}

TEST(Flow, AnAnswerThatNobodyWaitsForIsIgnored) {
  World world;
  LookupAnswer answer{.interface = {},
                      .key = client.public_key,
                      .verdict = World::known(client.public_key),
                      .asked_at = world.now.steady};
  world.flow.answered(std::move(answer), world.now);
  world.flow.commit(world.now);
  EXPECT_EQ(world.device->peer_count(), 0U);
}

} // namespace
} // namespace provisiond::flow
