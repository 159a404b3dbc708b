#include "base/log.hpp"
#include "base/unique_fd.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string>

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

TEST(Log, BelievesJournalStreamOnlyAboutItsOwnDescriptor) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd reader{ends[0]};
  const UniqueFd writer{ends[1]};
  struct stat file {};
  ASSERT_EQ(::fstat(writer.get(), &file), 0);
  const std::string its = std::to_string(file.st_dev) + ":" + std::to_string(file.st_ino);
  const std::string others = std::to_string(file.st_dev) + ":" + std::to_string(file.st_ino + 1);
  EXPECT_TRUE(is_journal_stream(its.c_str(), writer.get()));
  EXPECT_FALSE(is_journal_stream(others.c_str(), writer.get()));
  EXPECT_FALSE(is_journal_stream("", writer.get()));
  EXPECT_FALSE(is_journal_stream(nullptr, writer.get()));
  EXPECT_FALSE(is_journal_stream(its.c_str(), -1));
}

} // namespace
} // namespace provisiond::log
