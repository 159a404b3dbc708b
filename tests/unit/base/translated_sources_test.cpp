#include "base/translated_sources.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace provisiond {
namespace {

IpAddress address(const char* written) {
  return IpAddress::parse(written).value();
}

IpPrefix prefix(const char* written) {
  return IpPrefix::parse(written).value();
}

// The table of RFC 6052, section 2.4.
TEST(TranslatedSources, FindsTheAddressBehindAPrefixOfEveryLength) {
  const std::vector<std::pair<const char*, const char*>> table{
      {"2001:db8::/32", "2001:db8:c000:221::"},
      {"2001:db8:100::/40", "2001:db8:1c0:2:21::"},
      {"2001:db8:122::/48", "2001:db8:122:c000:2:2100::"},
      {"2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"},
      {"2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"},
      {"2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"}};
  for (const auto& [translator, source] : table) {
    const TranslatedSources translated{{prefix("64:ff9b::/96"), prefix(translator)}};
    EXPECT_EQ(translated.origin_of(address(source)), address("192.0.2.33")) << translator;
  }
}

TEST(TranslatedSources, LeavesEverythingElseAsItIs) {
  const TranslatedSources translated{{prefix("64:ff9b::/96")}};
  for (const char* written : {"192.0.2.1", "2001:db8::1", "64:ff9b:0:0:0:1:c000:201"})
    EXPECT_EQ(translated.origin_of(address(written)), address(written));
  EXPECT_EQ(TranslatedSources{{}}.origin_of(address("64:ff9b::1")), address("64:ff9b::1"));
}

TEST(TranslatedSources, KnowsTheLengthsThatThereAre) {
  EXPECT_TRUE(TranslatedSources::is_possible(prefix("64:ff9b::/96")));
  EXPECT_TRUE(TranslatedSources::is_possible(prefix("64:ff9b:1::/48")));
  for (const char* written : {"64:ff9b::/95", "64:ff9b::/72", "::/0", "10.0.0.0/8", "192.0.2.1/32"})
    EXPECT_FALSE(TranslatedSources::is_possible(prefix(written))) << written;
}

} // namespace
} // namespace provisiond
