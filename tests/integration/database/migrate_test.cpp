// Migrations against a real server.

#include "cluster.hpp"
#include "registry/migrate.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <future>

namespace provisiond::database_test {
namespace {

using registry::MigrationReport;
using std::filesystem::path;
using testing::HasSubstr;
using testing::IsEmpty;

const path schema{PROVISIOND_SOURCE_DIR "/schema"};

// The project's files in a folder of their own, to which a test adds.
class Migrate : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "schema.XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
    std::filesystem::copy(schema, directory_);
    newest_ = static_cast<int>(registry::read_migrations(directory_)->size());
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void add(int number, const std::string& sql) const {
    std::ofstream{directory_ / fmt::format("{:04}_test.sql", number)} << sql;
  }
  [[nodiscard]] Result<MigrationReport> migrate() const {
    return registry::migrate(database_.admin_dsn(), directory_);
  }
  [[nodiscard]] int version() const {
    return registry::schema_status(database_.admin_dsn(), directory_)->database;
  }

  Database database_{Database::Contents::empty};
  path directory_;
  int newest_ = 0;
};

TEST_F(Migrate, FillsAnEmptyDatabaseAndMayBeRepeated) {
  EXPECT_EQ(version(), 0);
  const Result<MigrationReport> first = migrate();
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_EQ(first->before, 0);
  EXPECT_EQ(first->after, newest_);
  EXPECT_EQ(first->applied.size(), static_cast<std::size_t>(newest_));
  EXPECT_EQ(version(), newest_);

  const Result<MigrationReport> second = migrate();
  ASSERT_TRUE(second) << second.error().message();
  EXPECT_EQ(second->before, newest_);
  EXPECT_THAT(second->applied, IsEmpty());
}

TEST_F(Migrate, AppliesOnlyWhatIsMissing) {
  ASSERT_TRUE(migrate());
  add(newest_ + 1, "CREATE TABLE wg_provision.later ()");
  const Result<MigrationReport> report = migrate();
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->before, newest_);
  EXPECT_EQ(report->after, newest_ + 1);
  EXPECT_EQ(report->applied.size(), 1U);
}

TEST_F(Migrate, AFileThatFailsLeavesNothingBehind) {
  add(newest_ + 1, "CREATE TABLE wg_provision.half (); SELECT 1 / 0;");
  const Result<MigrationReport> report = migrate();
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().message(), HasSubstr("_test.sql: ERROR: division by zero"));
  EXPECT_EQ(version(), newest_) << "the files before it stay applied";
  EXPECT_EQ(database_.sql("SELECT to_regclass('wg_provision.half') IS NULL"), "t");
}

TEST_F(Migrate, RefusesADatabaseThatIsNewer) {
  ASSERT_TRUE(migrate());
  database_.sql("UPDATE wg_provision.schema_version SET version = version + 1");
  const Result<MigrationReport> report = migrate();
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().message(), HasSubstr("use a newer wg-provisionctl"));
  EXPECT_EQ(version(), newest_ + 1);
}

TEST_F(Migrate, ManyAtOnceApplyEachFileOnce) {
  add(newest_ + 1, "CREATE TABLE wg_provision.once (); SELECT pg_sleep(0.2);");
  std::vector<std::future<Result<MigrationReport>>> running;
  running.reserve(6);
  for (int i = 0; i < 6; ++i)
    running.push_back(std::async(std::launch::async, [this] { return migrate(); }));
  std::size_t applied = 0;
  for (std::future<Result<MigrationReport>>& run : running) {
    const Result<MigrationReport> report = run.get();
    ASSERT_TRUE(report) << report.error().message();
    EXPECT_EQ(report->after, newest_ + 1);
    applied += report->applied.size();
  }
  EXPECT_EQ(applied, static_cast<std::size_t>(newest_) + 1);
}

TEST_F(Migrate, ARoleWithoutRightsIsToldWhatFailed) {
  const Result<MigrationReport> report = registry::migrate(database_.daemon_dsn(), directory_);
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().message(), HasSubstr("migrate: apply 0001_peers.sql: ERROR: "
                                                  "permission denied"));
}

TEST_F(Migrate, AnUnreachableServerHasItsOwnCode) {
  const Result<MigrationReport> report = registry::migrate("host=/nonexistent", directory_);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), ENOTCONN);
}

} // namespace
} // namespace provisiond::database_test
