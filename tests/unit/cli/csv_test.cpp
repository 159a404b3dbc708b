#include "cli/csv.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace provisiond::cli {
namespace {

using testing::ElementsAre;

std::vector<std::string> fields_of(std::string_view text) {
  CsvReader reader{text};
  const Result<std::optional<CsvRecord>> record = reader.next();
  return record && *record ? (*record)->fields : std::vector<std::string>{"nothing"};
}

std::string csv_error_of(std::string_view text) {
  CsvReader reader{text};
  Result<std::optional<CsvRecord>> record = reader.next();
  while (record && *record)
    record = reader.next();
  if (record) return "";
  EXPECT_EQ(record.error().code(), EINVAL);
  return record.error().message();
}

TEST(CsvReader, SplitsFieldsAtCommas) {
  EXPECT_THAT(fields_of("a,b c,"), ElementsAre("a", "b c", ""));
  EXPECT_THAT(fields_of("a"), ElementsAre("a"));
  EXPECT_THAT(fields_of(",\r\n"), ElementsAre("", ""));
  EXPECT_THAT(fields_of("\xef\xbb\xbf\"a\",b"), ElementsAre("a", "b"));
}

TEST(CsvReader, TakesWhatQuotesProtect) {
  EXPECT_THAT(fields_of("\"a,\"\"b\"\"\r\nc\",\"\",d"), ElementsAre("a,\"b\"\r\nc", "", "d"));
}

TEST(CsvReader, CountsTheLinesOfTheText) {
  CsvReader reader{"a\r\n\r\n\"b\nc\"\n\nd"};
  EXPECT_EQ((*reader.next())->line, 1);
  EXPECT_EQ((*reader.next())->line, 3);
  EXPECT_EQ((*reader.next())->line, 6);
  EXPECT_FALSE((*reader.next()).has_value());
  EXPECT_FALSE((*reader.next()).has_value());
}

TEST(CsvReader, SaysWhereTheTextIsMalformedAndQuotesNothing) {
  EXPECT_EQ(csv_error_of("a\nb,\"secret\n\n"), "line 2: a quoted field has no end");
  EXPECT_EQ(csv_error_of("\"a\"secret"), "line 1: text follows a quoted field");
  EXPECT_EQ(csv_error_of("a\nsecret\"b\""), "line 2: a quote stands within a field");
  EXPECT_EQ(csv_error_of(""), "");
}

TEST(CsvLine, QuotesWhatMustBe) {
  EXPECT_EQ(csv_line({"a b", "", "c,d", "\"", "e\nf"}), "a b,,\"c,d\",\"\"\"\",\"e\nf\"\n");
}

TEST(CsvLine, OfOneEmptyFieldIsNoEmptyLine) {
  EXPECT_EQ(csv_line({""}), "\"\"\n");
  EXPECT_THAT(fields_of(csv_line({""})), ElementsAre(""));
}

} // namespace
} // namespace provisiond::cli
