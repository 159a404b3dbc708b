#include "flow_world.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

// The smallest queues that the settings allow, and a database that answers out of order, late or
// never: no answer is lost, and nothing waits for ever.

namespace provisiond::flow {
namespace {

const test::KeyPair client = test::make_key_pair(2);

using Verdict = std::variant<PeerRecord, Refusal>;

constexpr int peers = 300;

PublicKey key_of(int number) {
  PublicKey key;
  key.bytes[0] = static_cast<std::uint8_t>(number);
  key.bytes[1] = static_cast<std::uint8_t>(number >> 8);
  key.bytes[2] = 1;
  return key;
}

// `database.queue-length: 16, sessions: 1, batch-size: 1`, wired as in daemon/compose.cpp, and the
// test in the place of the pool.
class SmallQueues : public testing::Test {
 protected:
  SmallQueues() { world.interface().max_peers = 1'000; }

  // Peers that were there before the daemon: each has to be looked up.
  void fill_device() {
    std::vector<kernel::PeerChange> changes(peers);
    for (int i = 0; i < peers; ++i) {
      changes[i].key = key_of(i);
      changes[i].allowed_ips = {
          IpPrefix::parse(fmt::format("10.80.{}.{}/32", i / 200, i % 200 + 1)).value()};
    }
    static_cast<void>(world.device->apply(changes));
    world.pass();
  }

  // The session takes what waits.
  void take() {
    for (LookupRequest& request : world.lookups.drain(100))
      taken.push_back(std::move(request));
  }
  Verdict row(const PublicKey& key) const {
    const kernel::PeerState* const peer = world.device->find(key);
    if (peer == nullptr) return World::known(key, "10.81.0.1/32");
    return World::known(key, peer->allowed_ips.at(0).to_string().c_str());
  }
  void answer(const LookupRequest& request, Verdict verdict) {
    lost += answers.push(World::answer_to(request, std::move(verdict))) ? 0U : 1U;
  }
  void answer_all_rows() {
    take();
    for (const LookupRequest& request : std::exchange(taken, {}))
      answer(request, row(request.key));
  }
  // A turn of the loop: the answers, then the tick.
  void turn() {
    for (LookupAnswer& answered : answers.drain(1024))
      world.flow.answered(std::move(answered), world.now);
    world.flow.give_up_questions(world.now);
    world.flow.life().revalidate(world.now);
    world.flow.commit(world.now);
    world.advance(2ms);
  }
  void work_off() {
    for (int i = 0; i < 1'000; ++i) {
      answer_all_rows();
      turn();
    }
  }
  void change(const PublicKey& key) {
    world.flow.life().changed({.interface = InterfaceId{0}, .key = key}, world.now);
    world.flow.life().revalidate(world.now);
  }
  // A revocation takes effect at once.
  void expect_that_changes_are_followed() {
    world.advance(1s);
    change(key_of(7));
    take();
    ASSERT_EQ(taken.size(), 1U);
    answer(taken[0], Refusal::revoked);
    taken.clear();
    turn();
    EXPECT_EQ(world.device->find(key_of(7)), nullptr);
    EXPECT_EQ(world.metrics.rechecks.value(), 0);
    EXPECT_EQ(world.ledger.under_way(), 0U);
  }

  Channel<LookupAnswer> answers{16 + 1 * 1};
  World world{GreetingMode::reverse, {}, {.lookups = 16, .answers = answers.capacity()}};
  std::vector<LookupRequest> taken;
  std::size_t lost = 0;
};

// The session answers several times before the loop takes the answers.
TEST_F(SmallQueues, AResyncLosesNoAnswer) {
  fill_device();
  for (int i = 0; i < 1'000; ++i) {
    for (int served = 0; served < 3; ++served) {
      world.flow.life().revalidate(world.now);
      answer_all_rows();
    }
    turn();
  }
  EXPECT_EQ(lost, 0U);
  EXPECT_EQ(world.interface().peers.table().count(Owner::ours), static_cast<std::size_t>(peers));
  expect_that_changes_are_followed();
}

TEST_F(SmallQueues, AResyncLeavesRoomForANewDevice) {
  fill_device();
  for (int i = 0; i < 3; ++i) {
    turn();
    take(); // and no answer so far
  }
  world.knock(world.sighting_of(client));
  EXPECT_EQ(world.refusals(Refusal::lookup_queue_full), 0U);
  take();
  ASSERT_EQ(taken.back().key, client.public_key);
  answer(taken.back(), row(client.public_key));
  taken.pop_back();
  turn();
  EXPECT_NE(world.device->find(client.public_key), nullptr);
  work_off();
  EXPECT_EQ(lost, 0U);
  EXPECT_EQ(world.interface().peers.table().count(Owner::ours),
            static_cast<std::size_t>(peers) + 1);
}

TEST_F(SmallQueues, AnswersOutOfOrderAreAllTaken) {
  std::mt19937 random{1};
  fill_device();
  for (int i = 0; i < 2'000; ++i) {
    take();
    std::ranges::shuffle(taken, random);
    const std::size_t now_answered = random() % (taken.size() + 1);
    for (std::size_t k = 0; k < now_answered; ++k) {
      answer(taken.back(), row(taken.back().key));
      taken.pop_back();
    }
    if (random() % 4 == 0) change(key_of(static_cast<int>(random() % peers)));
    turn();
  }
  work_off();
  EXPECT_EQ(lost, 0U);
  EXPECT_EQ(world.interface().peers.table().count(Owner::ours), static_cast<std::size_t>(peers));
  expect_that_changes_are_followed();
}

TEST_F(SmallQueues, ADatabaseThatNeverAnswersEndsNothingForGood) {
  fill_device();
  for (int minute = 0; minute < 200; ++minute) { // more questions than there are places
    turn();
    take();
    taken.clear();
    world.advance(1min);
  }
  world.advance(2min);
  EXPECT_EQ(world.interface().peers.table().count(Owner::ours), 0U);
  EXPECT_GT(world.metrics.lookup_errors.value(), 256U);
  work_off();
  EXPECT_EQ(world.interface().peers.table().count(Owner::ours), static_cast<std::size_t>(peers));
  expect_that_changes_are_followed();
}

TEST_F(SmallQueues, AKeyThatGotNoAnswerMayKnockAgain) {
  world.knock(world.sighting_of(client));
  take();
  ASSERT_EQ(taken.size(), 1U);
  world.advance(5s);
  world.knock(world.sighting_of(client));
  EXPECT_EQ(world.refusals(Refusal::lookup_in_flight), 1U);
  world.advance(2min);
  turn();
  EXPECT_EQ(world.refusals(Refusal::database_unavailable), 1U);
  world.knock(world.sighting_of(client));
  EXPECT_EQ(world.refusals(Refusal::lookup_in_flight), 1U);
  work_off();
  EXPECT_NE(world.device->find(client.public_key), nullptr);
}

TEST_F(SmallQueues, AnAnswerThatComesTooLateIsOfNoUse) {
  world.knock(world.sighting_of(client));
  take();
  const std::vector<LookupRequest> late = std::exchange(taken, {});
  ASSERT_EQ(late.size(), 1U);
  world.advance(2min);
  turn();
  world.knock(world.sighting_of(client));
  answer(late[0], Refusal::revoked);
  turn();
  EXPECT_EQ(world.refusals(Refusal::revoked), 0U) << "it is not the answer to this knock";
  work_off();
  EXPECT_NE(world.device->find(client.public_key), nullptr);
  EXPECT_EQ(world.ledger.under_way(), 0U);
}

TEST_F(SmallQueues, AnAnswerThatComesTwiceCountsOnce) {
  fill_device();
  turn();
  take();
  ASSERT_FALSE(taken.empty());
  const LookupRequest first = taken.front();
  for (int i = 0; i < 2; ++i)
    answer(first, row(first.key));
  turn();
  EXPECT_EQ(world.metrics.peers_adopted.value(), 1U);
  taken.erase(taken.begin());
  work_off();
  expect_that_changes_are_followed();
}

TEST_F(SmallQueues, AnEnrolmentThatGetsNoAnswerLeavesNothing) {
  world.knock(world.sighting_of(client));
  take();
  PeerRecord on_trial;
  on_trial.key = client.public_key;
  on_trial.is_on_trial = true;
  answer(taken.at(0), std::move(on_trial));
  taken.clear();
  turn();
  world.device->complete_handshake(client.public_key, world.now.wall);
  world.pass();
  take();
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].purpose, LookupPurpose::enrol);
  world.advance(2min);
  turn();
  EXPECT_EQ(world.device->peer_count(), 0U);
  EXPECT_EQ(world.ledger.under_way(), 0U);
}

// They have a gate of their own, and so few places that proven keys find theirs.
TEST_F(SmallQueues, AClaimThatGotNoAnswerMayBeMadeAgain) {
  Sighting claim = world.sighting_of(client);
  claim.initiation = {};
  claim.claimed = ClaimedKey{.key = client.public_key};
  world.flow.first_contact().knock(claim, world.now);
  take();
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].purpose, LookupPurpose::claimed);
  world.advance(2min);
  turn();
  world.flow.first_contact().knock(claim, world.now);
  EXPECT_EQ(world.refusals(Refusal::lookup_in_flight), 0U);
  EXPECT_EQ(world.ledger.under_way(), 1U);
}

} // namespace
} // namespace provisiond::flow
