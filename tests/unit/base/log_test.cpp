#include "base/log.hpp"

#include <gtest/gtest.h>

namespace provisiond::log {
namespace {

TEST(Log, WritesNamesAndValues) {
  EXPECT_EQ(format_line("refused", {{"reason", "bad_mac1"}, {"source", "[2001:db8::1]:51820"}}),
            "refused reason=bad_mac1 source=[2001:db8::1]:51820");
}

TEST(Log, QuotesWhatIsNotOneWord) {
  EXPECT_EQ(format_line("x", {{"error", "no such device"}}), "x error=\"no such device\"");
  EXPECT_EQ(format_line("x", {{"error", ""}}), "x error=\"\"");
}

TEST(Log, NothingFromOutsideCanStartALineOfItsOwn) {
  EXPECT_EQ(format_line("x", {{"name", "a\nready peers=\"1\"\x1b[2J"}}),
            "x name=\"a\\x0aready peers=\\\"1\\\"\\x1b[2J\"");
}

TEST(Log, LevelsBelowTheThresholdAreOff) {
  set_level(Level::warning);
  EXPECT_FALSE(is_enabled(Level::info));
  EXPECT_TRUE(is_enabled(Level::warning));
  EXPECT_TRUE(is_enabled(Level::error));
  set_level(Level::info);
}

} // namespace
} // namespace provisiond::log
