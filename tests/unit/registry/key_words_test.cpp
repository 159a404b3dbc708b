#include "registry/key_words.hpp"

#include <gtest/gtest.h>

namespace provisiond::registry {
namespace {

TEST(WithoutKeys, LeavesOtherWordsAlone) {
  EXPECT_EQ(without_keys(""), "");
  const char* const reason = "allowed IP fd00::1/128 overlaps 10.0.0.0/8 of peer 7";
  EXPECT_EQ(without_keys(reason), reason);
}

TEST(WithoutKeys, HidesAKeyWhereverItStands) {
  EXPECT_EQ(without_keys("gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA="), "(a key)");
  EXPECT_EQ(without_keys("cidr: \"gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA\"!"),
            "cidr: \"(a key)\"!");
}

} // namespace
} // namespace provisiond::registry
