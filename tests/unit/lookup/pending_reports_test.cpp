#include "lookup/pending_reports.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <utility>

namespace provisiond::lookup {
namespace {

SessionClaim claim_of(std::uint32_t number, std::optional<std::uint8_t> initiation = std::nullopt,
                      const char* name = "wg0") {
  SessionClaim claim{
      .interface = InterfaceId{0}, .name = name, .key = {}, .initiation = std::nullopt};
  std::memcpy(claim.key.bytes.data(), &number, sizeof number);
  if (initiation) claim.initiation.emplace().fill(*initiation);
  return claim;
}

std::uint32_t number_of(const SessionClaim& claim) {
  std::uint32_t number = 0;
  std::memcpy(&number, claim.key.bytes.data(), sizeof number);
  return number;
}

TEST(PendingReports, TheLatestClaimOfAKeyWins) {
  PendingReports pending;
  pending.add(claim_of(1, 5, "wg0"));
  pending.add(claim_of(1, 6, "wg1"));
  const std::vector<SessionClaim> claims = pending.take_claims(10);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims[0].name, "wg1");
  EXPECT_EQ(pending.claims(), 0U);
}

TEST(PendingReports, AnOlderInitiationIsOfNoUse) {
  PendingReports pending;
  pending.add(claim_of(1, 6, "wg0"));
  pending.add(claim_of(1, 5, "wg1"));
  EXPECT_EQ(pending.take_claims(1).at(0).name, "wg0");
}

TEST(PendingReports, WithoutInitiationTheOneThatWaitsStays) {
  PendingReports pending;
  pending.add(claim_of(1, 6, "wg0"));
  pending.add(claim_of(1, std::nullopt, "wg1"));
  const SessionClaim claim = pending.take_claims(1).at(0);
  EXPECT_EQ(claim.name, "wg1");
  EXPECT_EQ(claim.initiation, claim_of(1, 6).initiation);
}

TEST(PendingReports, TheOldestComeFirst) {
  PendingReports pending;
  for (std::uint32_t number = 0; number < 4; ++number)
    pending.add(claim_of(number));
  EXPECT_EQ(number_of(pending.take_claims(1).at(0)), 0U);
  const std::vector<SessionClaim> claims = pending.take_claims(2);
  EXPECT_EQ(number_of(claims.at(0)), 1U);
  EXPECT_EQ(number_of(claims.at(1)), 2U);
}

TEST(PendingReports, WhenThereAreTooManyTheOldestGoes) {
  PendingReports pending;
  for (std::uint32_t number = 0; number <= PendingReports::maximum_claims; ++number)
    pending.add(claim_of(number));
  EXPECT_EQ(pending.claims(), PendingReports::maximum_claims);
  EXPECT_EQ(pending.dropped_claims(), 1U);
  EXPECT_EQ(number_of(pending.take_claims(1).at(0)), 1U);
}

TEST(PendingReports, WhatIsPutBackComesFirstAndYieldsToWhatIsNewer) {
  PendingReports pending;
  pending.add(claim_of(1, 5));
  pending.add(claim_of(2, 5));
  std::vector<SessionClaim> taken = pending.take_claims(2);
  pending.add(claim_of(3));
  pending.add(claim_of(2, std::nullopt, "wg1"));

  pending.put_back(std::move(taken));

  const std::vector<SessionClaim> claims = pending.take_claims(10);
  ASSERT_EQ(claims.size(), 3U);
  EXPECT_EQ(number_of(claims[0]), 1U);
  EXPECT_EQ(number_of(claims[1]), 3U);
  EXPECT_EQ(claims[2].name, "wg1");
  EXPECT_EQ(claims[2].initiation, claim_of(2, 5).initiation);
}

TEST(PendingReports, WhatIsPutBackIsTheFirstToBeDropped) {
  PendingReports pending;
  pending.add(claim_of(0));
  std::vector<SessionClaim> taken = pending.take_claims(1);
  for (std::uint32_t number = 1; number <= PendingReports::maximum_claims; ++number)
    pending.add(claim_of(number));
  pending.put_back(std::move(taken));
  EXPECT_EQ(pending.claims(), PendingReports::maximum_claims);
  EXPECT_EQ(pending.dropped_claims(), 1U);
  EXPECT_EQ(number_of(pending.take_claims(1).at(0)), 1U);
}

TEST(PendingReports, OfTheRestASampleIsKept) {
  PendingReports pending;
  for (std::size_t i = 0; i < PendingReports::maximum_others + 5; ++i)
    pending.add(RefusedKey{});
  EXPECT_EQ(pending.others(), PendingReports::maximum_others);
  EXPECT_EQ(pending.take_others(16).size(), 16U);
  EXPECT_EQ(pending.take_others(100).size(), PendingReports::maximum_others - 16);
  EXPECT_EQ(pending.claims(), 0U);
}

TEST(PendingReports, WhatIsPostponedComesLast) {
  PendingReports pending;
  for (std::uint32_t number = 0; number < 3; ++number)
    pending.add(claim_of(number, 5));
  std::vector<SessionClaim> taken = pending.take_claims(2);
  pending.add(claim_of(1, std::nullopt, "wg1"));
  pending.postpone(std::move(taken));
  const std::vector<SessionClaim> claims = pending.take_claims(10);
  ASSERT_EQ(claims.size(), 3U);
  EXPECT_EQ(number_of(claims[0]), 2U);
  EXPECT_EQ(number_of(claims[1]), 1U);
  EXPECT_EQ(claims[1].name, "wg1") << "claimed anew";
  EXPECT_EQ(claims[1].initiation, claim_of(1, 5).initiation);
  EXPECT_EQ(number_of(claims[2]), 0U);
}

} // namespace
} // namespace provisiond::lookup
