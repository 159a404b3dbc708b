#include "peers/peer_table.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace provisiond::peers {
namespace {

PublicKey key(std::uint8_t first) {
  PublicKey key;
  key.bytes.front() = first;
  return key;
}

State in_stage(PeerStage stage) {
  switch (stage) {
  case PeerStage::installing:
    return Installing{};
  case PeerStage::greeting:
    return Greeting{};
  case PeerStage::live:
    return Live{};
  case PeerStage::idle:
    return Idle{};
  case PeerStage::leaving:
    break;
  }
  return Evicting{.departure = Departure::of(Eviction::idle)};
}

TEST(PeerTable, CountsByStage) {
  PeerTable table;
  Peer& peer = table.add(key(1), Installing{});
  table.add(key(2), Idle{});
  EXPECT_EQ(table.count(PeerStage::installing), 1U);
  table.advance(peer, Greeting{});
  EXPECT_EQ(table.count(PeerStage::installing), 0U);
  EXPECT_EQ(table.count(PeerStage::greeting), 1U);
  table.erase(key(1));
  table.erase(key(1));
  EXPECT_EQ(table.count(PeerStage::greeting), 0U);
  EXPECT_EQ(table.size(), 1U);
  table.clear();
  EXPECT_EQ(table.count(PeerStage::idle), 0U);
}

TEST(PeerTable, KnowsWhomAPassDidNotSee) {
  PeerTable table;
  table.add(key(1), Live{});
  table.add(key(2), Live{});
  table.begin_pass();
  table.note_seen(*table.find(key(1)));
  table.add(key(3), Live{}); // during the pass
  EXPECT_TRUE(table.is_seen(*table.find(key(1))));
  EXPECT_FALSE(table.is_seen(*table.find(key(2))));
  EXPECT_TRUE(table.is_seen(*table.find(key(3))));
}

// Random walks: every step that is drawn as legal can be made, the counts stay true, and from every
// stage there is a way to a session or out.
TEST(PeerTable, HoldsWhateverLegalWayPeersGo) {
  std::mt19937 random{7}; // NOLINT(cert-msc51-cpp): the same walks every time
  PeerTable table;
  for (int step = 0; step < 20'000; ++step) {
    const PublicKey chosen = key(static_cast<std::uint8_t>(random() % 32));
    const PeerStage stage = static_cast<PeerStage>(random() % peer_stage_names.size());
    Peer* const peer = table.find(chosen);
    if (peer == nullptr && PeerTable::may_begin(stage))
      table.add(chosen, in_stage(stage));
    else if (peer != nullptr && PeerTable::may_follow(peer->stage(), stage))
      table.advance(*peer, in_stage(stage));
    else if (random() % 8 == 0)
      table.erase(chosen);

    std::array<std::size_t, peer_stage_names.size()> counted{};
    for (const PeerTable::Entries::value_type& entry : table.entries())
      ++counted[entry.second.state.index()];
    for (std::size_t i = 0; i < counted.size(); ++i)
      ASSERT_EQ(table.count(static_cast<PeerStage>(i)), counted[i]);
  }
}

TEST(PeerTable, NobodyIsLiveWithoutAGreetingOrAHandshake) {
  EXPECT_FALSE(PeerTable::may_follow(PeerStage::installing, PeerStage::live));
  EXPECT_FALSE(PeerTable::may_follow(PeerStage::greeting, PeerStage::idle));
  EXPECT_FALSE(PeerTable::may_follow(PeerStage::leaving, PeerStage::idle));
  EXPECT_FALSE(PeerTable::may_begin(PeerStage::greeting));
  EXPECT_FALSE(PeerTable::may_begin(PeerStage::leaving));
}

TEST(PeerTable, AWalkOverNobodyIsOver) {
  PeerTable table;
  EXPECT_TRUE(table.walk().is_over());
  table.add(key(1), Live{});
  PeerWalk walk = table.walk();
  EXPECT_FALSE(walk.is_over());
  table.erase(key(1));
  EXPECT_TRUE(table.step(walk, 1).empty());
  EXPECT_TRUE(walk.is_over());
}

// Whatever comes and goes between its slices, and whether or not the order is closed up meanwhile:
// a walk meets who stays once, who leaves at most once, and nobody who has come since.
TEST(PeerTable, AWalkMeetsWhoStaysExactlyOnce) {
  std::mt19937 random{7}; // NOLINT(cert-msc51-cpp): the same walks every time
  for (int round = 0; round < 200; ++round) {
    PeerTable table;
    std::set<PublicKey> stay;
    for (int i = 0; i < 250; ++i)
      table.add(key(static_cast<std::uint8_t>(i)), Live{});
    for (const PeerTable::Entries::value_type& entry : table.entries())
      stay.insert(entry.first);
    PeerWalk walk = table.walk();
    std::multiset<PublicKey> met;
    while (!walk.is_over()) {
      for (const PeerTable::Entries::value_type* entry : table.step(walk, 1 + random() % 20))
        met.insert(entry->first);
      for (std::size_t changes = random() % 30; changes > 0; --changes) {
        const PublicKey chosen = key(static_cast<std::uint8_t>(random() % 250));
        stay.erase(chosen);
        if (table.find(chosen) == nullptr)
          table.add(chosen, Live{});
        else
          table.erase(chosen);
      }
    }
    for (const PublicKey& each : met)
      ASSERT_EQ(met.count(each), 1U);
    for (const PublicKey& each : stay)
      ASSERT_EQ(met.count(each), 1U);
  }
}

TEST(PeerTable, EmptyPlacesDoNotAddUp) {
  PeerTable table;
  table.add(key(0), Live{});
  for (int i = 0; i < 10'000; ++i) {
    table.add(key(1), Live{});
    table.erase(key(1));
  }
  PeerWalk walk = table.walk();
  EXPECT_EQ(table.step(walk, 200).size(), 1U);
  EXPECT_TRUE(walk.is_over());
}

} // namespace
} // namespace provisiond::peers
