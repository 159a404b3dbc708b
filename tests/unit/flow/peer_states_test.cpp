#include "flow_world.hpp"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <ostream>
#include <string_view>

// docs/peer-states.md, as far as the daemon decides: each state with each event.

namespace provisiond::flow {
namespace {

enum class Event : std::uint8_t {
  acknowledged,
  refused_by_device,
  handshake,
  not_shown,
  changed_row,
  revoked,
  deadline,
  idle_timeout,
  interface_gone,
};

struct Case {
  PeerStage state;
  Event event;
  std::string_view words;
  std::optional<PeerStage> then; // none: it is no peer any more
};

void PrintTo(const Case& each, std::ostream* out) {
  *out << to_string(each.state) << ", " << each.words;
}

const test::KeyPair client = test::make_key_pair(2);

class PeerStates : public testing::TestWithParam<Case> {
 protected:
  void ask_again() {
    world.advance(1ms);
    world.flow.life().changed({.interface = InterfaceId{0}, .key = client.public_key}, world.now);
    world.flow.life().revalidate(world.now);
  }
  void shake_hands() {
    world.advance(1s);
    static_cast<void>(world.device->complete_handshake(client.public_key, world.now.wall));
  }

  // Installing and leaving are states of a device that has not answered yet.
  void reach(PeerStage state) {
    world.device_answers = state != PeerStage::installing;
    world.knock(world.sighting_of(client));
    world.answer_known();
    if (state == PeerStage::installing || state == PeerStage::greeting) return;
    shake_hands();
    world.pass();
    if (state == PeerStage::live) return;
    world.advance(180s);
    world.pass();
    if (state == PeerStage::idle) return;
    world.device_answers = false;
    ask_again();
    world.answer_refused(Refusal::revoked);
  }

  void happen(Event event) {
    switch (event) {
    case Event::acknowledged:
      return world.answer_batches();
    case Event::refused_by_device:
      world.device->fail_next_changes(1, EINVAL);
      return world.answer_batches();
    case Event::handshake:
      shake_hands();
      return world.pass();
    case Event::not_shown:
      world.flow.life().begin_pass({});
      world.flow.life().take_pass({}, {}, world.now);
      return world.flow.commit(world.now);
    case Event::changed_row:
      ask_again();
      return world.answer_all(
          [](const PublicKey& key) { return World::known(key, "10.80.0.3/32", 25); });
    case Event::revoked:
      ask_again();
      return world.answer_refused(Refusal::revoked);
    case Event::deadline:
      world.advance(16s);
      return world.pass();
    case Event::idle_timeout:
      world.advance(10min);
      world.pass();
      world.advance(10s);
      return world.pass();
    case Event::interface_gone:
      return world.flow.life().detach({});
    }
  }

  std::optional<PeerStage> stage() {
    const Peer* const peer = world.interface().peers.table().find(client.public_key);
    return peer == nullptr ? std::nullopt : std::optional{peer->stage()};
  }

