#include "cli/manifest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace provisiond::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string manifest_error_of(const char* text) {
  const Result<Manifest> manifest = Manifest::parse(SecretText{text});
  if (manifest) return "";
  EXPECT_EQ(manifest.error().code(), EINVAL);
  return manifest.error().message();
}

TEST(Manifest, KnowsWhereItsRowsStand) {
  const Result<Manifest> manifest = Manifest::parse("public_key,network\n\nk,\"a\nb\"\nl,c\n");
  ASSERT_TRUE(manifest.has_value());
  EXPECT_THAT(manifest->lines(), ElementsAre(3, 5));
  const registry::NextRow rows = manifest->rows();
  EXPECT_THAT(rows().value(),
              ElementsAre("a\nb", "k", "", "", "", "", "", "", "", "", "", "", "", "", "", ""));
  EXPECT_EQ(rows().value()[1], "l");
  EXPECT_FALSE(rows().has_value());
}

TEST(Manifest, MayHaveNoRows) {
  const Result<Manifest> manifest = Manifest::parse("network,public_key");
  ASSERT_TRUE(manifest.has_value());
  EXPECT_TRUE(manifest->lines().empty());
}

TEST(Manifest, NeedsAHeader) {
  EXPECT_THAT(manifest_error_of(""), HasSubstr("first line must name the columns"));
  EXPECT_EQ(manifest_error_of("network,name"), "the header has no public_key");
  EXPECT_EQ(manifest_error_of("name,network,name"), "the header has name twice");
}

TEST(Manifest, DoesNotQuoteAFirstLineThatIsNoHeader) {
  EXPECT_THAT(manifest_error_of("network,hunter2"),
              HasSubstr("column 2 of the header is none of network,"));
  EXPECT_THAT(manifest_error_of("network,hunter2"), Not(HasSubstr("hunter2")));
}

TEST(Manifest, SaysWhichLineHasTooFewFields) {
  EXPECT_EQ(manifest_error_of("network,public_key\na,b\nhunter2\n"),
            "line 3: 1 fields, the header has 2");
}

TEST(Manifest, SaysWhichFileCannotBeRead) {
  const Result<Manifest> manifest = Manifest::read("/nonexistent");
  ASSERT_FALSE(manifest.has_value());
  EXPECT_EQ(manifest.error().code(), EINVAL);
  EXPECT_EQ(manifest.error().message(),
            "read the manifest /nonexistent: open: No such file or directory");
}

} // namespace
} // namespace provisiond::cli
