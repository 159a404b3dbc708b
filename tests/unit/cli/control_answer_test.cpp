#include "cli/control_answer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

namespace provisiond::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ControlAnswerTest : public testing::Test {
 protected:
  std::optional<Status> hear(std::string_view bytes) {
    return answer_.hear(bytes, [this](std::string_view line) { lines_.emplace_back(line); });
  }
  std::string refusal_of(std::string_view bytes) {
    const std::optional<Status> ended = hear(bytes);
    return ended && !*ended ? ended->error().message() : "";
  }

  ControlAnswer answer_;
  std::vector<std::string> lines_;
};

constexpr const char* not_understood = "the daemon's answer is not understood";

TEST_F(ControlAnswerTest, HandsOnEachLineButTheLast) {
  const std::optional<Status> ended = hear("{\"a\":1}\n{\"b\":2}\n{\"done\":true}\n{\"c\":3}\n");
  ASSERT_TRUE(ended.has_value());
  EXPECT_TRUE(ended->has_value());
  EXPECT_THAT(lines_, ElementsAre("{\"a\":1}", "{\"b\":2}"));
}

TEST_F(ControlAnswerTest, GoesOnWhereAPieceEnds) {
  EXPECT_FALSE(hear("{\"a\":").has_value());
  EXPECT_FALSE(hear("1}\n{\"done\"").has_value());
  EXPECT_TRUE(hear(":true}\n").has_value());
  EXPECT_THAT(lines_, ElementsAre("{\"a\":1}"));
}

TEST_F(ControlAnswerTest, AnErrorHasItsWordsAndItsCode) {
  const std::optional<Status> ended =
      hear("{\"error\":\"no such interface\",\"code\":\"not_found\"}\n");
  ASSERT_TRUE(ended.has_value() && !ended->has_value());
  EXPECT_EQ(ended->error().message(), "no such interface");
  EXPECT_EQ(ended->error().code(), ENOENT);
}

TEST_F(ControlAnswerTest, AnErrorWithoutWordsIsAnError) {
  EXPECT_EQ(refusal_of("{\"error\":5,\"code\":[]}\n"), "unknown error");
}

TEST_F(ControlAnswerTest, RefusesWhatIsNoObject) {
  EXPECT_EQ(refusal_of("[]\n"), not_understood);
  EXPECT_EQ(refusal_of("{\"a\":1\n"), not_understood);
  EXPECT_THAT(lines_, IsEmpty());
}

TEST_F(ControlAnswerTest, RefusesAZeroByteAndWhatFollowsIt) {
  EXPECT_EQ(refusal_of(std::string{"{\"a\":1}\0\0more\n", 14}), not_understood);
  EXPECT_THAT(lines_, IsEmpty());
}

// Whoever shows it would need as much stack as it is deep.
TEST_F(ControlAnswerTest, RefusesWhatIsNestedDeeplyAndNoAnswerIs) {
  EXPECT_FALSE(hear("{\"interfaces\":[{\"name\":\"wg0\"}]}\n").has_value());
  EXPECT_EQ(refusal_of("{\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}\n"),
            not_understood);
}

TEST_F(ControlAnswerTest, RefusesALineWithoutAnEnd) {
  EXPECT_EQ(refusal_of(std::string(ControlAnswer::longest_line, ' ')), not_understood);
}

} // namespace
} // namespace provisiond::cli
