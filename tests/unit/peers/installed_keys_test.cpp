#include "peers/installed_keys.hpp"

#include <gtest/gtest.h>

namespace provisiond::peers {
namespace {

PeerId installed(std::uint8_t first, std::uint16_t interface = 0) {
  PeerId id{.interface = {interface}, .key = {}};
  id.key.bytes.front() = first;
  return id;
}

TEST(InstalledKeys, ForgetsAnInterfaceAsAWhole) {
  InstalledKeys keys;
  keys.add(installed(1));
  keys.add(installed(2));
  keys.add(installed(9, 1));
  EXPECT_TRUE(keys.contains(installed(1)));
  keys.remove(installed(1));
  EXPECT_FALSE(keys.contains(installed(1)));
  keys.forget({});
  EXPECT_FALSE(keys.contains(installed(2)));
  EXPECT_TRUE(keys.contains(installed(9, 1)));
  EXPECT_EQ(keys.size(), 1U);
}

} // namespace
} // namespace provisiond::peers
