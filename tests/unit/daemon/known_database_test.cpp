#include "daemon/known_database.hpp"
#include "support/captured_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace provisiond::daemon {
namespace {

using testing::HasSubstr;

class KnownDatabaseTest : public testing::Test {
 protected:
  KnownDatabaseTest() {
    std::filesystem::remove_all(folder);
    std::filesystem::create_directory(folder);
  }
  ~KnownDatabaseTest() override { std::filesystem::remove_all(folder); }

  // What is read; `said` is what the log says of it.
  std::string read() {
    test::capture_log();
    const KnownDatabase known = KnownDatabase::open(file);
    said = test::captured_log();
    return known.identity();
  }

  const std::string folder = testing::TempDir() + "known_database_" + std::to_string(::getpid());
  const std::string file = folder + "/database";
  const std::string one = "0c2dbb2e-5e6a-4d0f-8d8e-b4f5a3b5c111";
  const std::string two = "7a0c9d52-19f3-4c5b-9a11-0f6f5d1c2222";
  std::string said;
};

TEST_F(KnownDatabaseTest, WhatIsKeptIsReadAgain) {
  EXPECT_EQ(read(), "");
  EXPECT_EQ(said, "") << "the first start is no fault";
  KnownDatabase::open(file).keep(one);
  EXPECT_EQ(read(), one);
  KnownDatabase::open(file).keep(two);
  EXPECT_EQ(read(), two);
  EXPECT_EQ(said, "");
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(KnownDatabaseTest, WhatIsDamagedIsNothingWithAWarning) {
  KnownDatabase::open(file).keep(one);
  std::string record;
  std::getline(std::ifstream{file}, record);
  record += '\n';
  for (std::size_t at = 0; at < record.size(); ++at) {
    std::string damaged = record;
    damaged[at] = damaged[at] == 'x' ? 'y' : 'x';
    std::ofstream{file, std::ios::trunc} << damaged;
    EXPECT_EQ(read(), "") << at;
    EXPECT_THAT(said, HasSubstr("is damaged")) << at;
    std::ofstream{file, std::ios::trunc} << record.substr(0, at);
    EXPECT_EQ(read(), "") << at;
  }
  KnownDatabase::open(file).keep(two);
  EXPECT_EQ(read(), two);
}

TEST_F(KnownDatabaseTest, WhereNothingCanBeWrittenItIsKeptInMemory) {
  test::capture_log();
  KnownDatabase known = KnownDatabase::open(folder + "/nowhere/database");
  EXPECT_THAT(test::captured_log(), HasSubstr("not kept over restarts"));
  known.keep(one);
  EXPECT_EQ(known.identity(), one);
}

TEST_F(KnownDatabaseTest, OfTwoProcessesTheSecondKeepsNothing) {
  KnownDatabase first = KnownDatabase::open(file);
  test::capture_log();
  KnownDatabase second = KnownDatabase::open(file);
  EXPECT_THAT(test::captured_log(), HasSubstr("another process has it"));
  second.keep(two);
  first.keep(one);
  first = KnownDatabase{};
  EXPECT_EQ(read(), one);
}

TEST_F(KnownDatabaseTest, TheFileIsInTheServicesFolder) {
  settings::Database database;
  EXPECT_THAT(identity_file(database), testing::EndsWith("/database"));
  database.identity_file = "/x/y";
  EXPECT_EQ(identity_file(database), "/x/y");
}

} // namespace
} // namespace provisiond::daemon
