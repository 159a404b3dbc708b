#include "flow_world.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <set>
#include <string>

// The life of a peer on its device after the first handshake, and of those that were there before.

namespace provisiond::flow {
namespace {

const test::KeyPair client = test::make_key_pair(2);
const test::KeyPair other = test::make_key_pair(3);
const test::KeyPair third = test::make_key_pair(4);

using Answer = std::variant<PeerRecord, Refusal>;

Answer row(const PublicKey& key, const char* prefix = "10.80.0.2/32") {
  return World::known(key, prefix);
}

void connect(World& world, const test::KeyPair& who, const char* prefix = "10.80.0.2/32",
             const char* from = "192.0.2.2:4000") {
  world.knock(world.sighting_of(who, from));
  world.answer_all([&](const PublicKey& key) { return row(key, prefix); });
  world.advance(30ms);
  ASSERT_TRUE(world.device->complete_handshake(who.public_key, world.now.wall));
  world.pass();
  ASSERT_EQ(world.interface().peers.table().find(who.public_key)->stage(), PeerStage::live);
}

void put_by_hand(World& world, const test::KeyPair& who, const char* prefix) {
  std::vector<kernel::PeerChange> changes(1);
  changes[0].key = who.public_key;
  changes[0].allowed_ips = {IpPrefix::parse(prefix).value()};
  ASSERT_TRUE(world.device->apply(changes)[0]);
}

Limits as_gateway(const char* name) {
  Limits limits;
  limits.gateway = name;
  limits.run = name;
  return limits;
}

// A pass, and what it decided goes to the device.
void pass(World& world) {
  world.pass();
  world.flow.commit(world.now);
}

void recheck(World& world) {
  world.flow.life().revalidate(world.now);
}

TEST(Life, AQuietPeerIsIdleAfterItsSessionAndGoneAfterTheTimeout) {
  World world;
  connect(world, client);
  world.advance(179s);
  pass(world);
  EXPECT_EQ(world.interface().peers.table().find(client.public_key)->stage(), PeerStage::live);
  world.advance(1s);
  pass(world);
  EXPECT_EQ(world.interface().peers.table().find(client.public_key)->stage(), PeerStage::idle);
  world.advance(7min);
  pass(world);
  EXPECT_EQ(world.interface().peers.table().find(client.public_key)->stage(), PeerStage::idle);
  EXPECT_EQ(world.device->peer_count(), 1U) << "one look is not enough";
  world.advance(10s);
  pass(world);
  EXPECT_EQ(world.device->peer_count(), 0U);
  EXPECT_EQ(world.metrics.evictions[Eviction::idle].value(), 1U);
}

TEST(Life, APeerThatComesBackBetweenTheTwoLooksStays) {
  World world;
  connect(world, client);
  world.advance(10min);
  pass(world);
  ASSERT_EQ(world.interface().peers.table().find(client.public_key)->stage(), PeerStage::idle);
  world.advance(1s);
  world.device->complete_handshake(client.public_key, world.now.wall);
  pass(world);
  EXPECT_EQ(world.interface().peers.table().find(client.public_key)->stage(), PeerStage::live);
  world.advance(1s);
  pass(world);
  EXPECT_EQ(world.device->peer_count(), 1U);
}

TEST(Life, AHandshakeEveryTwoMinutesKeepsAPeerForYears) {
  World world;
  connect(world, client);
  for (int i = 0; i < 2'000; ++i) {
    world.advance(2min);
    world.device->complete_handshake(client.public_key, world.now.wall);
    pass(world);
    ASSERT_EQ(world.interface().peers.table().find(client.public_key)->stage(), PeerStage::live);
  }
}

TEST(Life, AClockThatJumpsEvictsNobody) {
  World world;
  connect(world, client);
  world.now.wall += 1000h;
  for (int i = 0; i < 3; ++i)
    pass(world);
  EXPECT_EQ(world.interface().peers.table().find(client.public_key)->stage(), PeerStage::live);
  world.now.wall -= 5000h;
  for (int i = 0; i < 3; ++i)
    pass(world);
  EXPECT_EQ(world.device->peer_count(), 1U);
  world.advance(2min);
  world.device->complete_handshake(client.public_key, world.now.wall); // earlier than the last one
  world.advance(2min);
  pass(world);
  EXPECT_EQ(world.interface().peers.table().find(client.public_key)->stage(), PeerStage::live);
  world.advance(10min);
  for (int i = 0; i < 3; ++i)
    pass(world);
  EXPECT_EQ(world.device->peer_count(), 0U) << "nor does it keep anybody";
}

// The device told of this handshake by a clock that has been set since.
TEST(Life, AClockThatJumpedBeforeTheStartEvictsNobodyWhoHasASession) {
  for (const Duration jump : {Duration{1h}, Duration{-1h}}) {
    World world;
    put_by_hand(world, client, "10.80.0.2/32");
    world.device->complete_handshake(client.public_key, world.now.wall - 1min);
    world.now.wall += jump;
    pass(world);
    recheck(world);
    world.answer_known();
    for (int i = 0; i < 3; ++i)
      pass(world);
    EXPECT_EQ(world.device->peer_count(), 1U);
    world.advance(1min); // in step with its client it has another handshake
    world.device->complete_handshake(client.public_key, world.now.wall);
    world.advance(2min);
    for (int i = 0; i < 3; ++i)
      pass(world);
    EXPECT_EQ(world.interface().peers.table().find(client.public_key)->stage(), PeerStage::live);
    world.advance(10min);
    for (int i = 0; i < 3; ++i)
      pass(world);
    EXPECT_EQ(world.device->peer_count(), 0U) << "quiet, it is evicted like any other";
  }
}

// The steady clock stands while the machine sleeps, the wall clock does not.
TEST(Life, WhoIsThereAfterASleepHasItsIdleTimeoutBeforeIt) {
  World world;
  connect(world, client);
  world.now.wall += 8h;
  pass(world);
  EXPECT_EQ(world.device->peer_count(), 1U);
  world.advance(9min);
  pass(world);
  EXPECT_EQ(world.interface().peers.table().find(client.public_key)->stage(), PeerStage::idle);
  world.advance(1min);
  for (int i = 0; i < 2; ++i)
    pass(world);
  EXPECT_EQ(world.device->peer_count(), 0U);
}

TEST(Life, WhoIsBackSoonIsARegret) {
  World world;
  connect(world, client);
  world.advance(10min);
  for (int i = 0; i < 3; ++i)
    pass(world);
  ASSERT_EQ(world.device->peer_count(), 0U);
  world.advance(9min);
  connect(world, client);
  EXPECT_EQ(world.metrics.premature_evictions.value(), 1U);
}

TEST(Life, APeerLeavesWhenItsRowExpires) {
  World world;
  world.knock(world.sighting_of(client));
  world.answer_all([&](const PublicKey& key) {
    Answer answer = row(key);
    std::get<PeerRecord>(answer).expires_at = world.now.wall + 1min;
    return answer;
  });
  world.advance(30ms);
  world.device->complete_handshake(client.public_key, world.now.wall);
  pass(world);
  world.advance(1min);
  pass(world);
  EXPECT_EQ(world.device->peer_count(), 0U);
  EXPECT_EQ(world.metrics.evictions[Eviction::expired].value(), 1U);
}

TEST(Life, AFullInterfaceMakesRoomByItsQuietestPeer) {
  World world; // three peers at most
  connect(world, client, "10.80.0.2/32");
  world.advance(1s);
  connect(world, other, "10.80.0.3/32");
  world.advance(1s);
  connect(world, third, "10.80.0.4/32");
  const test::KeyPair newcomer = test::make_key_pair(5);
  world.knock(world.sighting_of(newcomer));
  world.answer_all([](const PublicKey& key) { return row(key, "10.80.0.5/32"); });
  EXPECT_EQ(world.refusals(Refusal::interface_full), 1U) << "all of them are connected";

  world.advance(180s);
  world.device->complete_handshake(client.public_key, world.now.wall);
  pass(world);
  world.knock(world.sighting_of(newcomer));
  world.answer_all([](const PublicKey& key) { return row(key, "10.80.0.5/32"); });
  EXPECT_EQ(world.device->find(other.public_key), nullptr);
  EXPECT_NE(world.device->find(newcomer.public_key), nullptr);
  EXPECT_EQ(world.device->peer_count(), 3U);
  EXPECT_EQ(world.metrics.evictions[Eviction::over_limit].value(), 1U);
}

TEST(Life, APinnedPeerMakesRoomLast) {
  World world;
  world.interface().max_peers = 2;
  world.knock(world.sighting_of(client));
  world.answer_all([](const PublicKey& key) {
    Answer answer = row(key);
    std::get<PeerRecord>(answer).is_evicted_last = true;
    return answer;
  });
  world.device->complete_handshake(client.public_key, world.now.wall);
  pass(world);
  world.advance(1s);
  connect(world, other, "10.80.0.3/32");
  world.advance(180s);
  pass(world);
  connect(world, third, "10.80.0.4/32");
  EXPECT_NE(world.device->find(client.public_key), nullptr);
  EXPECT_EQ(world.device->find(other.public_key), nullptr);
}

TEST(Life, MorePeersThanAllowedAreReduced) {
  World world;
  connect(world, client, "10.80.0.2/32");
  connect(world, other, "10.80.0.3/32");
  world.advance(180s);
  world.interface().max_peers = 1;
  pass(world);
  pass(world);
  EXPECT_EQ(world.device->peer_count(), 1U);
}

TEST(Life, WhoNeverConnectedLeavesBeforeWhoIsIdle) {
  World world; // three peers at most
  connect(world, client, "10.80.0.2/32");
  connect(world, other, "10.80.0.3/32");
  world.advance(180s);
  world.knock(world.sighting_of(third));
  world.answer_all([](const PublicKey& key) { return row(key, "10.80.0.4/32"); });
  world.advance(16s);
  put_by_hand(world, test::make_key_pair(5), "10.80.0.5/32");
  pass(world);
  EXPECT_EQ(world.device->find(third.public_key), nullptr);
  EXPECT_EQ(world.device->peer_count(), 3U);
  EXPECT_EQ(world.metrics.evictions[Eviction::over_limit].value(), 0U);
}

TEST(Life, APeerThatWasThereBeforeIsAdopted) {
  World world;
  put_by_hand(world, client, "10.80.0.2/32");
  world.device->complete_handshake(client.public_key, world.now.wall - 1s);
  pass(world);
  recheck(world);
  world.device->forget_history();
  world.answer_known();
  EXPECT_EQ(world.metrics.peers_adopted.value(), 1U);
  EXPECT_EQ(world.interface().peers.table().find(client.public_key)->owner, Owner::ours);
  ASSERT_EQ(world.device->changes().size(), 1U);
  EXPECT_FALSE(world.device->changes()[0].allowed_ips.has_value()) << "traffic is not disturbed";
  EXPECT_FALSE(world.device->changes()[0].keepalive_seconds.has_value());
  EXPECT_TRUE(world.device->initiations().empty());
}

// What is kept in step with the device asks the index what may have changed.
TEST(Life, WhosePeerItIsCountsAsAChangeOfItsPrefixes) {
  World world;
  Interface& interface = world.interface();
  interface.peers.allowed_ips().remember_changes();
  interface.known = Interface::Known::none;
  put_by_hand(world, client, "10.80.0.2/32");
  pass(world);
  EXPECT_EQ(interface.known, Interface::Known::all);
  EXPECT_EQ(interface.peers.allowed_ips().take_changes().size(), 1U); // it was found
  recheck(world);
  world.answer_refused(Refusal::unknown_key);
  EXPECT_EQ(interface.peers.allowed_ips().take_changes().size(), 1U); // it is foreign
  pass(world);
  EXPECT_TRUE(interface.peers.allowed_ips().take_changes().empty());
  world.flow.life().changed({.interface = interface.id, .key = client.public_key}, world.now);
  recheck(world);
  world.answer_known();
  EXPECT_EQ(interface.peers.allowed_ips().take_changes().size(), 1U); // it is ours
  world.flow.life().detach(interface.id);
  EXPECT_EQ(interface.known, Interface::Known::none);
}

TEST(Life, AnAdoptedPeerIsEvictedLikeAnyOther) {
  World world;
  put_by_hand(world, client, "10.80.0.2/32");
  world.device->complete_handshake(client.public_key, world.now.wall - 5min);
  pass(world);
  recheck(world);
  world.answer_known();
  world.advance(5min);
  pass(world);
  pass(world);
  EXPECT_EQ(world.device->peer_count(), 0U);
}

TEST(Life, WhatTheDatabaseDoesNotKnowIsLeftAlone) {
  World world;
  put_by_hand(world, client, "10.80.0.2/32");
  pass(world);
  recheck(world);
  world.answer_refused(Refusal::unknown_key);
  world.advance(24h);
  for (int i = 0; i < 3; ++i)
    pass(world);
  EXPECT_EQ(world.device->peer_count(), 1U);
  EXPECT_EQ(world.metrics.foreign_peers.value(), 1);
}

TEST(Life, AnExclusiveInterfaceHasNoForeignPeers) {
  World world;
  world.interface().is_exclusive = true;
  put_by_hand(world, client, "10.80.0.2/32");
  pass(world);
  recheck(world);
  world.answer_refused(Refusal::database_unavailable);
  EXPECT_EQ(world.device->peer_count(), 1U) << "nobody was asked";
  recheck(world);
  world.answer_refused(Refusal::unknown_key);
  world.flow.commit(world.now);
  EXPECT_EQ(world.device->peer_count(), 0U);
  EXPECT_EQ(world.metrics.evictions[Eviction::foreign].value(), 1U);
}

TEST(Life, ARevokedPeerFromBeforeTheStartIsTakenOff) {
  World world;
  put_by_hand(world, client, "10.80.0.2/32");
  pass(world);
  recheck(world);
  world.answer_refused(Refusal::revoked);
  EXPECT_EQ(world.device->peer_count(), 0U);
}

TEST(Life, AddressesThatSomebodyElseChangedAreAskedFor) {
  World world;
  connect(world, client);
  put_by_hand(world, client, "10.80.0.99/32");
  pass(world);
  recheck(world);
  world.answer_known();
  EXPECT_EQ(world.device->find(client.public_key)->allowed_ips,
            std::vector<IpPrefix>{IpPrefix::parse("10.80.0.2/32").value()});
}

TEST(Life, WhoIsRevokedInTheTurnOfItsInstallLeavesAtOnce) {
  World world;
  connect(world, client);
  world.flow.life().changed({.interface = InterfaceId{0}, .key = client.public_key}, world.now);
  recheck(world);
  std::vector<LookupRequest> asked = world.lookups.drain(10);
  ASSERT_EQ(asked.size(), 1U);
  // Somebody takes it off, and it knocks before the answer is there.
  std::vector<kernel::PeerChange> changes(1);
  changes[0].action = kernel::PeerChange::Action::remove;
  changes[0].key = client.public_key;
  ASSERT_TRUE(world.device->apply(changes)[0]);
  world.advance(1s);
  pass(world);
  world.knock(world.sighting_of(client));
  const std::vector<LookupRequest> knocked = world.lookups.drain(10);
  ASSERT_EQ(knocked.size(), 1U);
  world.flow.answered(World::answer_to(knocked[0], row(client.public_key)), world.now);
  LookupAnswer later = World::answer_to(asked[0], Refusal::revoked);
  later.asked_at = world.now.steady + 1ms;
  world.flow.answered(std::move(later), world.now);
  world.flow.commit(world.now);
  recheck(world);
  world.answer_refused(Refusal::revoked);
  EXPECT_EQ(world.device->peer_count(), 0U);
  EXPECT_EQ(world.refusals(Refusal::revoked), 1U);
}

// A pass shows the past.

TEST(Life, WhatChangedDuringAPassIsNotUndoneByIt) {
  World world;
  connect(world, client, "10.80.0.2/32");
  connect(world, other, "10.80.0.3/32");
  world.flow.life().begin_pass(world.interface().id);
  kernel::PeerList past = world.device->peers().value();
  // One leaves, one gets another address, one comes.
  world.advance(1ms);
  world.flow.life().changed({.interface = InterfaceId{0}, .key = client.public_key}, world.now);
  world.flow.life().changed({.interface = InterfaceId{0}, .key = other.public_key}, world.now);
  recheck(world);
  world.answer_all([](const PublicKey& key) {
    return key == client.public_key ? Answer{Refusal::revoked} : row(key, "10.80.0.30/32");
  });
  world.advance(2s);
  world.knock(world.sighting_of(third));
  world.answer_all([](const PublicKey& key) { return row(key, "10.80.0.4/32"); });

  world.flow.life().take_pass(world.interface().id, std::move(past), world.now);
  EXPECT_EQ(world.interface().peers.table().find(client.public_key), nullptr);
  EXPECT_NE(world.interface().peers.table().find(third.public_key), nullptr);
  EXPECT_EQ(world.flow.life().greeted(), 1U);
  const std::vector<IpPrefix> moved{IpPrefix::parse("10.80.0.30/32").value()};
  EXPECT_TRUE(world.interface().peers.allowed_ips().has_exactly(other.public_key, moved));
}

TEST(Life, AnOldHandshakeOfAPeerThatCameAgainIsNoSession) {
  World world;
  connect(world, client);
  world.flow.life().begin_pass(world.interface().id);
  kernel::PeerList past = world.device->peers().value();
  world.advance(1ms);
  world.flow.life().changed({.interface = InterfaceId{0}, .key = client.public_key}, world.now);
  recheck(world);
  world.answer_refused(Refusal::revoked);
  world.advance(1s);
  world.knock(world.sighting_of(client));
  world.answer_known();
  world.flow.life().take_pass(world.interface().id, std::move(past), world.now);
  EXPECT_EQ(world.interface().peers.table().find(client.public_key)->stage(), PeerStage::greeting);
}

// As if so many were on the device.
std::vector<kernel::PeerState> crowd(std::size_t count) {
  std::vector<kernel::PeerState> many(count);
  for (std::size_t i = 0; i < many.size(); ++i) {
    many[i].key.bytes[0] = static_cast<std::uint8_t>(i);
    many[i].key.bytes[1] = static_cast<std::uint8_t>(i >> 8);
    many[i].key.bytes[2] = 1;
  }
  return many;
}

void see(World& world, std::vector<kernel::PeerState> peers) {
  world.flow.life().begin_pass(world.interface().id);
  world.flow.life().take_pass(world.interface().id, {.peers = std::move(peers)}, world.now);
  while (world.flow.life().is_passing())
    world.flow.life().work_off_passes(world.now);
}

TEST(Life, ALargePassIsWorkedOffInSlices) {
  World world;
  world.flow.life().begin_pass(world.interface().id);
  world.flow.life().take_pass(world.interface().id, {.peers = crowd(2'500)}, world.now);
  EXPECT_EQ(world.interface().peers.table().size(), 1'024U);
  ASSERT_TRUE(world.flow.life().is_passing());
  world.flow.life().work_off_passes(world.now);
  world.flow.life().work_off_passes(world.now);
  EXPECT_EQ(world.interface().peers.table().size(), 2'500U);
  EXPECT_FALSE(world.flow.life().is_passing());
}

TEST(Life, ManyThatSomebodyElseRemovedAreDroppedInSlices) {
  World world;
  see(world, crowd(1'000));
  world.flow.life().begin_pass(world.interface().id);
  world.flow.life().take_pass(world.interface().id, {}, world.now);
  EXPECT_TRUE(world.flow.life().is_passing());
  EXPECT_GT(world.interface().peers.table().size(), 500U);
  // One that comes back by the front door meanwhile is there, and stays.
  const PublicKey first = crowd(1)[0].key;
  EXPECT_EQ(world.interface().peers.table().find(first), nullptr);
  world.interface().peers.table().add(first, peers::Installing{});
  while (world.flow.life().is_passing())
    world.flow.life().work_off_passes(world.now);
  EXPECT_EQ(world.interface().peers.table().size(), 1U);
  EXPECT_EQ(world.metrics.peers.value(), 1);
}

// A slice at a time, each is asked about once, and the position is not applied before.
TEST(Life, AnyKeyMeansEverybodyInTheTurnsThatFollow) {
  World world;
  see(world, crowd(1'000));
  std::multiset<PublicKey> asked;
  const auto ask_all = [&] {
    do {
      world.flow.life().revalidate(world.now);
      world.answer_all([&](const PublicKey& key) -> Answer {
        asked.insert(key);
        return Refusal::unknown_key;
      });
    } while (world.metrics.rechecks.value() > 0);
  };
  world.flow.life().revalidate(world.now);
  ask_all();
  asked.clear();
  world.advance(1ms);
  world.flow.life().changed({.interface = InterfaceId{0}, .key = std::nullopt}, world.now);
  world.flow.life().revalidate(world.now);
  EXPECT_GE(world.metrics.rechecks.value(), 1'000 - 8);
  ask_all();
  EXPECT_EQ(asked.size(), 1'000U);
  EXPECT_EQ(std::set<PublicKey>(asked.begin(), asked.end()).size(), 1'000U);
}

TEST(Life, WhoWasAskedAboutSinceAChangeOfAnyKeyIsNotAskedAgain) {
  World world;
  see(world, crowd(1'000));
  world.flow.life().changed({.interface = InterfaceId{0}, .key = std::nullopt}, world.now);
  world.advance(1ms);
  std::size_t asked = 0;
  do {
    world.flow.life().revalidate(world.now);
    world.answer_all([&](const PublicKey&) -> Answer {
      ++asked;
      return Refusal::unknown_key;
    });
  } while (world.metrics.rechecks.value() > 0);
  EXPECT_EQ(asked, 1'000U);
}

TEST(Life, AKeyThatAChangeNamesIsAskedAboutBeforeTheOthers) {
  World world;
  see(world, crowd(1'000));
  world.flow.life().revalidate(world.now);
  world.answer_refused(Refusal::unknown_key);
  const PublicKey named = crowd(1'000).back().key;
  world.flow.life().changed({.interface = InterfaceId{0}, .key = named}, world.now);
  world.flow.life().revalidate(world.now);
  const std::vector<LookupRequest> requests = world.lookups.drain(1);
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].key, named);
}

TEST(Life, ALoopWithRechecksToGatherIsAskedToComeBack) {
  World world;
  see(world, crowd(1'000));
  EXPECT_FALSE(world.flow.life().has_work());
  do {
    world.flow.life().revalidate(world.now);
    world.answer_refused(Refusal::unknown_key);
  } while (world.metrics.rechecks.value() > 0);
  world.flow.life().changed({.interface = InterfaceId{0}, .key = std::nullopt}, world.now);
  EXPECT_TRUE(world.flow.life().has_work());
  world.flow.life().revalidate(world.now);
  world.flow.life().revalidate(world.now);
  EXPECT_FALSE(world.flow.life().has_work()) << "as many wait as are looked up at a time";
}

TEST(Life, ASlowMachineTakesMoreTurnsForAPassNotALongerOne) {
  World world;
  world.clock_step = 400us;
  world.flow.life().begin_pass(world.interface().id);
  world.flow.life().take_pass(world.interface().id, {.peers = crowd(1'000)}, world.now);
  EXPECT_LT(world.interface().peers.table().size(), 200U);
  int turns = 1;
  for (; world.flow.life().has_work() && turns < 100; ++turns)
    world.flow.life().work_off_passes(world.now);
  EXPECT_GT(turns, 5);
  EXPECT_EQ(world.interface().peers.table().size(), 1'000U);
}

TEST(Life, APassOfADeviceThatWentMeanwhileIsForgotten) {
  World world;
  connect(world, client);
  world.flow.life().begin_pass(world.interface().id);
  kernel::PeerList past = world.device->peers().value();
  world.flow.life().detach(world.interface().id);
  world.flow.life().take_pass(world.interface().id, std::move(past), world.now);
  EXPECT_EQ(world.interface().peers.table().size(), 0U);
}

TEST(Life, GatewaysThatStartTogetherDoNotReportTogether) {
  std::set<int> seconds;
  for (const char* name : {"gateway-a", "gateway-b", "gateway-c", "gateway-d"}) {
    World world{GreetingMode::reverse, as_gateway(name)};
    for (int second = 0; second < 61; ++second) {
      pass(world);
      for (const DatabaseReport& report : world.recorded.drain(10))
        if (std::holds_alternative<InterfaceReport>(report) && second > 0) seconds.insert(second);
      world.advance(1s);
    }
  }
  EXPECT_GT(seconds.size(), 2U);
  EXPECT_GE(*seconds.begin(), 30);
}

TEST(Life, APositionIsReportedOnceEveryPeerFollowsIt) {
  World world;
  connect(world, client);
  static_cast<void>(world.recorded.drain(100));
  const auto reported = [&] {
    world.advance(61s);
    world.device->complete_handshake(client.public_key, world.now.wall);
    pass(world);
    for (DatabaseReport& report : world.recorded.drain(100))
      if (const InterfaceReport* const found = std::get_if<InterfaceReport>(&report))
        return found->position;
    return std::string{"none"};
  };
  world.flow.life().changed(
      {.interface = InterfaceId{0}, .key = client.public_key, .position = "7:7:"}, world.now);
  recheck(world);
  EXPECT_EQ(reported(), "");
  world.answer_known();
  recheck(world);
  EXPECT_EQ(reported(), "7:7:");
  EXPECT_EQ(world.metrics.rechecks.value(), 0);
}

// Sessions on several gateways.

Answer held(const PublicKey& key, const char* gateway) {
  Answer answer = row(key);
  std::get<PeerRecord>(answer).held_by =
      SessionHolder{.gateway = gateway, .interface = "wg0", .run = gateway};
  std::get<PeerRecord>(answer).newest_initiation = Tai64n{0xff};
  return answer;
}

std::vector<SessionOwnership> ownerships_of(World& world) {
  std::vector<SessionOwnership> claims;
  for (DatabaseReport& report : world.recorded.drain(100)) {
    if (SessionOwnership* const claim = std::get_if<SessionOwnership>(&report))
      claims.push_back(*claim);
  }
  return claims;
}

TEST(Life, ASessionIsClaimedOnceItIsThere) {
  World world;
  world.knock(world.sighting_of(client));
  world.answer_known();
  EXPECT_TRUE(ownerships_of(world).empty());
  world.device->complete_handshake(client.public_key, world.now.wall);
  pass(world);
  const std::vector<SessionOwnership> claims = ownerships_of(world);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims[0].key, client.public_key);
  EXPECT_EQ(claims[0].name, "wg0");
  EXPECT_TRUE(claims[0].initiation.has_value());
}

TEST(Life, APeerThatMovedToAnotherGatewayIsDropped) {
  World world{GreetingMode::reverse, as_gateway("a")};
  connect(world, client);
  world.advance(1ms);
  world.flow.life().changed({.interface = InterfaceId{0}, .key = client.public_key}, world.now);
  recheck(world);
  world.answer_all([](const PublicKey& key) { return held(key, "a"); });
  EXPECT_EQ(world.device->peer_count(), 1U);
  world.advance(1ms);
  world.flow.life().changed({.interface = InterfaceId{0}, .key = client.public_key}, world.now);
  recheck(world);
  world.answer_all([](const PublicKey& key) { return held(key, "b"); });
  world.flow.commit(world.now);
  EXPECT_EQ(world.device->peer_count(), 0U);
  EXPECT_EQ(world.metrics.evictions[Eviction::moved].value(), 1U);
}

TEST(Life, APeerThatWentOnBeforeItConnectedHereIsNotGreetedAway) {
  World world{GreetingMode::reverse, as_gateway("a")};
  world.knock(world.sighting_of(client));
  world.answer_known();
  world.advance(1ms);
  world.flow.life().changed({.interface = InterfaceId{0}, .key = client.public_key}, world.now);
  recheck(world);
  world.answer_all([](const PublicKey& key) { return held(key, "b"); });
  EXPECT_EQ(world.device->peer_count(), 0U);
  EXPECT_EQ(world.refusals(Refusal::never_connected), 1U);
}

TEST(Life, APeerThatCameHereStaysWhileItsClaimIsNotWritten) {
  World world{GreetingMode::reverse, as_gateway("a")};
  connect(world, client);
  ASSERT_EQ(ownerships_of(world).size(), 1U);
  world.advance(1ms);
  world.flow.life().changed({.interface = InterfaceId{0}, .key = std::nullopt}, world.now);
  recheck(world);
  const auto still_with_b = [](const PublicKey& key) {
    Answer answer = held(key, "b");
    std::get<PeerRecord>(answer).newest_initiation = Tai64n{}; // older than what brought it here
    return answer;
  };
  world.answer_all(still_with_b);
  EXPECT_EQ(world.device->peer_count(), 1U);
  EXPECT_EQ(ownerships_of(world).size(), 1U) << "and it is claimed once more";
}

TEST(Life, APeerThatComesBackByItselfIsClaimedAgain) {
  World world;
  connect(world, client);
  static_cast<void>(ownerships_of(world));
  world.advance(180s);
  pass(world);
  world.advance(60s);
  world.device->complete_handshake(client.public_key, world.now.wall);
  pass(world);
  const std::vector<SessionOwnership> claims = ownerships_of(world);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_FALSE(claims[0].initiation.has_value());
  EXPECT_EQ(claims[0].at, world.now.wall);
}

TEST(Life, AHandshakeDoesNotSaveAPeerThatMoved) {
  World world{GreetingMode::reverse, as_gateway("a")};
  connect(world, client);
  world.interface().peers.table().find(client.public_key)->session.initiation.reset();
  world.advance(1ms);
  world.flow.life().changed({.interface = InterfaceId{0}, .key = client.public_key}, world.now);
  recheck(world);
  for (const LookupRequest& request : world.lookups.drain(10))
    world.flow.answered(World::answer_to(request, held(request.key, "b")), world.now);
  world.advance(1s);
  world.device->complete_handshake(client.public_key, world.now.wall);
  world.pass();
  world.flow.commit(world.now);
  EXPECT_EQ(world.device->peer_count(), 0U);
}

TEST(Life, ATrialThatNobodyEndedIsTakenOff) {
  World world;
  std::vector<kernel::PeerChange> changes(1);
  changes[0].key = client.public_key;
  ASSERT_TRUE(world.device->apply(changes)[0]);
  pass(world);
  recheck(world);
  world.answer_all([](const PublicKey& key) {
    PeerRecord record;
    record.key = key;
    record.is_on_trial = true;
    return Answer{std::move(record)};
  });
  EXPECT_EQ(world.device->peer_count(), 0U) << "it may knock again";
}

TEST(Life, ATrialThatCannotBeEnrolledLeavesNothing) {
  World world;
  world.knock(world.sighting_of(client));
  world.answer_all([](const PublicKey& key) {
    PeerRecord record;
    record.key = key;
    record.is_on_trial = true;
    return Answer{std::move(record)};
  });
  while (world.lookups.push({.interface = InterfaceId{0}, .key = {}, .asked_at = {}})) {
  }
  world.device->complete_handshake(client.public_key, world.now.wall);
  pass(world);
  EXPECT_EQ(world.device->peer_count(), 0U);
  EXPECT_EQ(world.interface().peers.table().size(), 0U);
}

TEST(Life, AnAnswerFromBeforeAnotherIsOfNoUse) {
  World world;
  connect(world, client);
  world.flow.life().changed({.interface = InterfaceId{0}, .key = client.public_key}, world.now);
  recheck(world);
  const std::vector<LookupRequest> early = world.lookups.drain(10);
  world.advance(1ms);
  world.flow.life().changed({.interface = InterfaceId{0}, .key = client.public_key}, world.now);
  recheck(world);
  world.answer_all([](const PublicKey& key) { return row(key, "10.80.0.9/32"); });
  world.flow.answered(World::answer_to(early[0], row(client.public_key, "10.80.0.2/32")),
                      world.now);
  world.flow.commit(world.now);
  EXPECT_EQ(world.device->find(client.public_key)->allowed_ips,
            std::vector<IpPrefix>{IpPrefix::parse("10.80.0.9/32").value()});
}

TEST(Life, WhoIsCutWhileBeingGreetedIsCounted) {
  World world;
  world.knock(world.sighting_of(client));
  world.answer_known();
  world.advance(1ms);
  world.flow.life().changed({.interface = InterfaceId{0}, .key = client.public_key}, world.now);
  recheck(world);
  world.answer_refused(Refusal::revoked);
  EXPECT_EQ(world.refusals(Refusal::revoked), 1U);
  world.knock(world.sighting_of(other));
  world.answer_all([](const PublicKey& key) { return row(key, "10.80.0.3/32"); });
  world.flow.life().detach(world.interface().id);
  EXPECT_EQ(world.refusals(Refusal::interface_gone), 1U);
}

TEST(Life, APeerThatMayBeOnSeveralGatewaysStays) {
  World world{GreetingMode::reverse, as_gateway("a")};
  connect(world, client);
  world.advance(1ms);
  world.flow.life().changed({.interface = InterfaceId{0}, .key = client.public_key}, world.now);
  recheck(world);
  world.answer_all([](const PublicKey& key) {
    Answer answer = held(key, "b");
    std::get<PeerRecord>(answer).may_be_on_several_gateways = true;
    return answer;
  });
  EXPECT_EQ(world.device->peer_count(), 1U);
}

TEST(Life, APeerThatIsJustComingHereIsNotDroppedForWhereItWas) {
  World world{GreetingMode::reverse, as_gateway("a")};
  const auto still_with_b = [](const PublicKey& key) {
    Answer answer = held(key, "b");
    std::get<PeerRecord>(answer).newest_initiation = Tai64n{}; // older than what brought it here
    return answer;
  };
  world.knock(world.sighting_of(client));
  world.answer_all(still_with_b);
  ASSERT_EQ(world.device->peer_count(), 1U);
  world.advance(1ms);
  world.flow.life().changed({.interface = InterfaceId{0}, .key = client.public_key}, world.now);
  recheck(world);
  world.answer_all(still_with_b);
  EXPECT_EQ(world.device->peer_count(), 1U);
}

TEST(Life, AnInitiationThatAnyGatewayHadInstallsNothing) {
  World world;
  const Sighting first = world.sighting_of(client);
  world.knock(first);
  const Tai64n had = [] {
    Tai64n timestamp{};
    timestamp[7] = 1;
    return timestamp;
  }();
  world.answer_all([&](const PublicKey& key) {
    Answer answer = row(key);
    std::get<PeerRecord>(answer).newest_initiation = had;
    return answer;
  });
  EXPECT_EQ(world.refusals(Refusal::replayed), 1U);
  EXPECT_EQ(world.device->peer_count(), 0U);
  world.advance(2s);
  world.knock(world.sighting_of(client));
  world.answer_all([&](const PublicKey& key) {
    Answer answer = row(key);
    std::get<PeerRecord>(answer).newest_initiation = had;
    return answer;
  });
  EXPECT_EQ(world.device->peer_count(), 1U) << "a newer one does";
}

// Policies.

Answer from_only(const PublicKey& key, const char* prefix, bool may_roam) {
  Answer answer = row(key);
  if (prefix != nullptr)
    std::get<PeerRecord>(answer).allowed_sources = {IpPrefix::parse(prefix).value()};
  std::get<PeerRecord>(answer).may_roam = may_roam;
  return answer;
}

TEST(Life, AFirstPacketFromElsewhereIsRefused) {
  World world;
  world.knock(world.sighting_of(client, "203.0.113.9:1"));
  world.answer_all([](const PublicKey& key) { return from_only(key, "192.0.2.0/24", true); });
  EXPECT_EQ(world.refusals(Refusal::source_not_allowed), 1U);
  world.advance(2s);
  world.knock(world.sighting_of(client, "192.0.2.2:1"));
  world.answer_all([](const PublicKey& key) { return from_only(key, "192.0.2.0/24", true); });
  EXPECT_EQ(world.device->peer_count(), 1U);
  world.device->complete_handshake(client.public_key, world.now.wall);
  world.device->roam(client.public_key, Endpoint::parse("203.0.113.9:1").value());
  pass(world);
  EXPECT_EQ(world.device->peer_count(), 1U) << "it may roam";
}

TEST(Life, APeerThatMayNotRoamStaysWhereItWasLetIn) {
  for (const char* prefix : {static_cast<const char*>(nullptr), "192.0.2.0/24"}) {
    World world;
    world.knock(world.sighting_of(client, "192.0.2.2:4000"));
    world.answer_all([&](const PublicKey& key) { return from_only(key, prefix, false); });
    world.device->complete_handshake(client.public_key, world.now.wall);
    pass(world);
    world.device->roam(client.public_key, Endpoint::parse("192.0.2.2:5000").value());
    pass(world);
    EXPECT_EQ(world.device->peer_count(), 1U) << "another port is the same place";
    world.device->roam(client.public_key, Endpoint::parse("203.0.113.9:1").value());
    pass(world);
    EXPECT_EQ(world.device->peer_count(), 0U);
    EXPECT_EQ(world.metrics.evictions[Eviction::roamed].value(), 1U);
  }
}

// Years in a moment: whatever happens in whatever order, the table, the roster and the device agree
// once a pass has been made, nobody is on the device twice or for ever, and a session is never cut.
TEST(Life, NoScheduleStrandsOrLeaksAPeer) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    std::mt19937 random{seed};
    World world;
    const std::array clients{test::make_key_pair(2), test::make_key_pair(3),
                             test::make_key_pair(4)};
    const auto prefix_of = [&](const PublicKey& key) {
      for (std::size_t i = 0; i < clients.size(); ++i)
        if (clients[i].public_key == key) return "10.80.0." + std::to_string(i + 2) + "/32";
      return std::string{"10.80.1.0/32"};
    };
    for (int step = 0; step < 600; ++step) {
      const test::KeyPair& who = clients[random() % clients.size()];
      switch (random() % 9) {
      case 0:
        world.knock(world.sighting_of(who));
        break;
      case 1:
        world.answer_all([&](const PublicKey& key) { return row(key, prefix_of(key).c_str()); });
        break;
      case 2:
        world.answer_all([&](const PublicKey&) {
          return Answer{random() % 2 == 0 ? Refusal::revoked : Refusal::database_unavailable};
        });
        break;
      case 3:
        world.device->complete_handshake(who.public_key, world.now.wall);
        break;
      case 4:
        world.advance(std::chrono::seconds{random() % 400});
        break;
      case 5:
        pass(world);
        break;
      case 6:
        world.flow.life().changed({.interface = InterfaceId{0}, .key = who.public_key}, world.now);
        recheck(world);
        break;
      case 7:
        put_by_hand(world, who, prefix_of(who.public_key).c_str());
        break;
      case 8:
        static_cast<void>(world.handshakes.drain(100));
        break;
      }
      world.advance(10ms);
    }
    pass(world);
    const std::vector<kernel::PeerState> on_device = world.device->peers().value().peers;
    std::size_t counted = 0;
    for (const kernel::PeerState& state : on_device) {
      const Peer* const peer = world.interface().peers.table().find(state.key);
      ASSERT_NE(peer, nullptr) << "seed " << seed;
      ++counted;
    }
    EXPECT_EQ(world.interface().peers.table().size(), counted) << "seed " << seed;
    EXPECT_EQ(world.flow.life().greeted(),
              world.interface().peers.table().count(PeerStage::greeting));

    // All is quiet from now on: whoever has a row goes in the end, and nothing is left of them.
    for (int i = 0; i < 30; ++i) {
      world.advance(1min);
      recheck(world);
      world.answer_all([&](const PublicKey& key) { return row(key, prefix_of(key).c_str()); });
      pass(world);
    }
    EXPECT_EQ(world.device->peer_count(), 0U) << "seed " << seed;
    EXPECT_EQ(world.interface().peers.table().size(), 0U) << "seed " << seed;
    EXPECT_EQ(world.flow.life().greeted(), 0U);
  }
}

} // namespace
} // namespace provisiond::flow
