#include "flood/command_line.hpp"
#include "initiator/initiation.hpp"

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace provisiond::flood {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CommandLineTest : public ::testing::Test {
 protected:
  // What is ordered, or the word of who refuses: the parser or `order_of`.
  Result<Order> read(std::vector<std::string> words) {
    words.insert(words.end(), {"--gateway-key", gateway_, "--to", "127.0.0.1:51820"});
    Arguments arguments;
    CLI::App parser;
    declare(parser, arguments);
    std::ranges::reverse(words); // as the parser wants a list
    try {
      parser.parse(words);
    } catch (const CLI::ParseError& error) {
      return fail(Error{error.what()});
    }
    return order_of(arguments);
  }
  std::string complaint(const std::vector<std::string>& words) {
    const Result<Order> order = read(words);
    return order ? "none" : order.error().message();
  }

  const std::string gateway_ = initiator::make_key_pair(1).public_key.to_string();
  const std::string other_ = initiator::make_key_pair(2).public_key.to_string();
};

TEST_F(CommandLineTest, TheLeastIsAKindATargetAndAKey) {
  const Result<Order> order = read({"unknown"});
  ASSERT_TRUE(order);
  EXPECT_THAT(order->kinds, ElementsAre(Kind::unknown));
  EXPECT_EQ(order->rate, 100);
  EXPECT_EQ(order->duration, Duration{10s});
  EXPECT_EQ(order->packets, 10'000U);
  EXPECT_EQ(order->cookies, Cookies::ignore);
  EXPECT_EQ(order->sources, 1U);
}

TEST_F(CommandLineTest, EveryBoundHasALimit) {
  const std::vector<std::pair<const char*, const char*>> beyond{
      {"--rate", "0"},       {"--rate", "200001"},     {"--seconds", "0"},
      {"--seconds", "3601"}, {"--packets", "0"},       {"--packets", "50000001"},
      {"--wait", "61"},      {"--distinct", "500001"}, {"--sources", "16777217"},
  };
  for (const auto& [option, value] : beyond) {
    EXPECT_NE(complaint({"unknown", "--source-prefix", "10.0.0.0/8", option, value}), "none")
        << option << ' ' << value;
  }
  EXPECT_EQ(complaint({"unknown", "--source-prefix", "10.0.0.0/8"}), "none");
}

TEST_F(CommandLineTest, AKindNeedsItsMeans) {
  EXPECT_THAT(complaint({"valid"}), HasSubstr("--keys"));
  EXPECT_THAT(complaint({"forged"}), HasSubstr("--claim"));
  EXPECT_THAT(complaint({"forged", "--claim", "x"}), HasSubstr("--claim"));
  EXPECT_EQ(complaint({"forged", "--claim", other_}), "none");
  EXPECT_THAT(complaint({"rubbish"}), HasSubstr("rubbish"));
}

TEST_F(CommandLineTest, MixedTakesWhatItHasTheMeansFor) {
  EXPECT_THAT(read({"mixed"})->kinds, ElementsAre(Kind::unknown, Kind::replayed, Kind::garbage));
  EXPECT_THAT(read({"mixed", "--keys", "file", "--claim", other_})->kinds,
              ElementsAre(Kind::unknown, Kind::replayed, Kind::garbage, Kind::valid, Kind::forged));
}

TEST_F(CommandLineTest, SourcesAreThoseOfThePrefix) {
  EXPECT_EQ(read({"unknown", "--source-prefix", "198.18.0.0/16"})->sources, 65'535U);
  EXPECT_EQ(read({"unknown", "--source-prefix", "192.0.2.2/32"})->sources, 1U);
  EXPECT_EQ(read({"unknown", "--source-prefix", "198.18.0.0/16", "--sources", "7"})->sources, 7U);
  EXPECT_THAT(complaint({"unknown", "--sources", "7"}), HasSubstr("--source-prefix"));
  EXPECT_THAT(complaint({"unknown", "--source-prefix", "fd00::/64"}), HasSubstr("family"));
  EXPECT_THAT(complaint({"unknown", "--source-prefix", "10.0.0.1/8"}), HasSubstr("not a prefix"));
}

TEST_F(CommandLineTest, AKeyThatNobodyCanHaveIsNoGateways) {
  Arguments arguments;
  arguments.kind = "unknown";
  arguments.to = "127.0.0.1:51820";
  arguments.gateway_key = PublicKey{}.to_string();
  const Result<Order> order = order_of(arguments);
  ASSERT_FALSE(order);
  EXPECT_THAT(order.error().message(), HasSubstr("--gateway-key"));
}

TEST_F(CommandLineTest, OnlyPreparedInitiationsAreSavedAndLoaded) {
  EXPECT_EQ(complaint({"unknown", "--load", "file"}), "none");
  EXPECT_THAT(complaint({"garbage", "--load", "file"}), HasSubstr("--load"));
  EXPECT_THAT(complaint({"mixed", "--save", "file"}), HasSubstr("--save"));
  EXPECT_NE(complaint({"unknown", "--load", "file", "--save", "file"}), "none");
}

} // namespace
} // namespace provisiond::flood
