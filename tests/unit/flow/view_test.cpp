#include "flow_world.hpp"

#include <gtest/gtest.h>

#include <set>

namespace provisiond::flow {
namespace {

TEST(Drain, RefusesEverybodyNewAndRemembersNothing) {
  World world;
  const test::KeyPair client = test::make_key_pair(2);
  world.flow.first_contact().drain();
  EXPECT_TRUE(world.flow.first_contact().is_draining());
  EXPECT_EQ(world.metrics.draining.value(), 1);
  const Sighting sighting = world.sighting_of(client);
  world.knock(sighting);
  EXPECT_EQ(world.refusals(Refusal::draining), 1U);
  EXPECT_EQ(world.all_refusals(), 1U);
  EXPECT_EQ(world.lookups.size(), 0U);
  EXPECT_TRUE(world.source.refused.empty()) << "the kernel is not told";

  world.flow.first_contact().resume();
  EXPECT_EQ(world.metrics.draining.value(), 0);
  world.knock(sighting);
  world.answer_known();
  EXPECT_EQ(world.all_refusals(), 1U) << "the same packet is neither a copy nor a replay";
  EXPECT_EQ(world.device->peers().value().peers.size(), 1U);
}

TEST(Drain, RefusesClaimsWithoutAskingTheDatabase) {
  World world;
  world.flow.first_contact().drain();
  Sighting sighting = world.sighting_of(test::make_key_pair(2));
  sighting.claimed = ClaimedKey{test::make_key_pair(2).public_key};
  sighting.initiation = {};
  world.knock(sighting);
  EXPECT_EQ(world.refusals(Refusal::draining), 1U);
  EXPECT_EQ(world.lookups.size(), 0U);
}

TEST(Drain, FinishesWhoIsGreeted) {
  World world;
  const test::KeyPair client = test::make_key_pair(2);
  world.knock(world.sighting_of(client));
  world.answer_known();
  world.flow.first_contact().drain();
  world.advance(1s);
  ASSERT_TRUE(world.device->complete_handshake(client.public_key, world.now.wall));
  world.pass();
  EXPECT_EQ(world.metrics.peers_connected.value(), 1U);
  EXPECT_EQ(world.device->peers().value().peers.size(), 1U);
}

TEST(View, ShowsWhoIsGreetedAndWhoIsLive) {
  World world;
  const test::KeyPair client = test::make_key_pair(2);
  EXPECT_TRUE(views(world.interface(), {}, 10).peers.empty());
  EXPECT_FALSE(view(world.interface(), client.public_key));
  world.knock(world.sighting_of(client));
  world.answer_known();
  const PeerSlice all = views(world.interface(), {}, 10);
  ASSERT_EQ(all.peers.size(), 1U);
  EXPECT_EQ(all.peers[0].key, client.public_key);
  EXPECT_FALSE(all.rest);
  EXPECT_EQ(world.interface().peers.table().count(PeerStage::greeting), 1U);
  const std::optional<PeerView> greeted = view(world.interface(), client.public_key);
  ASSERT_TRUE(greeted);
  EXPECT_EQ(greeted->stage, PeerStage::greeting);
  EXPECT_TRUE(greeted->is_ours);
  EXPECT_EQ(greeted->endpoint, Endpoint::parse("192.0.2.2:4000"));
  EXPECT_EQ(greeted->installed_at, world.now.steady);

  world.advance(1s);
  ASSERT_TRUE(world.device->complete_handshake(client.public_key, world.now.wall));
  world.pass();
  EXPECT_EQ(world.interface().peers.table().count(PeerStage::greeting), 0U);
  const std::optional<PeerView> live = view(world.interface(), client.public_key);
  ASSERT_TRUE(live);
  EXPECT_EQ(live->stage, PeerStage::live);
  EXPECT_TRUE(live->is_ours);
}

TEST(View, TellsWhomSomebodyElsePutThere) {
  World world;
  const PublicKey other = test::make_key_pair(3).public_key;
  kernel::PeerChange change;
  change.key = other;
  ASSERT_TRUE(world.device->apply({&change, 1}).front());
  world.pass();
  const std::optional<PeerView> found = view(world.interface(), other);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->stage, PeerStage::idle);
  EXPECT_FALSE(found->is_ours);
}

PublicKey put_there(World& world, std::uint8_t number) {
  kernel::PeerChange change;
  change.key = test::make_key_pair(number).public_key;
  EXPECT_TRUE(world.device->apply({&change, 1}).front());
  return change.key;
}

TEST(View, TellsWhoStaysOnceWhileOthersComeAndGo) {
  World world;
  std::multiset<PublicKey> stays;
  for (std::uint8_t i = 10; i < 16; ++i)
    stays.insert(put_there(world, i));
  const PublicKey leaves = put_there(world, 16);
  world.pass();
  PeerSlice slice = views(world.interface(), {}, 2);
  std::multiset<PublicKey> told;
  for (int turn = 0;; ++turn) {
    for (const PeerView& peer : slice.peers)
      if (peer.key != leaves) told.insert(peer.key);
    if (!slice.rest) break;
    put_there(world, static_cast<std::uint8_t>(20 + turn)); // too late to be told
    kernel::PeerChange removal;
    removal.action = kernel::PeerChange::Action::remove;
    removal.key = leaves;
    ASSERT_TRUE(world.device->apply({&removal, 1}).front());
    world.pass();
    slice = views(world.interface(), slice.rest, 2);
  }
  EXPECT_EQ(told, stays);
}

TEST(View, EndsWithItsInterface) {
  World world;
  for (std::uint8_t i = 10; i < 14; ++i)
    put_there(world, i);
  world.pass();
  const PeerSlice first = views(world.interface(), {}, 2);
  ASSERT_TRUE(first.rest);
  world.flow.life().detach(world.interface().id);
  world.pass(); // they are found again, as new ones
  const PeerSlice second = views(world.interface(), first.rest, 2);
  EXPECT_TRUE(second.peers.empty());
  EXPECT_FALSE(second.rest);
}

} // namespace
} // namespace provisiond::flow
