#include "cli/qr_code.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace provisiond::cli {
namespace {

constexpr std::string_view before = "\x1b[38;5;16;48;5;231m";
constexpr std::string_view after = "\x1b[0m";

// What stands between the colours, line by line; empty for a line without them.
std::vector<std::string> lines_of(std::string_view drawing) {
  std::vector<std::string> lines;
  while (!drawing.empty()) {
    std::string_view line = drawing.substr(0, drawing.find('\n'));
    drawing.remove_prefix(line.size() + 1);
    const bool is_coloured = line.starts_with(before) && line.ends_with(after);
    lines.emplace_back(
        is_coloured ? line.substr(before.size(), line.size() - before.size() - after.size()) : "");
  }
  return lines;
}

std::size_t characters_of(std::string_view line) {
  std::size_t count = 0;
  for (const char c : line)
    count += (static_cast<unsigned char>(c) & 0xc0U) != 0x80U ? 1 : 0;
  return count;
}

TEST(DrawModules, DrawsTwoRowsInOneLineAndFourWhiteModulesAround) {
  // Of each module only the lowest bit counts.
  const std::array<std::uint8_t, 9> modules{3, 1, 2, 1, 0, 1, 0, 0, 1};
  const std::vector<std::string> lines = lines_of(draw_modules(modules, 3));
  const std::string blank(11, ' ');
  EXPECT_EQ(lines,
            (std::vector<std::string>{blank, blank, "    █▀▄    ", "      ▀    ", blank, blank}));
}

TEST(DrawQrCode, IsSquareWithAQuietZone) {
  const Result<SecretText> drawing = draw_qr_code("[Interface]\nPrivateKey = x\n");
  ASSERT_TRUE(drawing.has_value());
  const std::vector<std::string> lines = lines_of(*drawing);
  const std::size_t side = 25 + 8; // version 2
  ASSERT_EQ(lines.size(), (side + 1) / 2);
  for (const std::string& line : lines) {
    EXPECT_EQ(characters_of(line), side);
    EXPECT_TRUE(line.starts_with("    "));
    EXPECT_TRUE(line.ends_with("    "));
  }
  for (const std::size_t quiet :
       {std::size_t{0}, std::size_t{1}, lines.size() - 2, lines.size() - 1})
    EXPECT_EQ(lines[quiet], std::string(side, ' ')) << quiet;
  EXPECT_TRUE(lines[2].starts_with("    █▀▀▀▀▀█ ")); // the finder in the corner
}

TEST(DrawQrCode, RefusesWhatNoCodeCanHold) {
  EXPECT_FALSE(draw_qr_code(std::string(5'000, 'x')).has_value());
}

} // namespace
} // namespace provisiond::cli
