#include "authenticate/mac.hpp"
#include "authenticate/responder.hpp"
#include "support/hex.hpp"
#include "support/initiator.hpp"
#include "vectors.hpp"
#include "wire/messages.hpp"
#include "wire/tai64n.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>

namespace provisiond::authenticate {
namespace {

using test::from_hex;

// What another implementation sent over a socket: see vectors.hpp. The client is on the recorder's
// machine, so that its timestamps are within moments of the time of receipt.
class RecordedHandshake : public ::testing::Test {
 protected:
  void expect_proven(const InitiationBytes& initiation, std::int64_t received_at) {
    ASSERT_TRUE(wire::view_initiation(initiation).has_value());
    EXPECT_TRUE(has_valid_mac1(*identity_, initiation));
    std::variant<Claim, Refusal> claim = Responder::claim(*identity_, initiation);
    ASSERT_TRUE(std::holds_alternative<Claim>(claim));
    EXPECT_EQ(std::get<Claim>(claim).claimed().key, initiator_);

    const std::variant<ProvenKey, Refusal> proven =
        Responder::prove(*identity_, initiation, std::get<Claim>(std::move(claim)));
    ASSERT_TRUE(std::holds_alternative<ProvenKey>(proven));
    EXPECT_EQ(std::get<ProvenKey>(proven).key(), initiator_);
    const std::optional<WallTime> sent_at =
        wire::to_wall_time(std::get<ProvenKey>(proven).timestamp());
    ASSERT_TRUE(sent_at.has_value());
    const std::chrono::nanoseconds age = WallTime{std::chrono::nanoseconds{received_at}} - *sent_at;
    EXPECT_GE(age, std::chrono::nanoseconds::zero());
    EXPECT_LT(age, std::chrono::seconds{1});
  }

  const std::shared_ptr<const InterfaceIdentity> identity_ =
      InterfaceIdentity::make(Secret<32>{from_hex<32>(vectors::responder_private_key)}).value();
  const PublicKey initiator_{from_hex<32>(vectors::initiator_public_key)};
  const InitiationBytes first_ = from_hex<148>(vectors::first_initiation);
  const InitiationBytes second_ = from_hex<148>(vectors::second_initiation);
  const test::Cookie cookie_ = from_hex<16>(vectors::cookie);
};

TEST_F(RecordedHandshake, TheInitiationIsProven) {
  expect_proven(first_, vectors::first_received_at);
}

TEST_F(RecordedHandshake, TheRetryWithACookieIsProven) {
  expect_proven(second_, vectors::second_received_at);
}

TEST_F(RecordedHandshake, OnlyTheRetryHasAMac2) {
  const Mac none{};
  const wire::InitiationView first{first_};
  const wire::InitiationView second{second_};
  EXPECT_TRUE(std::ranges::equal(first.mac2(), none));
  EXPECT_TRUE(std::ranges::equal(second.mac2(), mac(cookie_, second.mac2_input())));
}

// The client could only compute that mac2 because it had opened this very reply.
TEST_F(RecordedHandshake, TheCookieReplyHoldsTheCookie) {
  EXPECT_EQ(
      test::open_cookie_reply(from_hex<64>(vectors::cookie_reply), identity_->public_key(), first_),
      cookie_);
}

TEST_F(RecordedHandshake, AnotherInterfaceCannotReadIt) {
  const std::shared_ptr<const InterfaceIdentity> other =
      InterfaceIdentity::make(test::make_key_pair(9).private_key).value();
  EXPECT_FALSE(has_valid_mac1(*other, first_));
  EXPECT_TRUE(std::holds_alternative<Refusal>(Responder::claim(*other, first_)));
}

} // namespace
} // namespace provisiond::authenticate
