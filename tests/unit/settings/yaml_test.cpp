#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace provisiond::settings {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(Yaml, a_syntax_error_is_one_problem_with_its_line) {
  EXPECT_THAT(problems_of("interfaces:\n  - name: wg0\n network: x\n"),
              ElementsAre(testing::StartsWith("f.yaml:3:")));
  EXPECT_THAT(problems_of("interfaces: [\n"), ElementsAre(testing::StartsWith("f.yaml:")));
  EXPECT_THAT(problems_of(with("log: {level: debug}\nwatch: \"open\nmetrics: {}\n\n")),
              ElementsAre(testing::StartsWith("f.yaml:8:")));
  EXPECT_THAT(problems_of("\tx: 1\n"), testing::SizeIs(testing::Ge(1)));
}

TEST(Yaml, the_whole_file_must_be_a_map) {
  EXPECT_THAT(problems_of("wg0"),
              testing::Contains(HasSubstr("f.yaml:1:1: needs keys of its own")));
  EXPECT_THAT(problems_of("- wg0"), testing::Contains(HasSubstr("needs keys of its own")));
}

TEST(Yaml, anchors_aliases_and_tags_are_refused_where_they_stand) {
  EXPECT_THAT(problems_of(with("log: &a {level: info}\nwatch: *a\n")),
              ElementsAre(HasSubstr("f.yaml:6:6: anchors are not supported; remove the &name"),
                          HasSubstr("f.yaml:7:8: aliases are not supported; write the value out")));
  EXPECT_THAT(problems_of(with("  sessions: !!int 3\n")),
              ElementsAre(HasSubstr("tags are not supported; remove the !tag")));
}

TEST(Yaml, an_alias_bomb_stays_small) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string alias = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 9; ++j)
      bomb += alias + ", ";
    bomb += "]\n";
  }
  EXPECT_THAT(problems_of(with(bomb)), testing::Contains(HasSubstr("aliases are not supported")));
}

TEST(Yaml, one_document_only) {
  EXPECT_THAT(
      problems_of(with("---\nlog: {level: info}\n")),
      ElementsAre(HasSubstr("f.yaml:7:1: a second document begins; a configuration is one")));
  EXPECT_THAT(problems_of("---\n" + with("...\n")), IsEmpty());
}

TEST(Yaml, a_key_must_be_a_word) {
  EXPECT_THAT(problems_of(with("[a, b]: 3\n")),
              ElementsAre(HasSubstr("is not a key; write a word")));
  EXPECT_THAT(problems_of(with("? {a: b}\n: 3\n")), ElementsAre(HasSubstr("is not a key")));
  EXPECT_THAT(problems_of(with("~: 3\n")), ElementsAre(HasSubstr("is not a key")));
  EXPECT_THAT(problems_of(with("\"\": 3\n")), ElementsAre(HasSubstr("is not a key")));
}

TEST(Yaml, nesting_is_bounded) {
  for (const std::size_t depth : {17U, 1'000U, 100'000U}) {
    EXPECT_THAT(problems_of(with("log: " + std::string(depth, '[') + "\n")),
                ElementsAre(HasSubstr("is nested more than 16 levels deep")));
    EXPECT_THAT(problems_of(with("log: " + std::string(depth, '{') + "\n")), testing::SizeIs(1));
  }
  std::string indented;
  for (std::size_t level = 0; level < 300; ++level)
    indented += std::string(level, ' ') + "a:\n";
  EXPECT_THAT(problems_of(indented), ElementsAre(HasSubstr("is nested more than 16 levels deep")));
  std::string dashes;
  for (std::size_t level = 0; level < 10'000; ++level)
    dashes += "- ";
  EXPECT_THAT(problems_of(dashes), ElementsAre(HasSubstr("is nested more than 16 levels deep")));
}

TEST(Yaml, size_is_bounded) {
  const std::string comment = "#" + std::string(262'144 - minimal_yaml.size() - 2, 'x') + "\n";
  EXPECT_THAT(problems_of(with(comment)), IsEmpty());
  EXPECT_THAT(problems_of(with(comment + "\n")), ElementsAre(HasSubstr("is larger than 256 KiB")));
}

TEST(Yaml, the_number_of_problems_is_bounded) {
  std::string unknown;
  for (int i = 0; i < 1'000; ++i)
    unknown += "x" + std::to_string(i) + ": 1\n";
  EXPECT_THAT(problems_of(unknown), testing::SizeIs(100));
}

TEST(Yaml, control_characters_are_refused) {
  for (const char c : {'\0', '\x04', '\x1b', '\x7f'})
    EXPECT_THAT(problems_of(with(std::string{"log: "} + c + "\n")),
                ElementsAre(HasSubstr("f.yaml:6:6: a control character; remove it")));
  EXPECT_THAT(problems_of(std::string{"\xff\xfe"
                                      "a\0:\0",
                                      6}),
              testing::SizeIs(1));
}

TEST(Yaml, windows_line_ends_and_a_byte_order_mark_are_fine) {
  EXPECT_THAT(problems_of("\xef\xbb\xbf" + with("log:\r\n  level: debug\r\n")), IsEmpty());
}

// Deterministic: the engine's sequence is fixed by the standard.
TEST(Yaml, random_bytes_are_problems) {
  std::mt19937 random{20'240'601};
  for (int round = 0; round < 3'000; ++round) {
    std::string bytes(random() % 200, '\0');
    for (char& byte : bytes)
      byte = static_cast<char>(random());
    EXPECT_THAT(problems_of(bytes), Not(IsEmpty()));
  }
}

TEST(Yaml, random_syntax_is_a_problem) {
  constexpr std::string_view alphabet = "[]{}:-?,&*!|>'\"%@#~<=. \n\n  ab01/";
  std::mt19937 random{20'240'602};
  for (int round = 0; round < 5'000; ++round) {
    std::string text(random() % 120, ' ');
    for (char& c : text)
      c = alphabet[random() % alphabet.size()];
    EXPECT_THAT(problems_of(text), Not(IsEmpty()));
  }
}

TEST(Yaml, a_mutated_file_is_read_or_refused) {
  const std::string original = with("admission:\n  per-address: {rate: 5/s, burst: 20}\n"
                                    "  shared-prefixes: [10.0.0.0/8]\nlog: {level: info}\n");
  std::mt19937 random{20'240'603};
  int refused = 0;
  for (int round = 0; round < 5'000; ++round) {
    std::string text = original;
    for (int change = 0; change < 3; ++change)
      text[random() % text.size()] = static_cast<char>(random());
    if (!problems_of(text).empty()) ++refused;
  }
  EXPECT_GT(refused, 2'500);
}

} // namespace
} // namespace provisiond::settings
