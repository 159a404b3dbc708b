#include "registry/migrate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace provisiond::registry {
namespace {

using std::filesystem::path;
using testing::HasSubstr;

class ReadMigrations : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "migrations.XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void add(const std::string& name) const { std::ofstream{directory_ / name} << "SELECT 1;\n"; }

  [[nodiscard]] std::string error() const {
    const Result<std::vector<Migration>> read = read_migrations(directory_);
    return read ? "" : read.error().message();
  }

  path directory_;
};

TEST_F(ReadMigrations, SortsByNumber) {
  add("0002_b.sql");
  add("0001_a.sql");
  add("README.md");
  const Result<std::vector<Migration>> read = read_migrations(directory_);
  ASSERT_TRUE(read) << read.error().message();
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ(read->front().number, 1);
  EXPECT_EQ(read->front().file, directory_ / "0001_a.sql");
  EXPECT_EQ(read->back().number, 2);
}

TEST_F(ReadMigrations, RefusesAGap) {
  add("0001_a.sql");
  add("0003_c.sql");
  EXPECT_THAT(error(), HasSubstr("migration 2 is missing"));
}

TEST_F(ReadMigrations, RefusesANumberTwice) {
  add("0001_a.sql");
  add("0001_b.sql");
  EXPECT_THAT(error(), HasSubstr("a number stands twice"));
}

TEST_F(ReadMigrations, RefusesAMisspelledName) {
  add("0001_a.sql");
  for (const char* const name : {"2_b.sql", "0002-b.sql", "0002.sql", "00x2_b.sql"}) {
    add(name);
    EXPECT_THAT(error(), HasSubstr("not a migration's name")) << name;
    std::filesystem::remove(directory_ / name);
  }
}

TEST_F(ReadMigrations, RefusesAnEmptyOrMissingFolder) {
  EXPECT_THAT(error(), HasSubstr("no migrations here"));
  const Result<std::vector<Migration>> missing = read_migrations(directory_ / "missing");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ENOENT);
}

TEST(Schema, ItsFilesAreMigrations) {
  const Result<std::vector<Migration>> read =
      read_migrations(path{PROVISIOND_SOURCE_DIR} / "schema");
  ASSERT_TRUE(read) << read.error().message();
}

} // namespace
} // namespace provisiond::registry
