#include "lookup/key_reader.hpp"
#include "lookup/known_keys.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace provisiond::lookup {
namespace {

using namespace std::chrono_literals;
using Answer = KnownKeys::Answer;

constexpr InterfaceId here{0};
constexpr InterfaceId beside{1};

PeerId peer(std::uint32_t number, InterfaceId interface = here) {
  PeerId id{.interface = interface, .key = {}};
  for (std::size_t i = 0; i < 4; ++i)
    id.key.bytes[i] = static_cast<std::uint8_t>(number >> 8 * i);
  return id;
}

std::vector<std::uint64_t> values_of(const KnownKeys& keys, std::uint32_t count) {
  std::vector<std::uint64_t> values;
  for (std::uint32_t i = 0; i < count; ++i)
    values.push_back(keys.value_of(peer(i).key));
  return values;
}

TEST(KnownKeys, EverythingPassesUntilTheKeysAreRead) {
  KnownKeys keys{2};
  EXPECT_EQ(keys.find(peer(1)), Answer::passes);
  keys.replace(here, values_of(keys, 10));
  EXPECT_EQ(keys.find(peer(1)), Answer::may_be_known);
  EXPECT_EQ(keys.find(peer(10)), Answer::unknown);
  EXPECT_EQ(keys.find(peer(10, beside)), Answer::passes) << "each interface by itself";
  keys.pass_everything(here);
  EXPECT_EQ(keys.find(peer(10)), Answer::passes);
}

TEST(KnownKeys, AnEmptyNetworkKnowsNobody) {
  KnownKeys keys{1};
  keys.replace(here, {});
  EXPECT_EQ(keys.find(peer(1)), Answer::unknown);
}

TEST(KnownKeys, AKeyThatIsAddedIsKnownAtOnce) {
  KnownKeys keys{1};
  keys.replace(here, {});
  EXPECT_EQ(keys.add(peer(1)), KnownKeys::Room::enough);
  EXPECT_EQ(keys.find(peer(1)), Answer::may_be_known);
  EXPECT_EQ(keys.find(peer(2)), Answer::unknown);
}

TEST(KnownKeys, WhatIsAddedWhileEverythingPassesChangesNothing) {
  KnownKeys keys{1};
  EXPECT_EQ(keys.add(peer(1)), KnownKeys::Room::enough);
  EXPECT_EQ(keys.find(peer(2)), Answer::passes);
}

TEST(KnownKeys, SaysWhenThereAreMoreThanItWasMadeFor) {
  KnownKeys keys{1};
  keys.replace(here, values_of(keys, 100'000));
  std::uint32_t added = 0;
  while (added < 20'000 && keys.add(peer(100'000 + added)) == KnownKeys::Room::enough)
    ++added;
  EXPECT_GE(added, 100'000U / 16);
  EXPECT_LT(added, 8'000U);
  // The same keys again are no more of them.
  keys.replace(here, values_of(keys, 10));
  for (std::uint32_t i = 0; i < 20'000; ++i)
    ASSERT_EQ(keys.add(peer(i % 10)), KnownKeys::Room::enough);
}

TEST(KnownKeys, TellsHowManyThereAre) {
  KnownKeys keys{2};
  EXPECT_EQ(keys.overview().interfaces, 0U);
  keys.replace(beside, values_of(keys, 1'000'000));
  keys.add(peer(1'000'001, beside));
  const KnownKeys::Overview overview = keys.overview();
  EXPECT_EQ(overview.interfaces, 1U);
  EXPECT_EQ(overview.keys, 1'000'001U);
  EXPECT_LT(overview.bytes, 1'400'000U);
}

class KeyReaderTest : public testing::Test {
 protected:
  void find_networks() {
    networks_.note({FoundNetwork{.reference = "a#1@1", .name = "a"},
                    FoundNetwork{.reference = "b#2@1", .name = "b"}});
  }

  metrics::Metrics metrics_;
  Networks networks_{{"a", "b"}};
  KnownKeys keys_{2};
  KeyReader reader_{networks_, &keys_, metrics_};
  TimePoint now_ = TimePoint{} + 1h;
};

TEST_F(KeyReaderTest, ReadsNothingBeforeItIsTold) {
  find_networks();
  EXPECT_EQ(reader_.pause(now_), Duration::max());
  reader_.heard(peer(1));
  EXPECT_EQ(reader_.pause(now_), Duration::max());
}

TEST_F(KeyReaderTest, WhatIsToBeReadAgainLetsEverythingPass) {
  find_networks();
  keys_.replace(here, {});
  keys_.replace(beside, {});
  reader_.read_anew(here);
  EXPECT_EQ(keys_.find(peer(1)), Answer::passes);
  EXPECT_EQ(keys_.find(peer(1, beside)), Answer::unknown);
  EXPECT_EQ(reader_.pause(now_), Duration::zero());
}

TEST_F(KeyReaderTest, WaitsForTheNetwork) {
  reader_.read_anew(here);
  EXPECT_EQ(reader_.pause(now_), Duration::max());
  find_networks();
  EXPECT_EQ(reader_.pause(now_), Duration::zero());
}

TEST_F(KeyReaderTest, WhatIsHeardIsKnown) {
  keys_.replace(here, {});
  reader_.heard(peer(1));
  EXPECT_EQ(keys_.find(peer(1)), Answer::may_be_known);
}

TEST_F(KeyReaderTest, ReadsAgainWhenThereIsNoMoreRoom) {
  find_networks();
  keys_.replace(here, {});
  for (std::uint32_t i = 0; i < 10'000; ++i)
    reader_.heard(peer(i));
  EXPECT_EQ(reader_.pause(now_), Duration::zero());
  EXPECT_EQ(keys_.find(peer(1)), Answer::may_be_known) << "and what is known stays meanwhile";
}

TEST_F(KeyReaderTest, WithoutAFilterThereIsNothingToDo) {
  KeyReader none{networks_, nullptr, metrics_};
  find_networks();
  none.read_anew(here);
  none.heard(peer(1));
  EXPECT_EQ(none.pause(now_), Duration::max());
}

} // namespace
} // namespace provisiond::lookup
