#include "flow/waiting_keys.hpp"
#include "flow_world.hpp"

#include <gtest/gtest.h>

// Who is refused because the database is away, and what becomes of them when it is back.

namespace provisiond::flow {
namespace {

const TimePoint start = TimePoint{} + 1h;

PeerId id_of(std::uint32_t number) {
  PeerId id;
  id.key.bytes[0] = static_cast<std::uint8_t>(number);
  id.key.bytes[1] = static_cast<std::uint8_t>(number >> 8);
  return id;
}

Sighting seen_at(TimePoint when) {
  Sighting sighting;
  sighting.seen_at = when;
  return sighting;
}

TEST(WaitingKeys, KeepTheLastSightingForFifteenSeconds) {
  WaitingKeys keys;
  keys.add(id_of(1), seen_at(start));
  keys.add(id_of(2), seen_at(start + 1s));
  keys.add(id_of(1), seen_at(start + 5s));
  EXPECT_EQ(keys.size(), 2U);
  EXPECT_TRUE(keys.has_any(start + 16s));
  const std::vector<WaitingKeys::Waiting> taken = keys.take(start + 17s);
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].id, id_of(1));
  EXPECT_EQ(taken[0].sighting.seen_at, start + 5s);
  EXPECT_FALSE(keys.has_any(start + 17s));
}

TEST(WaitingKeys, TheOldestMakeRoomForTheNewest) {
  WaitingKeys keys;
  for (std::uint32_t i = 0; i < WaitingKeys::most + 3; ++i)
    keys.add(id_of(i), seen_at(start));
  EXPECT_EQ(keys.size(), WaitingKeys::most);
  const std::vector<WaitingKeys::Waiting> taken = keys.take(start);
  EXPECT_EQ(taken.front().id, id_of(3));
  EXPECT_EQ(taken.back().id, id_of(WaitingKeys::most + 2));
}

TEST(WaitingKeys, AKeyThatWasAnsweredIsForgotten) {
  WaitingKeys keys;
  keys.add(id_of(1), seen_at(start));
  keys.forget(id_of(1));
  keys.forget(id_of(2));
  EXPECT_FALSE(keys.has_any(start));
  EXPECT_TRUE(keys.take(start).empty());
}

TEST(WaitingFlow, AKeyThatNobodyCouldBeAskedAboutIsLookedUpAgainAndGreeted) {
  World world;
  const test::KeyPair client = test::make_key_pair(2);
  world.knock(world.sighting_of(client));
  world.answer_refused(Refusal::database_unavailable);
  EXPECT_TRUE(world.flow.first_contact().has_waiting(world.now));
  world.advance(4s);
  world.flow.first_contact().resume_waiting(world.now);
  EXPECT_EQ(world.lookups.size(), 1U);
  EXPECT_FALSE(world.flow.first_contact().has_waiting(world.now));
  world.answer_known();
  EXPECT_NE(world.device->find(client.public_key), nullptr);
  EXPECT_EQ(world.metrics.greetings[metrics::GreetingKind::reverse].value(), 1U);
  EXPECT_EQ(world.metrics.lookups_resumed.value(), 1U);
}

TEST(WaitingFlow, ItWaitsOnWhenTheAnswerIsTheSame) {
  World world;
  world.knock(world.sighting_of(test::make_key_pair(2)));
  world.answer_refused(Refusal::database_unavailable);
  world.flow.first_contact().resume_waiting(world.now);
  world.answer_refused(Refusal::database_unavailable);
  EXPECT_TRUE(world.flow.first_contact().has_waiting(world.now));
  EXPECT_EQ(world.refusals(Refusal::database_unavailable), 2U);
  world.advance(16s);
  EXPECT_FALSE(world.flow.first_contact().has_waiting(world.now));
}

TEST(WaitingFlow, OneThatKnocksAgainIsNotLookedUpTwice) {
  World world;
  const test::KeyPair client = test::make_key_pair(2);
  world.knock(world.sighting_of(client));
  world.answer_refused(Refusal::database_unavailable);
  world.advance(5s);
  world.knock(world.sighting_of(client));
  world.flow.first_contact().resume_waiting(world.now);
  EXPECT_EQ(world.lookups.size(), 1U);
  world.answer_known();
  EXPECT_FALSE(world.flow.first_contact().has_waiting(world.now));
}

TEST(WaitingFlow, AnyOtherRefusalIsNotWaitedFor) {
  World world;
  world.knock(world.sighting_of(test::make_key_pair(2)));
  world.answer_refused(Refusal::unknown_key);
  EXPECT_FALSE(world.flow.first_contact().has_waiting(world.now));
}

TEST(WaitingFlow, AMereClaimIsNotWaitedFor) {
  World world;
  Sighting claim = world.sighting({});
  claim.seen_by = SourceKind::netlink;
  claim.claimed = ClaimedKey{test::make_key_pair(2).public_key};
  world.knock(claim);
  world.answer_refused(Refusal::database_unavailable);
  EXPECT_FALSE(world.flow.first_contact().has_waiting(world.now));
}

TEST(StalePeers, OnlyThoseThatTheDatabaseHasGivenAreRemoved) {
  World world;
  const test::KeyPair client = test::make_key_pair(2);
  world.knock(world.sighting_of(client));
  world.answer_known();
  ASSERT_NE(world.device->find(client.public_key), nullptr);
  EXPECT_EQ(world.flow.life().remove_ours(), 1U);
  EXPECT_TRUE(world.flow.life().has_work());
  world.flow.commit(world.now);
  EXPECT_FALSE(world.flow.life().has_work());
  EXPECT_EQ(world.device->find(client.public_key), nullptr);
  EXPECT_EQ(world.flow.life().remove_ours(), 0U);
}

TEST(StalePeers, WhoIsStillThereWhenTheDatabaseIsBackStays) {
  World world;
  const test::KeyPair client = test::make_key_pair(2);
  world.knock(world.sighting_of(client));
  world.answer_known();
  EXPECT_EQ(world.flow.life().remove_ours(), 1U);
  world.knock(world.sighting_of(test::make_key_pair(3)));
  world.answer_refused(Refusal::unknown_key);
  EXPECT_NE(world.device->find(client.public_key), nullptr);
  EXPECT_FALSE(world.flow.life().has_work());
}

} // namespace
} // namespace provisiond::flow
