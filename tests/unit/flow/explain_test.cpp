#include "flow_world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>

namespace provisiond::flow {
namespace {

const IpAddress source = IpAddress::parse("192.0.2.2").value();

KeyExplanation explain(World& world, const PublicKey& key, Surroundings surroundings = {}) {
  return world.flow.explain({.interface = world.interface().id, .key = key}, surroundings,
                            world.now.steady);
}

const GateView& gate(const KeyExplanation& explanation, std::string_view name) {
  const std::vector<GateView>::const_iterator found =
      std::ranges::find(explanation.gates, name, &GateView::gate);
  EXPECT_NE(found, explanation.gates.end()) << name;
  return *found;
}

TEST(Explain, AKeyThatNothingSpeaksAgainst) {
  World world;
  const KeyExplanation explanation = explain(world, test::make_key_pair(2).public_key);
  EXPECT_EQ(explanation.refusing(), nullptr);
  EXPECT_FALSE(explanation.peer);
  EXPECT_FALSE(explanation.last);
  EXPECT_EQ(gate(explanation, "this key").budget->left, 5U);
  EXPECT_EQ(gate(explanation, "all look-ups").budget->left, 1000U);
}

TEST(Explain, ARefusedKeyAndHowLongItIsRefused) {
  World world;
  const test::KeyPair client = test::make_key_pair(2);
  world.knock(world.sighting_of(client));
  EXPECT_TRUE(explain(world, client.public_key).is_asked_for);
  EXPECT_EQ(explain(world, client.public_key).refusing()->refusal, Refusal::lookup_in_flight);
  world.answer_refused(Refusal::revoked);
  world.advance(10s);
  const KeyExplanation explanation = explain(world, client.public_key);
  EXPECT_EQ(explanation.refusing()->refusal, Refusal::known_refused);
  EXPECT_EQ(explanation.refusing()->because, Refusal::revoked);
  EXPECT_EQ(explanation.refusing()->time_left, 20s);
  EXPECT_TRUE(explanation.newest_initiation);
  ASSERT_TRUE(explanation.last);
  EXPECT_EQ(explanation.last->event, "refused");
  EXPECT_EQ(explanation.last->reason, "revoked");
  EXPECT_EQ(explanation.last->source, Endpoint::parse("192.0.2.2:4000"));
  EXPECT_EQ(explanation.last->at, world.now.steady - 10s);
}

TEST(Explain, APeerOnTheDeviceFromItsGreetingToItsEnd) {
  World world;
  const test::KeyPair client = test::make_key_pair(2);
  world.knock(world.sighting_of(client));
  world.answer_known();
  world.advance(1s);
  KeyExplanation explanation = explain(world, client.public_key);
  EXPECT_EQ(explanation.refusing()->refusal, Refusal::already_installed);
  ASSERT_TRUE(explanation.peer);
  EXPECT_EQ(explanation.peer->view.stage, PeerStage::greeting);
  EXPECT_EQ(explanation.peer->next, "never_connected");
  EXPECT_EQ(explanation.peer->next_in, 14s);
  EXPECT_EQ(explanation.peer->greetings, 1U);
  EXPECT_EQ(explanation.last->event, "installed");

  ASSERT_TRUE(world.device->complete_handshake(client.public_key, world.now.wall));
  world.pass();
  world.advance(1min);
  explanation = explain(world, client.public_key);
  EXPECT_EQ(explanation.peer->view.stage, PeerStage::live);
  EXPECT_EQ(explanation.last->event, "connected");
  EXPECT_EQ(explanation.peer->next, "idle");
  EXPECT_EQ(explanation.peer->next_in, 9min);

  world.flow.life().changed({.interface = world.interface().id, .key = client.public_key},
                            world.now);
  world.flow.life().revalidate(world.now);
  world.answer_refused(Refusal::disabled);
  explanation = explain(world, client.public_key);
  EXPECT_FALSE(explanation.peer);
  EXPECT_EQ(explanation.last->event, "removed");
  EXPECT_EQ(explanation.last->reason, "disabled");
}

TEST(Explain, WhatTheDaemonCannotDoJustNow) {
  World world;
  const PublicKey key = test::make_key_pair(2).public_key;
  EXPECT_EQ(explain(world, key, {.has_database = false}).refusing()->refusal,
            Refusal::database_unavailable);
  world.knows_network = false;
  EXPECT_EQ(explain(world, key).refusing()->refusal, Refusal::other_network);
  world.flow.first_contact().drain();
  EXPECT_EQ(explain(world, key).refusing()->refusal, Refusal::draining);
  world.flow.life().detach(world.interface().id);
  EXPECT_EQ(gate(explain(world, key), "interface").refusal, Refusal::interface_gone);
}

TEST(Explain, AKeyThatWaitsForTheDatabase) {
  World world;
  const test::KeyPair client = test::make_key_pair(2);
  world.knock(world.sighting_of(client));
  world.answer_refused(Refusal::database_unavailable);
  EXPECT_TRUE(explain(world, client.public_key).waits_for_database);
  EXPECT_EQ(explain(world, client.public_key).last->reason, "database_unavailable");
}

TEST(Explain, WhatWasSaidToAClaimIsToldApart) {
  World world;
  const test::KeyPair client = test::make_key_pair(2);
  world.knock(world.sighting_of(client));
  world.answer_refused(Refusal::expired);
  world.advance(31s);
  world.knock(world.sighting(test::forge_initiation(client.public_key, world.gateway_key()),
                             "203.0.113.9:1"));
  const KeyExplanation explanation = explain(world, client.public_key);
  EXPECT_EQ(explanation.last->reason, "expired") << "whoever claims the key says nothing of it";
  ASSERT_TRUE(explanation.last_claimed);
  EXPECT_EQ(explanation.last_claimed->reason, "forged");
  EXPECT_EQ(explanation.last_claimed->source, Endpoint::parse("203.0.113.9:1"));
}

TEST(Explain, AskingChangesNothing) {
  World world;
  const test::KeyPair client = test::make_key_pair(2);
  for (int i = 0; i < 2000; ++i) {
    static_cast<void>(explain(world, client.public_key));
    static_cast<void>(world.flow.explain(source, world.now.steady));
  }
  EXPECT_EQ(world.all_refusals(), 0U);
  EXPECT_EQ(world.lookups.size(), 0U);
  const SourceExplanation untouched = world.flow.explain(source, world.now.steady);
  ASSERT_EQ(untouched.unproven.budgets.size(), 3U);
  for (const ScopedBudget& scoped : untouched.unproven.budgets)
    EXPECT_EQ(scoped.budget.left, 1000U) << scoped.scope;
  EXPECT_EQ(untouched.greetings.budget.left, 2U);
  world.knock(world.sighting_of(client));
  world.answer_known();
  EXPECT_EQ(world.device->peers().value().peers.size(), 1U);
  EXPECT_EQ(world.flow.explain(source, world.now.steady).unproven.budgets[0].budget.left, 999U);
  EXPECT_EQ(world.flow.explain(source, world.now.steady).greetings.budget.left, 1U);
}

TEST(Explain, ASourceIsAskedForACookieUnderLoad) {
  World world{GreetingMode::reverse, {.load_threshold = 2}};
  SourceExplanation calm = world.flow.explain(source, world.now.steady);
  EXPECT_FALSE(calm.is_loaded);
  EXPECT_EQ(calm.without_cookie, std::nullopt);
  for (std::uint64_t seed = 2; seed < 6; ++seed) // nobody authenticates
    world.flow.first_contact().knock(world.sighting_of(test::make_key_pair(seed)), world.now);
  const SourceExplanation loaded = world.flow.explain(source, world.now.steady);
  EXPECT_TRUE(loaded.is_loaded);
  EXPECT_EQ(loaded.without_cookie, Refusal::cookie_required);
  EXPECT_EQ(loaded.with_cookie, std::nullopt);
  EXPECT_EQ(explain(world, test::make_key_pair(9).public_key).refusing()->refusal,
            Refusal::cookie_required);
}

Sighting from_stranger(World& world) {
  return world.sighting_of(test::make_key_pair(3));
}

TEST(LastWords, StrangersDisplaceNoKeyOfTheDatabase) {
  World world;
  LastWords words{64};
  const PeerId known{.interface = {}, .key = test::make_key_pair(2).public_key};
  const Sighting sighting = from_stranger(world);
  words.refused(known, Refusal::unknown_key, sighting, world.now.steady);
  words.refused(known, Refusal::disabled, sighting, world.now.steady);
  for (unsigned i = 0; i < 5000; ++i) {
    PeerId stranger{.interface = {}, .key = {}};
    stranger.key.bytes[0] = static_cast<std::uint8_t>(i);
    stranger.key.bytes[1] = static_cast<std::uint8_t>(i >> 8U);
    words.refused(stranger, i % 2 == 0 ? Refusal::unknown_key : Refusal::forged, sighting,
                  world.now.steady + 1s);
  }
  ASSERT_TRUE(words.find(known).proven);
  EXPECT_EQ(words.find(known).proven->reason, "disabled");
  words.refused(known, Refusal::key_budget, sighting, world.now.steady + 2s);
  EXPECT_EQ(words.find(known).proven->reason, "key_budget") << "and it stays where it is";
}

} // namespace
} // namespace provisiond::flow
