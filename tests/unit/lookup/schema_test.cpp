#include "lookup/sql.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>

namespace provisiond::lookup {
namespace {

TEST(Schema, TheBuildNeedsTheNewestFile) {
  std::string newest;
  for (const std::filesystem::directory_entry& file :
       std::filesystem::directory_iterator{PROVISIOND_SOURCE_DIR "/schema"})
    if (file.path().extension() == ".sql")
      newest = std::max(newest, file.path().filename().string());
  EXPECT_EQ(newest.substr(0, 5), fmt::format("{:04}_", sql::needed_schema_version));
}

} // namespace
} // namespace provisiond::lookup
