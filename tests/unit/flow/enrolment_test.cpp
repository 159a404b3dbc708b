#include "flow_world.hpp"

#include <gtest/gtest.h>

namespace provisiond::flow {
namespace {

const test::KeyPair client = test::make_key_pair(2);
const test::KeyPair other = test::make_key_pair(3);

std::variant<PeerRecord, Refusal> on_trial(const PublicKey& key) {
  PeerRecord record;
  record.key = key;
  record.preshared_key.emplace();
  record.preshared_key->writable()[0] = 7;
  record.is_on_trial = true;
  return record;
}

// The client is on the device, on trial.
void try_out(World& world, const test::KeyPair& who = client) {
  world.knock(world.sighting_of(who));
  world.answer_all(on_trial);
}

void connect(World& world) {
  world.advance(30ms);
  ASSERT_TRUE(world.device->complete_handshake(client.public_key, world.now.wall));
  world.pass();
}

TEST(Enrolment, ADeviceOnTrialHasTheEnrolmentKeyAndNoAddresses) {
  World world;
  try_out(world);
  const kernel::PeerState* const peer = world.device->find(client.public_key);
  ASSERT_NE(peer, nullptr);
  EXPECT_TRUE(peer->allowed_ips.empty());
  EXPECT_EQ(world.lookups.size(), 0U) << "nothing is enrolled before there is a session";
}

TEST(Enrolment, ASessionMakesItAPeerWithAddresses) {
  World world;
  try_out(world);
  connect(world);
  EXPECT_EQ(world.metrics.peers_connected.value(), 1U);
  const std::vector<LookupRequest> asked = world.lookups.drain(10);
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].purpose, LookupPurpose::enrol);
  world.flow.answered(World::answer_to(asked[0], World::known(client.public_key)), world.now);
  world.flow.commit(world.now);
  const kernel::PeerState* const peer = world.device->find(client.public_key);
  ASSERT_NE(peer, nullptr);
  EXPECT_EQ(peer->allowed_ips.size(), 1U);
  EXPECT_EQ(world.metrics.peers_enrolled.value(), 1U);
}

TEST(Enrolment, WithoutASessionItLeavesSoonAndIsRemembered) {
  World world;
  try_out(world);
  world.advance(5s);
  world.pass();
  EXPECT_EQ(world.device->peer_count(), 0U);
  EXPECT_EQ(world.refusals(Refusal::trial_failed), 1U);
  world.knock(world.sighting_of(client));
  EXPECT_EQ(world.refusals(Refusal::known_refused), 1U);
}

TEST(Enrolment, WhatTheDatabaseDoesNotEnrolLeavesTheDevice) {
  for (const Refusal refusal : {Refusal::not_enrolled, Refusal::revoked, Refusal::unknown_key}) {
    World world;
    try_out(world);
    connect(world);
    world.answer_refused(refusal);
    EXPECT_EQ(world.device->peer_count(), 0U);
    world.advance(1s);
    world.knock(world.sighting_of(client));
    EXPECT_EQ(world.refusals(Refusal::known_refused), 1U) << to_string(refusal);
  }
}

TEST(Enrolment, AnOutageAtThatMomentIsNotHeldAgainstIt) {
  World world;
  try_out(world);
  connect(world);
  world.answer_refused(Refusal::database_unavailable);
  EXPECT_EQ(world.device->peer_count(), 0U);
  world.advance(1s);
  world.knock(world.sighting_of(client));
  EXPECT_EQ(world.refusals(Refusal::known_refused), 0U);
  EXPECT_EQ(world.lookups.size(), 1U);
}

TEST(Enrolment, APeerThatIsStillOnTrialAfterwardsLeaves) {
  World world;
  try_out(world);
  connect(world);
  world.answer_all(on_trial);
  EXPECT_EQ(world.device->peer_count(), 0U);
}

TEST(Enrolment, ARecheckLeavesATrialAlone) {
  World world;
  try_out(world);
  world.advance(1ms);
  world.flow.life().changed({.interface = InterfaceId{0}, .key = client.public_key}, world.now);
  world.flow.life().revalidate(world.now);
  world.answer_all(on_trial);
  EXPECT_EQ(world.device->peer_count(), 1U);
  connect(world);
  EXPECT_EQ(world.lookups.size(), 1U);
}

TEST(Enrolment, TheChangeThatItCausesMayBeHeardBeforeItsAnswer) {
  World world;
  try_out(world);
  connect(world);
  std::vector<LookupRequest> asked = world.lookups.drain(10);
  ASSERT_EQ(asked.size(), 1U);
  world.advance(1ms);
  world.flow.life().changed({.interface = InterfaceId{0}, .key = client.public_key}, world.now);
  world.flow.life().revalidate(world.now);
  world.answer_known();
  EXPECT_EQ(world.metrics.peers_enrolled.value(), 1U);
  const kernel::PeerState* const peer = world.device->find(client.public_key);
  ASSERT_NE(peer, nullptr);
  EXPECT_EQ(peer->allowed_ips.size(), 1U);
  world.flow.answered(World::answer_to(asked[0], World::known(client.public_key)), world.now);
  EXPECT_EQ(world.metrics.peers_enrolled.value(), 1U) << "once";
}

