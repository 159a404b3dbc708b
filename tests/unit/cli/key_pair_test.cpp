#include "cli/key_pair.hpp"

#include <gtest/gtest.h>
#include <sodium.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

namespace provisiond::cli {
namespace {

TEST(KeyPair, IsClampedAndFits) {
  const Result<KeyPair> pair = make_key_pair();
  ASSERT_TRUE(pair.has_value());
  const std::span<const std::uint8_t, 32> secret = pair->private_key.bytes();
  EXPECT_EQ(secret[0] & 7U, 0U);
  EXPECT_EQ(secret[31] & 0xc0U, 0x40U);
  PublicKey expected;
  ASSERT_EQ(crypto_scalarmult_base(expected.bytes.data(), secret.data()), 0);
  EXPECT_EQ(pair->public_key, expected);
}

TEST(KeyPair, IsAnotherEachTime) {
  EXPECT_NE(make_key_pair()->public_key, make_key_pair()->public_key);
  EXPECT_FALSE(make_preshared_key()->equals(*make_preshared_key()));
}

class KeyFileTest : public testing::Test {
 protected:
  ~KeyFileTest() override { std::filesystem::remove(name_); }

  Result<Secret<32>> read(const std::string& text) {
    std::ofstream{name_} << text;
    return read_key_file(name_);
  }

 private:
  std::string name_ =
      std::filesystem::temp_directory_path() / ("key_file_test." + std::to_string(::getpid()));
};

const std::string key = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

TEST_F(KeyFileTest, TakesAKeyWithAndWithoutNewline) {
  for (const char* end : {"", "\n"}) {
    const Result<Secret<32>> read_key = read(key + end);
    ASSERT_TRUE(read_key.has_value());
    EXPECT_EQ(read_key->bytes()[31], 1);
  }
}

TEST_F(KeyFileTest, RefusesAnythingElse) {
  for (const std::string& text : {std::string{}, key + "\n\n", key + "x", " " + key, key.substr(1),
                                  std::string(44, 'A'), "\n" + key}) {
    const Result<Secret<32>> read_key = read(text);
    ASSERT_FALSE(read_key.has_value()) << text;
    EXPECT_EQ(read_key.error().code(), EINVAL);
  }
  EXPECT_FALSE(read_key_file("/nonexistent/file").has_value());
  EXPECT_FALSE(read_key_file("/").has_value());
}

} // namespace
} // namespace provisiond::cli
