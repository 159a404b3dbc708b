#include "lookup/pending_reports.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <utility>

namespace provisiond::lookup {
namespace {

SessionOwnership ownership_of(std::uint32_t number,
                              std::optional<std::uint8_t> initiation = std::nullopt,
                              const char* name = "wg0") {
  SessionOwnership ownership{
      .interface = InterfaceId{0}, .name = name, .key = {}, .initiation = std::nullopt};
  std::memcpy(ownership.key.bytes.data(), &number, sizeof number);
  if (initiation) ownership.initiation.emplace().fill(*initiation);
  return ownership;
}

std::uint32_t number_of(const SessionOwnership& ownership) {
  std::uint32_t number = 0;
  std::memcpy(&number, ownership.key.bytes.data(), sizeof number);
  return number;
}

TEST(PendingReports, TheLatestClaimOfAKeyWins) {
  PendingReports pending;
  pending.add(ownership_of(1, 5, "wg0"));
  pending.add(ownership_of(1, 6, "wg1"));
  const std::vector<SessionOwnership> ownerships = pending.take_ownerships(10);
  ASSERT_EQ(ownerships.size(), 1U);
  EXPECT_EQ(ownerships[0].name, "wg1");
  EXPECT_EQ(pending.ownerships(), 0U);
}

TEST(PendingReports, AnOlderInitiationIsOfNoUse) {
  PendingReports pending;
  pending.add(ownership_of(1, 6, "wg0"));
  pending.add(ownership_of(1, 5, "wg1"));
  EXPECT_EQ(pending.take_ownerships(1).at(0).name, "wg0");
}

TEST(PendingReports, WithoutInitiationTheOneThatWaitsStays) {
  PendingReports pending;
  pending.add(ownership_of(1, 6, "wg0"));
  pending.add(ownership_of(1, std::nullopt, "wg1"));
  const SessionOwnership ownership = pending.take_ownerships(1).at(0);
  EXPECT_EQ(ownership.name, "wg1");
  EXPECT_EQ(ownership.initiation, ownership_of(1, 6).initiation);
}

TEST(PendingReports, TheOldestComeFirst) {
  PendingReports pending;
  for (std::uint32_t number = 0; number < 4; ++number)
    pending.add(ownership_of(number));
  EXPECT_EQ(number_of(pending.take_ownerships(1).at(0)), 0U);
  const std::vector<SessionOwnership> ownerships = pending.take_ownerships(2);
  EXPECT_EQ(number_of(ownerships.at(0)), 1U);
  EXPECT_EQ(number_of(ownerships.at(1)), 2U);
}

TEST(PendingReports, WhenThereAreTooManyTheOldestGoes) {
  PendingReports pending;
  for (std::uint32_t number = 0; number <= PendingReports::maximum_ownerships; ++number)
    pending.add(ownership_of(number));
  EXPECT_EQ(pending.ownerships(), PendingReports::maximum_ownerships);
  EXPECT_EQ(pending.dropped_ownerships(), 1U);
  EXPECT_EQ(number_of(pending.take_ownerships(1).at(0)), 1U);
}

TEST(PendingReports, WhatIsPutBackComesFirstAndYieldsToWhatIsNewer) {
  PendingReports pending;
  pending.add(ownership_of(1, 5));
  pending.add(ownership_of(2, 5));
  std::vector<SessionOwnership> taken = pending.take_ownerships(2);
  pending.add(ownership_of(3));
  pending.add(ownership_of(2, std::nullopt, "wg1"));

  pending.put_back(std::move(taken));

  const std::vector<SessionOwnership> ownerships = pending.take_ownerships(10);
  ASSERT_EQ(ownerships.size(), 3U);
  EXPECT_EQ(number_of(ownerships[0]), 1U);
  EXPECT_EQ(number_of(ownerships[1]), 3U);
  EXPECT_EQ(ownerships[2].name, "wg1");
  EXPECT_EQ(ownerships[2].initiation, ownership_of(2, 5).initiation);
}

TEST(PendingReports, WhatIsPutBackIsTheFirstToBeDropped) {
  PendingReports pending;
  pending.add(ownership_of(0));
  std::vector<SessionOwnership> taken = pending.take_ownerships(1);
  for (std::uint32_t number = 1; number <= PendingReports::maximum_ownerships; ++number)
    pending.add(ownership_of(number));
  pending.put_back(std::move(taken));
  EXPECT_EQ(pending.ownerships(), PendingReports::maximum_ownerships);
  EXPECT_EQ(pending.dropped_ownerships(), 1U);
  EXPECT_EQ(number_of(pending.take_ownerships(1).at(0)), 1U);
}

TEST(PendingReports, OfTheRestASampleIsKept) {
  PendingReports pending;
  for (std::size_t i = 0; i < PendingReports::maximum_others + 5; ++i)
    pending.add(RefusedKey{});
  EXPECT_EQ(pending.others(), PendingReports::maximum_others);
  EXPECT_EQ(pending.take_others(16).size(), 16U);
  EXPECT_EQ(pending.take_others(100).size(), PendingReports::maximum_others - 16);
  EXPECT_EQ(pending.ownerships(), 0U);
}

TEST(PendingReports, WhatIsPostponedComesLast) {
  PendingReports pending;
  for (std::uint32_t number = 0; number < 3; ++number)
    pending.add(ownership_of(number, 5));
  std::vector<SessionOwnership> taken = pending.take_ownerships(2);
  pending.add(ownership_of(1, std::nullopt, "wg1"));
  pending.postpone(std::move(taken));
  const std::vector<SessionOwnership> ownerships = pending.take_ownerships(10);
  ASSERT_EQ(ownerships.size(), 3U);
  EXPECT_EQ(number_of(ownerships[0]), 2U);
  EXPECT_EQ(number_of(ownerships[1]), 1U);
  EXPECT_EQ(ownerships[1].name, "wg1") << "owned anew";
  EXPECT_EQ(ownerships[1].initiation, ownership_of(1, 5).initiation);
  EXPECT_EQ(number_of(ownerships[2]), 0U);
}

} // namespace
} // namespace provisiond::lookup