  World world;
};

TEST_P(PeerStates, LeadWhereTheTableSays) {
  reach(GetParam().state);
  ASSERT_EQ(stage(), GetParam().state);
  happen(GetParam().event);
  EXPECT_EQ(stage(), GetParam().then);
  // Whatever happened, nothing of a peer that is gone is left behind.
  if (stage()) return;
  EXPECT_EQ(world.flow.life().greeted(), 0U);
  EXPECT_EQ(world.interface().peers.allowed_ips().size(), 0U);
}

using Stage = PeerStage;
constexpr std::nullopt_t gone = std::nullopt;
const std::array cases{
    Case{Stage::installing, Event::acknowledged, "acknowledged", Stage::greeting},
    Case{Stage::installing, Event::refused_by_device, "refused by the device", gone},
    Case{Stage::installing, Event::handshake, "a handshake", Stage::installing},
    Case{Stage::installing, Event::not_shown, "not shown by a pass", Stage::installing},
    Case{Stage::installing, Event::changed_row, "its row changes", Stage::installing},
    Case{Stage::installing, Event::revoked, "revoked", Stage::leaving},
    Case{Stage::installing, Event::deadline, "the deadline", Stage::installing},
    Case{Stage::installing, Event::interface_gone, "the interface goes", gone},
    Case{Stage::greeting, Event::handshake, "a handshake", Stage::live},
    Case{Stage::greeting, Event::not_shown, "not shown by a pass", gone},
    Case{Stage::greeting, Event::changed_row, "its row changes", Stage::greeting},
    Case{Stage::greeting, Event::revoked, "revoked", gone},
    Case{Stage::greeting, Event::deadline, "the deadline", gone},
    Case{Stage::greeting, Event::interface_gone, "the interface goes", gone},
    Case{Stage::live, Event::handshake, "a handshake", Stage::live},
    Case{Stage::live, Event::not_shown, "not shown by a pass", gone},
    Case{Stage::live, Event::changed_row, "its row changes", Stage::live},
    Case{Stage::live, Event::revoked, "revoked", gone},
    Case{Stage::live, Event::deadline, "the deadline", Stage::live},
    Case{Stage::live, Event::idle_timeout, "the idle timeout", gone},
    Case{Stage::live, Event::interface_gone, "the interface goes", gone},
    Case{Stage::idle, Event::handshake, "a handshake", Stage::live},
    Case{Stage::idle, Event::not_shown, "not shown by a pass", gone},
    Case{Stage::idle, Event::changed_row, "its row changes", Stage::idle},
    Case{Stage::idle, Event::revoked, "revoked", gone},
    Case{Stage::idle, Event::idle_timeout, "the idle timeout", gone},
    Case{Stage::idle, Event::interface_gone, "the interface goes", gone},
    Case{Stage::leaving, Event::acknowledged, "acknowledged", gone},
    Case{Stage::leaving, Event::refused_by_device, "refused by the device", Stage::leaving},
    Case{Stage::leaving, Event::handshake, "a handshake", Stage::leaving},
    Case{Stage::leaving, Event::not_shown, "not shown by a pass", Stage::leaving},
    Case{Stage::leaving, Event::changed_row, "its row changes", Stage::leaving},
    Case{Stage::leaving, Event::revoked, "revoked", Stage::leaving},
    Case{Stage::leaving, Event::idle_timeout, "the idle timeout", Stage::leaving},
    Case{Stage::leaving, Event::interface_gone, "the interface goes", gone},
};
INSTANTIATE_TEST_SUITE_P(Table, PeerStates, testing::ValuesIn(cases));

// A device that does not answer delays itself, and what it was asked is asked again.
TEST(HangingDevice, APeerIsInstalledWhenItAnswers) {
  World world;
  world.device_answers = false;
  world.knock(world.sighting_of(client));
  world.answer_known();
  EXPECT_EQ(world.metrics.peers_installed.value(), 0U);
  for (int i = 0; i < 10; ++i) {
    world.advance(1s);
    world.flow.commit(world.now);
  }
  EXPECT_EQ(world.batches_under_way(), 1U) << "nothing is sent behind it";
  EXPECT_EQ(world.all_refusals(), 0U);
  world.device->fail_next_changes(1, EAGAIN);
  world.answer_batches();
  EXPECT_EQ(world.metrics.peers_installed.value(), 0U);
  world.advance(1s);
  world.flow.commit(world.now);
  EXPECT_EQ(world.metrics.peers_installed.value(), 1U);
  world.advance(1s);
  ASSERT_TRUE(world.device->complete_handshake(client.public_key, world.now.wall));
  world.pass();
  EXPECT_EQ(world.metrics.peers_connected.value(), 1U);
}

// A pass may see the peer, and even its session, before the acknowledgement is there.
TEST(HangingDevice, ASessionThatIsSeenTooEarlyIsNoticedLater) {
  World world;
  world.device_answers = false;
  world.knock(world.sighting_of(client));
  world.answer_known();
  std::vector<kernel::PeerChange> creation(1);
  creation[0].key = client.public_key;
  ASSERT_TRUE(world.device->apply(creation)[0]);
  world.advance(1s);
  ASSERT_TRUE(world.device->complete_handshake(client.public_key, world.now.wall));
  world.pass();
  EXPECT_EQ(world.metrics.peers_connected.value(), 0U);
  world.answer_batches();
  world.pass();
  EXPECT_EQ(world.metrics.peers_connected.value(), 1U);
}

// What the device has is what it has acknowledged.
TEST(HangingDevice, APresharedKeyThatIsRefusedIsToldAgain) {
  World world;
  world.knock(world.sighting_of(client));
  world.answer_known();
  world.advance(1s);
  ASSERT_TRUE(world.device->complete_handshake(client.public_key, world.now.wall));
  world.pass();
  const auto secret = [] { return test::make_key_pair(9).private_key; };
  const auto with_secret = [&](const PublicKey& key) {
    std::variant<PeerRecord, Refusal> answer = World::known(key);
    std::get<PeerRecord>(answer).preshared_key.emplace(secret());
    return answer;
  };
  world.device->refuse(test::FakeWgDevice::Attribute::preshared_key, EINVAL);
  world.advance(1ms);
  world.flow.life().changed({.interface = InterfaceId{0}, .key = client.public_key}, world.now);
  world.flow.life().revalidate(world.now);
  world.answer_all(with_secret);
  EXPECT_FALSE(world.device->has_preshared_key(client.public_key, secret()));
  world.device->refuse(test::FakeWgDevice::Attribute::preshared_key, 0);
  world.advance(1s);
  world.pass();
  world.flow.life().revalidate(world.now);
  EXPECT_EQ(world.lookups.size(), 0U) << "not with every pass";
  world.advance(5s);
  world.pass();
  world.flow.life().revalidate(world.now);
  world.answer_all(with_secret);
  EXPECT_TRUE(world.device->has_preshared_key(client.public_key, secret()));
}

} // namespace
} // namespace provisiond::flow
