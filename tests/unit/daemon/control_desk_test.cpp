#include "daemon/control_desk.hpp"
#include "quiet_source.hpp"
#include "unit/flow/flow_world.hpp"

#include <gtest/gtest.h>

#include <variant>
#include <vector>

namespace provisiond::daemon {
namespace {

using namespace std::chrono_literals;

class ControlDeskTest : public testing::Test {
 protected:
  ControlDeskTest() { world.interface().network = "office"; }

  // What the desk answers when it has its turn.
  control::Answer ask(control::QuestionBody body) {
    EXPECT_TRUE(questions.push({.ticket = 42, .body = std::move(body)}));
    announces = desk.answer_one({.sessions = 2,
                                 .gateway = "gw1",
                                 .same_name = {},
                                 .networks = {{.name = "office2", .is_found = true}},
                                 .identity = "id",
                                 .is_another = true,
                                 .missing_rows = 3},
                                world.now.steady);
    std::vector<control::Answer> given = answers.drain(10);
    EXPECT_EQ(given.size(), 1U);
    return std::move(given.at(0));
  }
  template <class Body>
  Body body_of(control::Answer answer) {
    return std::get<Body>(std::move(answer.body));
  }

  flow::World world;
  SourceState source;
  std::vector<events::SourcePreference> preferences{{.choice = events::SourceChoice::capture}};
  std::unique_ptr<events::SourceSet> sources =
      events::SourceSet::open(quiet_openers(source), preferences, world.metrics).value();
  Channel<control::Question> questions{4};
  Channel<control::Answer> answers{1};
  TurnTimes turn_times{world.metrics.loop_turn};
  bool announces = false; // a drain began or ended with the last question
  ControlDesk desk{{.interfaces = world.interfaces(),
                    .sources = *sources,
                    .flow = world.flow,
                    .turn_times = turn_times,
                    .questions = questions,
                    .answers = answers},
                   world.now.steady};
};

TEST_F(ControlDeskTest, TellsHowItIsNow) {
  ASSERT_TRUE(sources->watch({.id = {}, .ifindex = 7, .listen_port = 51820}, world.now.steady));
  world.knock(world.sighting_of(test::make_key_pair(2)));
  world.answer_known();
  world.advance(90s);
  turn_times.ended(7ms);
  const control::Answer answer = ask(control::OverviewQuestion{});
  EXPECT_EQ(answer.ticket, 42U);
  const control::Overview overview = body_of<control::Overview>(answer);
  EXPECT_EQ(overview.version, PROVISIOND_VERSION);
  EXPECT_EQ(overview.uptime, 90s);
  EXPECT_EQ(overview.longest_turn, 7ms);
  EXPECT_EQ(overview.database.sessions, 2U);
  EXPECT_EQ(overview.database.identity, "id");
  EXPECT_EQ(overview.database.gateway, "gw1");
  EXPECT_FALSE(overview.is_draining);
  ASSERT_EQ(overview.interfaces.size(), 1U);
  EXPECT_EQ(overview.interfaces[0].name, "wg0");
  EXPECT_EQ(overview.interfaces[0].network, "office2") << "as the database calls it now";
  EXPECT_EQ(overview.interfaces[0].is_network_found, true);
  EXPECT_EQ(overview.interfaces[0].source, "capture");
  EXPECT_TRUE(overview.interfaces[0].is_present);
  EXPECT_EQ(overview.interfaces[0].peers, 1U);
  EXPECT_EQ(overview.interfaces[0].greeted, 1U);
  EXPECT_FALSE(announces);
}

TEST_F(ControlDeskTest, AnInterfaceThatIsGoneHasNoSource) {
  world.interface().identity.reset();
  const control::Overview overview = body_of<control::Overview>(ask(control::OverviewQuestion{}));
  EXPECT_FALSE(overview.interfaces.at(0).is_present);
  EXPECT_EQ(overview.interfaces[0].source, "");
}

TEST_F(ControlDeskTest, GivesPeersInSlices) {
  kernel::PeerList crowd;
  crowd.peers.resize(control::most_peers_per_question + 5);
  for (std::size_t i = 0; i < crowd.peers.size(); ++i) {
    crowd.peers[i].key.bytes[0] = static_cast<std::uint8_t>(i);
    crowd.peers[i].key.bytes[1] = static_cast<std::uint8_t>(i >> 8);
  }
  world.flow.life().begin_pass(world.interface().id);
  world.flow.life().take_pass(world.interface().id, std::move(crowd), world.now);
  while (world.flow.life().is_passing())
    world.flow.life().work_off_passes(world.now);
  const PeerSlice first = body_of<PeerSlice>(ask(control::PeersQuestion{}));
  EXPECT_EQ(first.peers.size(), control::most_peers_per_question);
  ASSERT_TRUE(first.rest);
  const PeerSlice second =
      body_of<PeerSlice>(ask(control::PeersQuestion{.interface = {}, .walk = first.rest}));
  EXPECT_EQ(second.peers.size(), 5U);
  EXPECT_FALSE(second.rest);
}

TEST_F(ControlDeskTest, ADrainBeginsAndEndsOnce) {
  for (const bool begins : {true, false}) {
    const control::DrainQuestion question{.begins = begins};
    EXPECT_EQ(body_of<control::DrainAnswer>(ask(question)).is_draining, begins);
    EXPECT_TRUE(announces);
    EXPECT_EQ(world.flow.first_contact().is_draining(), begins);
    EXPECT_EQ(body_of<control::DrainAnswer>(ask(question)).is_draining, begins);
    EXPECT_FALSE(announces) << "nothing has changed";
  }
}

TEST_F(ControlDeskTest, ExplainsAKeyAndASource) {
  const test::KeyPair client = test::make_key_pair(2);
  const control::KeyAnswer before =
      body_of<control::KeyAnswer>(ask(control::KeyQuestion{.key = client.public_key}));
  ASSERT_EQ(before.interfaces.size(), 1U);
  EXPECT_EQ(before.interfaces[0].refusing(), nullptr);
  world.knock(world.sighting_of(client));
  world.answer_known();
  const control::KeyAnswer after = body_of<control::KeyAnswer>(
      ask(control::KeyQuestion{.key = client.public_key, .interface = InterfaceId{0}}));
  ASSERT_EQ(after.interfaces.size(), 1U);
  EXPECT_EQ(after.interfaces[0].refusing()->refusal, Refusal::already_installed);
  const SourceExplanation of_source = body_of<SourceExplanation>(
      ask(control::SourceQuestion{.address = IpAddress::parse("192.0.2.2").value()}));
  EXPECT_EQ(of_source.unproven.budgets.at(0).budget.left, 999U);
}

TEST_F(ControlDeskTest, TheAttackModeIsOrderedAndShown) {
  const control::AttackAnswer on =
      body_of<control::AttackAnswer>(ask(control::AttackQuestion{.order = AttackOrder::on}));
  EXPECT_TRUE(on.is_accepted);
  EXPECT_TRUE(on.is_on);
  control::Overview overview = body_of<control::Overview>(ask(control::OverviewQuestion{}));
  EXPECT_TRUE(overview.is_attack_mode);
  EXPECT_EQ(overview.attack_order, AttackOrder::on);
  EXPECT_TRUE(body_of<SourceExplanation>(
                  ask(control::SourceQuestion{.address = IpAddress::parse("192.0.2.2").value()}))
                  .is_attack_mode);
  EXPECT_FALSE(
      body_of<control::AttackAnswer>(ask(control::AttackQuestion{.order = AttackOrder::automatic}))
          .is_on);
  overview = body_of<control::Overview>(ask(control::OverviewQuestion{}));
  EXPECT_FALSE(overview.is_attack_mode);
}

TEST_F(ControlDeskTest, OneQuestionATurnAndAFullChannelLosesTheAnswer) {
  EXPECT_FALSE(desk.answer_one({}, world.now.steady)) << "nothing is asked";
  for (std::uint64_t ticket = 1; ticket <= 2; ++ticket)
    ASSERT_TRUE(questions.push({.ticket = ticket, .body = control::OverviewQuestion{}}));
  static_cast<void>(desk.answer_one({}, world.now.steady));
  EXPECT_EQ(questions.size(), 1U);
  static_cast<void>(desk.answer_one({}, world.now.steady));
  EXPECT_EQ(questions.size(), 0U);
  const std::vector<control::Answer> given = answers.drain(10);
  ASSERT_EQ(given.size(), 1U);
  EXPECT_EQ(given[0].ticket, 1U);
}

} // namespace
} // namespace provisiond::daemon
