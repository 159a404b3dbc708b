#include "authenticate/cookie.hpp"
#include "authenticate/mac.hpp"
#include "handshake_fixture.hpp"
#include "wire/messages.hpp"

using namespace std::chrono_literals;

namespace provisiond::authenticate {
namespace {

class CookieTest : public HandshakeTest {
 protected:
  static constexpr TimePoint start{1h};

  Sighting sighting_from(const char* source, const InitiationBytes& initiation) {
    return {.interface = InterfaceId{1},
            .source = Endpoint::parse(source).value(),
            .local = {},
            .seen_at = start,
            .seen_at_wall = {},
            .initiation = initiation};
  }

  // The client's next initiation, which carries the cookie out of the reply to `first`.
  Sighting retry(const Sighting& first, TimePoint now) {
    const wire::CookieReplyBytes reply = checker_.reply(*identity_, first, now);
    const std::optional<test::Cookie> cookie =
        test::open_cookie_reply(reply, gateway_.public_key, first.initiation);
    EXPECT_TRUE(cookie.has_value());
    Sighting second = first;
    second.initiation = test::make_initiation(
        client_.private_key, gateway_.public_key,
        {.timestamp = timestamp, .sender = 78, .cookie = cookie, .ephemeral_seed = 5});
    return second;
  }

  CookieChecker checker_{start};
  const Sighting first_ = sighting_from("192.0.2.1:1000", initiation_);
};

TEST_F(CookieTest, WithoutOneMac2IsMissing) {
  EXPECT_EQ(checker_.check(first_, start), CookieVerdict::missing_or_invalid);
}

TEST_F(CookieTest, TheRetryWithTheCookieIsValid) {
  EXPECT_EQ(checker_.check(retry(first_, start), start + 5s), CookieVerdict::valid_mac2);
}

TEST_F(CookieTest, WorksForIpv6) {
  const Sighting first = sighting_from("[2001:db8::1]:1000", initiation_);
  EXPECT_EQ(checker_.check(retry(first, start), start + 5s), CookieVerdict::valid_mac2);
}

TEST_F(CookieTest, IsBoundToTheAddress) {
  Sighting second = retry(first_, start);
  second.source = Endpoint::parse("192.0.2.2:1000").value();
  EXPECT_EQ(checker_.check(second, start), CookieVerdict::missing_or_invalid);
}

TEST_F(CookieTest, IsBoundToThePort) {
  Sighting second = retry(first_, start);
  second.source.port = 1001;
  EXPECT_EQ(checker_.check(second, start), CookieVerdict::missing_or_invalid);
}

TEST_F(CookieTest, IsBoundToTheInterface) {
  Sighting second = retry(first_, start);
  second.interface = InterfaceId{2};
  EXPECT_EQ(checker_.check(second, start), CookieVerdict::missing_or_invalid);
}

TEST_F(CookieTest, DoesNotMixUpTheFamilies) {
  Sighting second = retry(first_, start);
  second.source.address = IpAddress::parse("c000:201::").value(); // begins with the same bytes
  EXPECT_EQ(checker_.check(second, start), CookieVerdict::missing_or_invalid);
}

TEST_F(CookieTest, OutlivesTheSwitchOfSecretsByALifetime) {
  const Sighting second = retry(first_, start);
  const TimePoint end = start + 2 * CookieChecker::secret_lifetime;
  EXPECT_EQ(checker_.check(second, end - 1ns), CookieVerdict::valid_mac2);
  EXPECT_EQ(checker_.check(second, end), CookieVerdict::missing_or_invalid);
}

TEST_F(CookieTest, TheNextSecretLivesAsLong) {
  const TimePoint end = start + CookieChecker::secret_lifetime;
  const Sighting second = retry(first_, end);
  EXPECT_EQ(checker_.check(second, end + CookieChecker::secret_lifetime - 1ns),
            CookieVerdict::valid_mac2);
  EXPECT_EQ(checker_.check(second, end + CookieChecker::secret_lifetime),
            CookieVerdict::valid_mac2);
  EXPECT_EQ(checker_.check(second, end + 2 * CookieChecker::secret_lifetime),
            CookieVerdict::missing_or_invalid);
}

TEST_F(CookieTest, DiesInASilenceOfTwoLifetimes) {
  const Sighting second = retry(first_, start);
  EXPECT_EQ(checker_.check(second, start + 3 * CookieChecker::secret_lifetime),
            CookieVerdict::missing_or_invalid);
}

TEST_F(CookieTest, TwoCheckersDoNotShareTheirSecret) {
  CookieChecker other{start};
  EXPECT_EQ(other.check(retry(first_, start), start), CookieVerdict::missing_or_invalid);
}

TEST_F(CookieTest, EveryFlippedBitOfTheMessageInvalidatesMac2) {
  const Sighting second = retry(first_, start);
  for (std::size_t bit = 0; bit < wire::InitiationLayout::size * 8; ++bit) {
    Sighting flipped = second;
    flipped.initiation[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    EXPECT_EQ(checker_.check(flipped, start), CookieVerdict::missing_or_invalid) << "bit " << bit;
  }
}

TEST_F(CookieTest, TheReplyNamesTheSenderAndIsSealedToItsMac1) {
  const wire::CookieReplyBytes reply = checker_.reply(*identity_, first_, start);
  EXPECT_EQ(reply[0], static_cast<std::uint8_t>(wire::MessageType::cookie_reply));
  EXPECT_EQ(reply[wire::CookieReplyLayout::receiver], 77);

  InitiationBytes other = initiation_;
  other[wire::InitiationLayout::mac1] ^= 1U;
  EXPECT_FALSE(test::open_cookie_reply(reply, gateway_.public_key, other).has_value());
}

TEST_F(CookieTest, RepliesNeverRepeatTheirNonce) {
  EXPECT_NE(checker_.reply(*identity_, first_, start), checker_.reply(*identity_, first_, start));
}

} // namespace
} // namespace provisiond::authenticate
