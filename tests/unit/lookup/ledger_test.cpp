#include "lookup/ledger.hpp"

#include <gtest/gtest.h>

namespace provisiond::lookup {
namespace {

using namespace std::chrono_literals;

PeerId id_of(std::uint8_t fill) {
  PeerId id;
  id.key.bytes.fill(fill);
  return id;
}

class LedgerTest : public testing::Test {
 protected:
  std::optional<std::uint64_t> take(LookupPurpose purpose) {
    return ledger.take(purpose, id_of(1), now);
  }

  TimePoint now = TimePoint{} + 1h;
  Ledger ledger{{.places = 8, .deadline = 1min}};
};

TEST_F(LedgerTest, HasNoMorePlacesThanAnswersHaveRoom) {
  for (int i = 0; i < 8; ++i)
    EXPECT_TRUE(take(LookupPurpose::proven));
  EXPECT_FALSE(take(LookupPurpose::proven));
  EXPECT_FALSE(take(LookupPurpose::enrol));
  EXPECT_EQ(ledger.under_way(), 8U);
}

TEST_F(LedgerTest, AnAnswerFreesItsPlaceOnce) {
  const std::optional<std::uint64_t> first = take(LookupPurpose::proven);
  const std::optional<std::uint64_t> second = take(LookupPurpose::proven);
  ASSERT_TRUE(first && second);
  EXPECT_NE(*first, *second);
  EXPECT_TRUE(ledger.free(*second)) << "in any order";
  EXPECT_FALSE(ledger.free(*second));
  EXPECT_EQ(ledger.under_way(LookupPurpose::proven), 1U);
  EXPECT_TRUE(ledger.free(*first));
  EXPECT_EQ(ledger.under_way(), 0U);
  EXPECT_FALSE(ledger.free(0));
}

TEST_F(LedgerTest, PeersAndClaimsLeaveRoomForProvenKeys) {
  std::size_t peers = 0;
  while (take(LookupPurpose::revalidate))
    ++peers;
  std::size_t claims = 0;
  while (take(LookupPurpose::claimed))
    ++claims;
  EXPECT_EQ(peers, 4U);
  EXPECT_EQ(claims, 2U);
  EXPECT_TRUE(take(LookupPurpose::proven));
  EXPECT_TRUE(take(LookupPurpose::enrol));
}

TEST_F(LedgerTest, EvenTheSmallestHasAPlaceForEachPurpose) {
  Ledger smallest{{.places = 1, .deadline = 1min}};
  for (const LookupPurpose purpose : {LookupPurpose::proven, LookupPurpose::claimed,
                                      LookupPurpose::revalidate, LookupPurpose::enrol}) {
    const std::optional<std::uint64_t> number = smallest.take(purpose, id_of(1), now);
    ASSERT_TRUE(number);
    EXPECT_TRUE(smallest.free(*number));
  }
}

TEST_F(LedgerTest, AQuestionIsGivenUpAtItsDeadline) {
  const std::optional<std::uint64_t> first = take(LookupPurpose::enrol);
  now += 1s;
  const std::optional<std::uint64_t> second = take(LookupPurpose::proven);
  ASSERT_TRUE(first && second);
  now += 59s - 1ms;
  EXPECT_TRUE(ledger.give_up(now).empty());
  now += 1ms;
  const std::vector<Ledger::Question> given_up = ledger.give_up(now);
  ASSERT_EQ(given_up.size(), 1U);
  EXPECT_EQ(given_up[0].number, *first);
  EXPECT_EQ(given_up[0].purpose, LookupPurpose::enrol);
  EXPECT_EQ(given_up[0].id, id_of(1));
  EXPECT_EQ(given_up[0].asked_at, now - 1min);
  EXPECT_FALSE(ledger.free(*first)) << "its answer is of no use";
  EXPECT_TRUE(ledger.free(*second));
}

} // namespace
} // namespace provisiond::lookup
