#include "revalidate/revalidation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace provisiond::revalidate {
namespace {

PublicKey key(std::uint64_t number) {
  PublicKey key;
  key.bytes[0] = static_cast<std::uint8_t>(number);
  key.bytes[1] = static_cast<std::uint8_t>(number >> 8);
  return key;
}

// Steps through a table whose peers are their numbers.
std::vector<PublicKey> step(PeerWalk& walk, std::size_t most) {
  std::vector<PublicKey> met;
  for (; most > 0 && !walk.is_over(); --most)
    met.push_back(key(walk.next++));
  return met;
}

TEST(Round, BegunAnewItStillComesToEveryPeer) {
  Round round;
  EXPECT_TRUE(round.is_over());
  std::multiset<PublicKey> met;
  const auto go_on = [&] {
    for (const PublicKey& each : step(round.walk(), 30))
      met.insert(each);
  };
  const PeerWalk all{.next = 0, .end = 100};
  // Even when it never comes to its end before it is begun anew.
  for (int i = 0; i < 4; ++i) {
    round.begin(all);
    go_on();
  }
  EXPECT_EQ(std::set<PublicKey>(met.begin(), met.end()).size(), 100U);
  met.clear();
  round.begin(all);
  while (!round.is_over())
    go_on();
  EXPECT_EQ(met.size(), 100U);
  EXPECT_EQ(std::set<PublicKey>(met.begin(), met.end()).size(), 100U);
}

TEST(Queue, ANamedPeerComesBeforeAllOthersAndOnce) {
  Queue queue;
  for (const std::uint64_t number : {1U, 2U, 3U})
    queue.add({.interface = {}, .key = key(number)});
  queue.add_named({.interface = {}, .key = key(3)});
  std::vector<PublicKey> order;
  while (const PeerId* const next = queue.next()) {
    const PeerId id = *next;
    order.push_back(id.key);
    queue.take(id);
  }
  EXPECT_EQ(order, (std::vector<PublicKey>{key(3), key(1), key(2)}));
}

TEST(Revalidation, GathersFromOneInterfaceAfterTheOtherAsFarAsThereIsRoom) {
  Revalidation revalidation{2};
  revalidation.begin_round({0}, {.next = 0, .end = 1000});
  revalidation.begin_round({1}, {.next = 0, .end = 10});
  std::map<InterfaceId, std::size_t> gathered;
  const Revalidation::Step count = [&](InterfaceId id, PeerWalk& walk, std::size_t most) {
    std::vector<PublicKey> met = step(walk, std::min<std::size_t>(most, 5));
    gathered[id] += met.size();
    return met;
  };
  revalidation.gather(count);
  EXPECT_EQ(gathered[{0}], 10U);
  EXPECT_EQ(gathered[{1}], 10U);
  EXPECT_TRUE(revalidation.has_more_to_gather());
  EXPECT_EQ(revalidation.left([](InterfaceId, const PeerWalk& walk) {
    return static_cast<std::size_t>(walk.is_over() ? 0 : walk.end - walk.next);
  }),
            1010U);
  for (int i = 0; i < 100; ++i)
    revalidation.gather(count);
  EXPECT_LE(gathered[{0}], Revalidation::most + 5);
  EXPECT_FALSE(revalidation.has_more_to_gather()) << "as many wait as are asked about at a time";
}

TEST(Revalidation, IsCaughtUpWithWhatItHasHeard) {
  Revalidation revalidation{1};
  revalidation.heard("5");
  revalidation.heard("");
  EXPECT_EQ(revalidation.applied_position(), "");
  revalidation.caught_up();
  EXPECT_EQ(revalidation.applied_position(), "5");
}

TEST(Revalidation, AnInterfaceThatIsGoneHasNoRound) {
  Revalidation revalidation{1};
  revalidation.begin_round({0}, {.next = 0, .end = 10});
  revalidation.forget({0});
  EXPECT_FALSE(revalidation.has_more_to_gather());
}

} // namespace
} // namespace provisiond::revalidate
