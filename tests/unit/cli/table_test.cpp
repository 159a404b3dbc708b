#include "cli/table.hpp"

#include <gtest/gtest.h>

namespace provisiond::cli {
namespace {

TEST(DrawTable, AlignsColumnsByTheWidestCell) {
  EXPECT_EQ(
      draw_table({"ID", "NAME", "STATE"}, {{"1", "lent laptop", "enabled"}, {"234", "x", ""}}),
      "ID   NAME         STATE\n"
      "1    lent laptop  enabled\n"
      "234  x\n");
}

TEST(DrawTable, CountsCharactersAndNotBytes) {
  EXPECT_EQ(draw_table({"A", "B"}, {{"äöü", "1"}, {"abc", "2"}}), "A    B\näöü  1\nabc  2\n");
}

TEST(DrawTable, OnlyTitlesWithoutRows) {
  EXPECT_EQ(draw_table({"A", "B"}, {}), "A  B\n");
}

TEST(DrawTable, ACellCannotBeginALineOfItsOwn) {
  EXPECT_EQ(draw_table({"A", "B"}, {{"x\ny", "1"}}), "A       B\nx\\x0ay  1\n");
}

TEST(Printable, LeavesTextOfEveryLanguage) {
  EXPECT_EQ(printable("Größe 日本 😀 'x' \"y\" \\"), "Größe 日本 😀 'x' \"y\" \\");
}

TEST(Printable, ShowsControlCharactersAsNumbers) {
  EXPECT_EQ(printable("a\x1b[31m\r\n\x7f"), "a\\x1b[31m\\x0d\\x0a\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b"); // CSI in one character
  EXPECT_EQ(printable("\xe2\x80\xae"
                      "abc"),
            "\\xe2\\x80\\xae"
            "abc"); // from right to left
}

TEST(Printable, ShowsWhatIsNotUtf8AsNumbers) {
  EXPECT_EQ(printable("\xff"), "\\xff");
  EXPECT_EQ(printable("\xc3"), "\\xc3");
  EXPECT_EQ(printable("\xe2\x82z"), "\\xe2\\x82z");
}

TEST(Printable, ShowsWhatOnlyLooksLikeUtf8AsNumbers) {
  EXPECT_EQ(printable("\xe0\x80\x9b"), "\\xe0\\x80\\x9b");          // an escape in three bytes
  EXPECT_EQ(printable("\xf0\x80\x80\x8a"), "\\xf0\\x80\\x80\\x8a"); // a line feed in four
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");          // half of a pair
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80"); // beyond the last
  EXPECT_EQ(printable("\xed\x9f\xbf\xf4\x8f\xbf\xbf"), "\xed\x9f\xbf\xf4\x8f\xbf\xbf");
}

} // namespace
} // namespace provisiond::cli
