#include "control/conversation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace provisiond::control {
namespace {

using testing::HasSubstr;

const std::vector<std::string> two_interfaces{"wg0", "wg1"};

PublicKey key(unsigned number) {
  PublicKey key;
  key.bytes[0] = static_cast<std::uint8_t>(number);
  key.bytes[1] = static_cast<std::uint8_t>(number >> 8U);
  return key;
}

std::string take_output(Conversation& conversation) {
  const std::string output{conversation.output()};
  conversation.sent(output.size());
  return output;
}

std::ptrdiff_t lines_in(const std::string& text) {
  return std::ranges::count(text, '\n');
}

// The loop: `count` peers on each interface, every second one greeting. Counts the questions.
struct Loop {
  unsigned count = 0;
  unsigned slices = 0;

  AnswerBody answer(const QuestionBody& question) {
    const PeersQuestion& asked = std::get<PeersQuestion>(question);
    ++slices;
    PeerWalk rest = asked.walk.value_or(PeerWalk{.next = 0, .end = count});
    PeerSlice slice;
    for (; !rest.is_over() && slice.peers.size() < most_peers_per_question; ++rest.next) {
      slice.peers.push_back({.interface = asked.interface,
                             .key = key(static_cast<unsigned>(rest.next)),
                             .stage = rest.next % 2 == 0 ? PeerStage::live : PeerStage::greeting});
    }
    if (!rest.is_over()) slice.rest = rest;
    return slice;
  }

  // Everything that is said until nothing more is asked.
  std::string listen(Conversation& conversation) {
    std::string said;
    while (const std::optional<QuestionBody> question = conversation.ask()) {
      conversation.answered(answer(*question), {});
      said += take_output(conversation);
    }
    return said;
  }
};

TEST(Conversation, asks_and_answers) {
  Conversation conversation{two_interfaces};
  EXPECT_TRUE(conversation.waits_for_request());
  conversation.hear(R"({"request": )");
  EXPECT_FALSE(conversation.ask());
  conversation.hear("\"drain\"}\n");
  EXPECT_FALSE(conversation.waits_for_request());
  const std::optional<QuestionBody> question = conversation.ask();
  ASSERT_TRUE(question);
  EXPECT_TRUE(std::get<DrainQuestion>(*question).begins);
  EXPECT_FALSE(conversation.ask()) << "a question is asked once";
  conversation.answered(DrainAnswer{.is_draining = true}, {});
  EXPECT_EQ(take_output(conversation), "{\"draining\":true}\n{\"done\":true}\n");
  EXPECT_TRUE(conversation.waits_for_request());
  EXPECT_FALSE(conversation.is_over());
}

TEST(Conversation, takes_requests_one_after_the_other) {
  Conversation conversation{two_interfaces};
  conversation.hear("{\"request\": \"drain\"}\n{\"request\": \"resume\"}\n");
  ASSERT_TRUE(conversation.ask());
  conversation.answered(DrainAnswer{.is_draining = true}, {});
  EXPECT_FALSE(conversation.ask()) << "not before the client has the first answer";
  take_output(conversation);
  const std::optional<QuestionBody> second = conversation.ask();
  ASSERT_TRUE(second);
  EXPECT_FALSE(std::get<DrainQuestion>(*second).begins);
}

TEST(Conversation, lists_in_slices) {
  Conversation conversation{two_interfaces};
  Loop loop{.count = 4500};
  conversation.hear("{\"request\": \"peers\"}\n");
  const std::string said = loop.listen(conversation);
  EXPECT_EQ(loop.slices, 6U);
  EXPECT_EQ(lines_in(said), 2 * 4500 + 1);
  EXPECT_TRUE(said.ends_with("{\"done\":true}\n"));
  EXPECT_THAT(said, HasSubstr("\"interface\":\"wg1\""));
  EXPECT_TRUE(conversation.waits_for_request());
}

TEST(Conversation, asks_for_the_next_slice_when_the_client_has_the_one_before) {
  Conversation conversation{two_interfaces};
  Loop loop{.count = 4500};
  conversation.hear("{\"request\": \"peers\"}\n");
  conversation.answered(loop.answer(*conversation.ask()), {});
  EXPECT_FALSE(conversation.ask());
  conversation.sent(conversation.output().size() - 1);
  EXPECT_FALSE(conversation.ask());
  conversation.sent(1);
  EXPECT_TRUE(conversation.ask());
}

TEST(Conversation, lists_what_was_chosen) {
  Conversation conversation{two_interfaces};
  Loop loop{.count = 10};
  conversation.hear("{\"request\": \"peers\", \"interface\": \"wg1\", \"state\": \"live\"}\n");
  const std::string said = loop.listen(conversation);
  EXPECT_EQ(lines_in(said), 5 + 1);
  EXPECT_EQ(said.find("wg0"), std::string::npos);
  EXPECT_EQ(said.find("greeting"), std::string::npos);
}

TEST(Conversation, lists_nobody_as_such) {
  Conversation conversation{two_interfaces};
  Loop loop;
  conversation.hear("{\"request\": \"peers\"}\n");
  EXPECT_EQ(loop.listen(conversation), "{\"done\":true}\n");
}

TEST(Conversation, goes_on_after_a_slice_of_nobody) {
  Conversation conversation{two_interfaces};
  conversation.hear("{\"request\": \"peers\", \"interface\": \"wg1\"}\n");
  ASSERT_TRUE(conversation.ask());
  conversation.answered(PeerSlice{.peers = {}, .rest = PeerWalk{.next = 7, .end = 9}}, {});
  const std::optional<QuestionBody> next = conversation.ask();
  ASSERT_TRUE(next);
  EXPECT_EQ(std::get<PeersQuestion>(*next).walk->next, 7U);
  conversation.answered(PeerSlice{}, {});
  EXPECT_EQ(take_output(conversation), "{\"done\":true}\n");
}

TEST(Conversation, knows_its_interfaces) {
  Conversation conversation{two_interfaces};
  conversation.hear("{\"request\": \"peers\", \"interface\": \"wg2\"}\n");
  EXPECT_FALSE(conversation.ask());
  EXPECT_THAT(take_output(conversation), HasSubstr("\"code\":\"not_found\""));
  EXPECT_TRUE(conversation.is_over());
}

TEST(Conversation, asks_for_the_explanation_of_a_key) {
  Conversation conversation{two_interfaces};
  const std::string key = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
  conversation.hear(R"({"request": "explain", "interface": "wg1", "key": ")" + key + "\"}\n");
  const std::optional<QuestionBody> question = conversation.ask();
  ASSERT_TRUE(question);
  EXPECT_EQ(std::get<KeyQuestion>(*question).key.to_string(), key);
  EXPECT_EQ(std::get<KeyQuestion>(*question).interface, InterfaceId{1});
  conversation.answered(KeyAnswer{.interfaces = {{.interface = {1}, .key = {}}}}, {});
  const std::string said = take_output(conversation);
  EXPECT_THAT(said, HasSubstr(R"("interface":"wg1")"));
  EXPECT_EQ(lines_in(said), 2);