TEST(Enrolment, TrialsAreFewAtATime) {
  World world{GreetingMode::resubmit, {.greetings = {.most_trials = 1}}};
  try_out(world);
  try_out(world, other);
  EXPECT_EQ(world.device->peer_count(), 1U);
  EXPECT_EQ(world.refusals(Refusal::trial_budget), 1U);
  world.advance(5s);
  world.pass();
  try_out(world, other);
  EXPECT_EQ(world.device->peer_count(), 1U);
}

TEST(Enrolment, TrialsAreRare) {
  World world{GreetingMode::resubmit, {.greetings = {.trials = {0.1, 1}}}};
  try_out(world);
  try_out(world, other);
  EXPECT_EQ(world.refusals(Refusal::trial_budget), 1U);
}

TEST(Enrolment, AProvenKeyThatIsRefusedIsRecorded) {
  World world;
  world.knock(world.sighting_of(client, "192.0.2.7:4007"));
  world.answer_refused(Refusal::unknown_key);
  world.knock(world.sighting_of(other));
  world.answer_refused(Refusal::database_unavailable);
  const std::vector<DatabaseReport> recorded = world.recorded.drain(10);
  ASSERT_EQ(recorded.size(), 1U) << "an outage says nothing of a key";
  const RefusedKey& refused = std::get<RefusedKey>(recorded[0]);
  EXPECT_EQ(refused.key, client.public_key);
  EXPECT_EQ(refused.reason, Refusal::unknown_key);
  EXPECT_EQ(refused.source, Endpoint::parse("192.0.2.7:4007").value());
}

// What the world's channel has recorded of refused keys.
std::vector<RefusedKey> refused_keys(World& world) {
  std::vector<RefusedKey> refused;
  for (const DatabaseReport& report : world.recorded.drain(100))
    if (const RefusedKey* key = std::get_if<RefusedKey>(&report)) refused.push_back(*key);
  return refused;
}

TEST(Reports, TellWhatTheGatewayRefusesByItself) {
  World world;
  world.knock(world.sighting_of(client, "192.0.2.7:4007"));
  world.answer_all([](const PublicKey& key) {
    std::variant<PeerRecord, Refusal> answer = World::known(key);
    std::get<PeerRecord>(answer).allowed_sources = {IpPrefix::parse("203.0.113.0/24").value()};
    return answer;
  });
  std::vector<RefusedKey> refused = refused_keys(world);
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused[0].key, client.public_key);
  EXPECT_EQ(refused[0].reason, Refusal::source_not_allowed);
  EXPECT_EQ(refused[0].source, Endpoint::parse("192.0.2.7:4007").value());

  world.knock(world.sighting_of(other));
  world.answer_known();
  world.advance(15s);
  world.pass();
  refused = refused_keys(world);
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused[0].reason, Refusal::never_connected);
}

TEST(Reports, TellNothingOfAKeyThatWasOnlyClaimed) {
  World world;
  Sighting sighting = world.sighting({});
  sighting.seen_by = SourceKind::netlink;
  sighting.claimed = ClaimedKey{client.public_key};
  world.knock(sighting);
  world.answer_known();
  world.advance(15s);
  world.pass();
  EXPECT_EQ(world.refusals(Refusal::never_connected), 1U);
  EXPECT_TRUE(refused_keys(world).empty());
}

TEST(Reports, TellNothingOfLoadThatPasses) {
  World world;
  for (int i = 0; i < 7; ++i) {
    world.advance(1ms);
    world.knock(world.sighting_of(client));
    world.answer_refused(Refusal::database_unavailable);
  }
  EXPECT_GE(world.refusals(Refusal::key_budget), 1U);
  EXPECT_TRUE(refused_keys(world).empty());
}

TEST(Reports, APassTellsOfThePeersThatHadAHandshakeLatelyOnceAMinute) {
  World world;
  world.knock(world.sighting_of(client));
  world.answer_known();
  world.pass(); // reports, without a session
  world.advance(30ms);
  ASSERT_TRUE(world.device->complete_handshake(client.public_key, world.now.wall));
  world.pass();
  world.advance(61s);
  world.pass();
  world.advance(10min);
  world.pass();
  std::vector<DatabaseReport> recorded = world.recorded.drain(10);
  std::erase_if(recorded, [](const DatabaseReport& report) {
    return std::holds_alternative<SessionOwnership>(report);
  });
  ASSERT_EQ(recorded.size(), 3U);
  EXPECT_TRUE(std::get<InterfaceReport>(recorded[0]).active.empty());
  const InterfaceReport& report = std::get<InterfaceReport>(recorded[1]);
  EXPECT_EQ(report.name, "wg0");
  EXPECT_EQ(report.key, world.gateway_key());
  EXPECT_EQ(report.peers, 1U);
  ASSERT_EQ(report.active.size(), 1U);
  EXPECT_EQ(report.active[0].key, client.public_key);
  EXPECT_TRUE(std::get<InterfaceReport>(recorded[2]).active.empty());
}

} // namespace
} // namespace provisiond::flow
