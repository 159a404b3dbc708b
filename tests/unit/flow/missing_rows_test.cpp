#include "flow_world.hpp"

#include <gtest/gtest.h>

// Peers of ours of which the database says that it knows nothing, not even that they were removed.

namespace provisiond::flow {
namespace {

const test::KeyPair client = test::make_key_pair(2);

void connect_client(World& world) {
  world.knock(world.sighting_of(client));
  world.answer_known();
  world.advance(30ms);
  ASSERT_TRUE(world.device->complete_handshake(client.public_key, world.now.wall));
  world.pass();
}

void ask_about_all(World& world) {
  world.advance(1ms);
  world.flow.life().changed({.interface = InterfaceId{0}, .key = std::nullopt}, world.now);
  world.flow.life().revalidate(world.now);
  world.advance(1ms);
}

void pass_after(World& world, Duration pause) {
  world.advance(pause);
  world.pass();
  world.flow.life().revalidate(world.now);
}

TEST(MissingRows, AnEmptyAnswerCutsNobody) {
  World world;
  connect_client(world);
  ask_about_all(world);
  world.answer_refused(Refusal::unknown_key);
  EXPECT_EQ(world.device->peer_count(), 1U);
  world.flow.life().revalidate(world.now);
  EXPECT_EQ(world.metrics.missing_rows.value(), 1);
}

TEST(MissingRows, ATombstoneStillCutsAtOnce) {
  World world;
  connect_client(world);
  ask_about_all(world);
  world.answer_refused(Refusal::unknown_key);
  ask_about_all(world);
  world.answer_refused(Refusal::revoked);
  EXPECT_EQ(world.device->peer_count(), 0U);
  world.flow.life().revalidate(world.now);
  EXPECT_EQ(world.metrics.missing_rows.value(), 0);
}

TEST(MissingRows, TheyAreAskedForAgainByThemselvesAndFound) {
  World world;
  connect_client(world);
  ask_about_all(world);
  world.answer_refused(Refusal::unknown_key);
  pass_after(world, 30s);
  EXPECT_EQ(world.lookups.size(), 0U);
  pass_after(world, 31s);
  ASSERT_EQ(world.lookups.size(), 1U);
  world.answer_known();
  world.flow.life().revalidate(world.now);
  EXPECT_EQ(world.device->peer_count(), 1U);
  EXPECT_EQ(world.metrics.missing_rows.value(), 0);
}

TEST(MissingRows, TheLimitIsTheEndOfIt) {
  World world;
  connect_client(world);
  ask_about_all(world);
  world.answer_refused(Refusal::unknown_key);
  const Duration limit = Limits{}.max_missing;
  pass_after(world, limit - 10min);
  world.answer_refused(Refusal::unknown_key);
  EXPECT_EQ(world.device->peer_count(), 1U);
  pass_after(world, 10min);
  EXPECT_EQ(world.device->peer_count(), 1U) << "the database is asked once more";
  world.answer_refused(Refusal::unknown_key);
  EXPECT_EQ(world.device->peer_count(), 0U);
}

TEST(MissingRows, ADatabaseThatCannotBeAskedIsNoLimit) {
  World world;
  connect_client(world);
  ask_about_all(world);
  world.answer_refused(Refusal::unknown_key);
  pass_after(world, 2 * Limits{}.max_missing);
  world.answer_refused(Refusal::database_unavailable);
  EXPECT_EQ(world.device->peer_count(), 1U);
}

TEST(MissingRows, WithoutARowItIsNotEvictedAsIdleBecauseItCouldNotComeBack) {
  World world;
  connect_client(world);
  ask_about_all(world);
  world.answer_refused(Refusal::unknown_key);
  for (int i = 0; i < 3; ++i) {
    pass_after(world, 1h);
    world.answer_refused(Refusal::unknown_key);
  }
  EXPECT_EQ(world.device->peer_count(), 1U);
}

TEST(MissingRows, ATrialInItsPlaceIsNoRow) {
  World world;
  connect_client(world);
  ask_about_all(world);
  world.answer_all([](const PublicKey& key) -> std::variant<PeerRecord, Refusal> {
    PeerRecord record;
    record.key = key;
    record.is_on_trial = true;
    return record;
  });
  world.flow.life().revalidate(world.now);
  EXPECT_EQ(world.device->peer_count(), 1U);
  EXPECT_EQ(world.metrics.missing_rows.value(), 1);
}

TEST(MissingRows, WhatAnotherDatabaseDoesNotKnowStaysOnAnExclusiveInterface) {
  World world;
  world.interface().is_exclusive = true;
  std::vector<kernel::PeerChange> changes(1);
  changes[0].key = client.public_key;
  ASSERT_TRUE(world.device->apply(changes)[0]);
  world.pass();
  world.flow.follow_another_database();
  world.flow.life().revalidate(world.now);
  world.answer_refused(Refusal::unknown_key);
  world.flow.commit(world.now);
  EXPECT_EQ(world.device->peer_count(), 1U);
  world.flow.follow_first_database();
  ask_about_all(world);
  world.answer_refused(Refusal::unknown_key);
  world.flow.commit(world.now);
  EXPECT_EQ(world.device->peer_count(), 0U);
}

} // namespace
} // namespace provisiond::flow