  conversation.hear(R"({"request": "explain", "interface": "wg2", "key": ")" + key + "\"}\n");
  EXPECT_THAT(take_output(conversation), HasSubstr("\"code\":\"not_found\""));
}

TEST(Conversation, orders_the_attack_mode_where_there_are_cookies) {
  Conversation conversation{two_interfaces};
  for (const bool is_accepted : {true, false}) {
    conversation.hear(R"({"request": "attack-mode", "mode": "on"})"
                      "\n");
    const std::optional<QuestionBody> question = conversation.ask();
    ASSERT_TRUE(question);
    EXPECT_EQ(std::get<AttackQuestion>(*question).order, AttackOrder::on);
    conversation.answered(AttackAnswer{.is_accepted = is_accepted, .is_on = is_accepted}, {});
    EXPECT_THAT(take_output(conversation),
                HasSubstr(is_accepted ? "{\"attack_mode\":true}\n" : "\"code\":\"refused\""));
  }
}

TEST(Conversation, asks_for_the_explanation_of_a_source) {
  Conversation conversation{two_interfaces};
  conversation.hear(R"({"request": "explain", "source": "192.0.2.7"})"
                    "\n");
  const std::optional<QuestionBody> question = conversation.ask();
  ASSERT_TRUE(question);
  EXPECT_EQ(std::get<SourceQuestion>(*question).address, IpAddress::parse("192.0.2.7"));
  conversation.answered(SourceExplanation{}, {});
  EXPECT_EQ(lines_in(take_output(conversation)), 2);
}

TEST(Conversation, ends_after_what_it_does_not_understand) {
  Conversation conversation{two_interfaces};
  conversation.hear("hello\n{\"request\": \"drain\"}\n");
  EXPECT_FALSE(conversation.is_over()) << "the client is told first";
  EXPECT_THAT(take_output(conversation), HasSubstr("\"code\":\"usage\""));
  EXPECT_TRUE(conversation.is_over());
  EXPECT_FALSE(conversation.ask());
}

TEST(Conversation, takes_a_request_of_bounded_length) {
  std::string longest = "{\"request\": \"status\"}";
  longest.resize(longest_request - 1, ' ');
  Conversation polite{two_interfaces};
  polite.hear(longest + "\n");
  EXPECT_TRUE(polite.ask());

  Conversation rude{two_interfaces};
  rude.hear(longest + " ");
  EXPECT_THAT(take_output(rude), HasSubstr("too long"));
  EXPECT_TRUE(rude.is_over());
}

TEST(Conversation, says_so_when_the_loop_has_no_time) {
  Conversation conversation{two_interfaces};
  conversation.hear("{\"request\": \"status\"}\n");
  ASSERT_TRUE(conversation.ask());
  conversation.could_not_ask();
  EXPECT_THAT(take_output(conversation), HasSubstr("\"code\":\"busy\""));
  EXPECT_TRUE(conversation.is_over());
}

TEST(Conversation, ends_with_its_client) {
  Conversation conversation{two_interfaces};
  conversation.hear_end();
  EXPECT_TRUE(conversation.is_over());
}

TEST(Conversation, progress_is_what_is_complete) {
  Conversation conversation{two_interfaces};
  const std::uint64_t begin = conversation.progress();
  conversation.hear("{\"request\": ");
  EXPECT_EQ(conversation.progress(), begin);
  conversation.hear("\"drain\"}\n");
  const std::uint64_t requested = conversation.progress();
  EXPECT_GT(requested, begin);
  ASSERT_TRUE(conversation.ask());
  conversation.answered(DrainAnswer{}, {});
  const std::uint64_t answered = conversation.progress();
  EXPECT_GT(answered, requested);
  conversation.sent(1);
  EXPECT_EQ(conversation.progress(), answered);
  conversation.sent(conversation.output().size());
  EXPECT_GT(conversation.progress(), answered);
}

} // namespace
} // namespace provisiond::control
