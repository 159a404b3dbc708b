#include "cli/config_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace provisiond::cli {
namespace {

namespace fs = std::filesystem;

class ConfigFileTest : public testing::Test {
 protected:
  ConfigFileTest() {
    std::string pattern = fs::temp_directory_path() / "config_file_test.XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    name_ = folder_ / "client.conf";
  }
  ~ConfigFileTest() override { fs::remove_all(folder_); }

  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator{folder_}, {}));
  }
  [[nodiscard]] std::string text() const {
    std::ifstream stream{name_};
    return {std::istreambuf_iterator<char>{stream}, {}};
  }

  fs::path folder_;
  fs::path name_;
};

TEST_F(ConfigFileTest, AppearsWithItsTextWhenPublished) {
  {
    Result<ConfigFile> file = ConfigFile::create(name_);
    ASSERT_TRUE(file.has_value());
    ASSERT_TRUE(file->write("secret\n").has_value());
    EXPECT_EQ(text(), "");
    ASSERT_TRUE(file->publish().has_value());
  }
  EXPECT_EQ(text(), "secret\n");
  EXPECT_EQ(files(), 1U);
  struct stat status {};
  ASSERT_EQ(::stat(name_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(ConfigFileTest, LeavesNothingWhenNotPublished) {
  {
    Result<ConfigFile> file = ConfigFile::create(name_);
    ASSERT_TRUE(file.has_value());
    const ConfigFile moved{std::move(*file)};
    EXPECT_EQ(files(), 2U);
  }
  EXPECT_EQ(files(), 0U);
}

TEST_F(ConfigFileTest, KeepsAFileThatIsThere) {
  std::ofstream{name_} << "old";
  const Result<ConfigFile> file = ConfigFile::create(name_);
  ASSERT_FALSE(file.has_value());
  EXPECT_EQ(file.error().code(), EINVAL);
  EXPECT_EQ(text(), "old");
}

TEST_F(ConfigFileTest, FollowsNoLink) {
  fs::create_symlink(folder_ / "elsewhere", name_);
  EXPECT_FALSE(ConfigFile::create(name_).has_value());
  EXPECT_FALSE(fs::exists(folder_ / "elsewhere"));
}

TEST_F(ConfigFileTest, SaysThatTheFolderIsMissing) {
  EXPECT_FALSE(ConfigFile::create(folder_ / "missing" / "x").has_value());
}

} // namespace
} // namespace provisiond::cli
