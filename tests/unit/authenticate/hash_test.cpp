#include "authenticate/hash.hpp"
#include "support/hex.hpp"

#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <string_view>
#include <thread>

namespace provisiond::authenticate {
namespace {

using test::from_hex;

// 00 01 02 ... as key, 80 81 82 ... (as long as what mac1 covers) as input. The expected values of
// the keyed functions were computed with Python's hashlib.blake2s and hmac.
std::array<std::uint8_t, 32> counting_key() {
  std::array<std::uint8_t, 32> key{};
  std::iota(key.begin(), key.end(), std::uint8_t{0});
  return key;
}

std::array<std::uint8_t, 116> counting_input() {
  std::array<std::uint8_t, 116> input{};
  std::iota(input.begin(), input.end(), std::uint8_t{0x80});
  return input;
}

std::array<std::uint8_t, 32> bytes_of(const Secret<32>& secret) {
  std::array<std::uint8_t, 32> bytes{};
  std::copy(secret.bytes().begin(), secret.bytes().end(), bytes.begin());
  return bytes;
}

TEST(Hash, IsBlake2sOfRfc7693) {
  const std::array<std::uint8_t, 3> abc{'a', 'b', 'c'};
  EXPECT_EQ(hash(abc),
            from_hex<32>("508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982"));
}

TEST(Hash, OfTwoPartsIsThatOfTheirConcatenation) {
  const std::array<std::uint8_t, 116> input = counting_input();
  const Bytes whole{input};
  EXPECT_EQ(hash(whole.first(50), whole.subspan(50)), hash(whole));
  EXPECT_EQ(hash({}, whole), hash(whole));
  EXPECT_NE(hash(whole, whole.first(1)), hash(whole));
}

TEST(Mac, IsKeyedBlake2sOfSixteenBytes) {
  const std::array<std::uint8_t, 32> key = counting_key();
  EXPECT_EQ(mac(key, counting_input()), from_hex<16>("f4d5d1884fb8d1ff73ef910be459e26f"));
}

TEST(Mac, TakesCookiesAsKey) {
  const std::array<std::uint8_t, 32> key = counting_key();
  EXPECT_EQ(mac(std::span{key}.first<16>(), counting_input()),
            from_hex<16>("4618a77626cc2b85fbffdd51b2c01f86"));
}

TEST(Hmac, AgreesWithAnotherImplementation) {
  EXPECT_EQ(bytes_of(hmac(counting_key(), counting_input())),
            from_hex<32>("0dc044770a1f8219b5d3c54dea5d2e688ed361bc51cc9d952e247eefe40feead"));
}

TEST(Hmac, InputAndSuffixAreOneMessage) {
  const std::array<std::uint8_t, 116> input = counting_input();
  const Bytes whole{input};
  EXPECT_TRUE(
      hmac(counting_key(), whole.first(70), whole.subspan(70)).equals(hmac(counting_key(), whole)));
}

TEST(Kdf, AgreesWithAnotherImplementation) {
  const std::array<Secret<32>, 3> outputs = kdf3(counting_key(), counting_input());
  EXPECT_EQ(bytes_of(outputs[0]),
            from_hex<32>("217d0df91c0228644001500e9c53c5a469c5b089219da981515abea72ce5c70a"));
  EXPECT_EQ(bytes_of(outputs[1]),
            from_hex<32>("be61c629a2998ea25d1415550749108358b374f5a2c23b61e5a620923b5f0511"));
  EXPECT_EQ(bytes_of(outputs[2]),
            from_hex<32>("513ceea405ba61a63c12129ed50579ed83ee794b17ee2be5f827d288f5c07ef3"));
}

TEST(Kdf, ShorterOnesArePrefixesOfLongerOnes) {
  const Secret<32> one = kdf1(counting_key(), counting_input());
  const std::array<Secret<32>, 2> two = kdf2(counting_key(), counting_input());
  const std::array<Secret<32>, 3> three = kdf3(counting_key(), counting_input());
  EXPECT_TRUE(one.equals(three[0]));
  EXPECT_TRUE(two[0].equals(three[0]));
  EXPECT_TRUE(two[1].equals(three[1]));
}

TEST(Hash, ThreadsDoNotDisturbEachOther) {
  const std::array<std::uint8_t, 116> input = counting_input();
  const Hash expected = hash(input);
  std::array<bool, 4> agreed{};
  {
    std::array<std::jthread, 4> threads;
    for (std::size_t thread = 0; thread < threads.size(); ++thread) {
      threads[thread] = std::jthread{[&, thread] {
        agreed[thread] = true;
        for (int i = 0; i < 200; ++i) {
          agreed[thread] = agreed[thread] && hash(input) == expected;
        }
      }};
    }
  }
  EXPECT_EQ(agreed, (std::array<bool, 4>{true, true, true, true}));
}

} // namespace
} // namespace provisiond::authenticate
