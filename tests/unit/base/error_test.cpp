#include "base/result.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace provisiond {
namespace {

TEST(Error, OfASystemCallEndsWithTheCause) {
  const Error error = Error::system("set peer", EPERM);
  EXPECT_EQ(error.message(), "set peer: Operation not permitted");
  EXPECT_EQ(error.code(), EPERM);
}

TEST(Error, GathersTheWordsOfItsCallersAndKeepsTheCode) {
  const Error error = Error::system("set peer", EPERM).while_doing("configure wg0");
  EXPECT_EQ(error.message(), "configure wg0: set peer: Operation not permitted");
  EXPECT_EQ(error.code(), EPERM);
}

TEST(Error, WithoutASystemCallHasNoCode) {
  EXPECT_EQ(Error{"no such thing"}.code(), 0);
}

TEST(Result, IsAValueOrAnError) {
  const Result<int> value = 7;
  const Result<int> error = fail(Error{"no"});
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(*value, 7);
  ASSERT_FALSE(error.has_value());
  EXPECT_EQ(error.error().message(), "no");
}

} // namespace
} // namespace provisiond
