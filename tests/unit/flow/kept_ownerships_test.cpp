#include "flow_world.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <variant>
#include <vector>

// After a restart a pass over a device finds a session with each of its peers. The database is told
// of all of them, however many there are between two of the reporter's looks.

namespace provisiond::flow {
namespace {

constexpr int clients = 20;

test::KeyPair client_of(int number) {
  return test::make_key_pair(static_cast<std::uint8_t>(10 + number));
}

TEST(KeptOwnerships, OfAllSessionsThatOnePassFinds) {
  World world;
  world.interface().max_peers = 100;
  for (int i = 0; i < clients; ++i) {
    world.knock(world.sighting_of(client_of(i), fmt::format("192.0.{}.2:4000", i).c_str()));
    world.answer_all([i](const PublicKey& key) {
      return World::known(key, fmt::format("10.80.0.{}/32", i + 1).c_str());
    });
    world.device->complete_handshake(client_of(i).public_key, world.now.wall);
  }
  ASSERT_EQ(world.device->peer_count(), static_cast<std::size_t>(clients));
  world.pass();
  const std::vector<DatabaseReport> reports = world.recorded.drain(1'000);
  const auto owned =
      std::count_if(reports.begin(), reports.end(), [](const DatabaseReport& report) {
        return std::holds_alternative<SessionOwnership>(report);
      });
  EXPECT_EQ(owned, clients);
}

} // namespace
} // namespace provisiond::flow
