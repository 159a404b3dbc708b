#include "daemon/routing.hpp"
#include "support/fake_routes.hpp"
#include "support/initiator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

using namespace std::chrono_literals;

namespace provisiond::daemon {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

IpPrefix prefix(const char* text) {
  return IpPrefix::parse(text).value();
}

std::vector<flow::Interface> two_interfaces() {
  std::vector<flow::Interface> interfaces(2);
  interfaces[1].id.value = 1;
  return interfaces;
}

// Two interfaces; the second one wants routes, in table 1000.
class RoutingTest : public testing::Test {
 protected:
  RoutingTest() {
    appear(7);
    key.bytes.fill(1);
  }

  void appear(std::uint32_t as) {
    interfaces[1].ifindex = as;
    interfaces[1].identity =
        authenticate::InterfaceIdentity::make(test::make_key_pair(1).private_key).value();
    interfaces[1].known = flow::Interface::Known::all;
  }
  void disappear() {
    interfaces[1].ifindex = 0;
    interfaces[1].identity.reset();
    interfaces[1].known = flow::Interface::Known::none;
    interfaces[1].peers.allowed_ips().clear();
    interfaces[1].peers.table().clear();
    table.ours.clear();
  }
  void install(const char* text) {
    const IpPrefix allowed = prefix(text);
    interfaces[1].peers.allowed_ips().assign(key, std::span{&allowed, 1});
    if (interfaces[1].peers.table().find(key) == nullptr) {
      interfaces[1].peers.table().add(key, peers::Live{}).owner = peers::Owner::ours;
    }
  }
  Result<std::unique_ptr<kernel::Routes>> open(const kernel::RouteTarget& target) {
    opened.push_back(target.ifindex);
    EXPECT_EQ(target.table, 1000U);
    table.ifindex = target.ifindex;
    if (fails_to_open) return fail(Error::system("open", EMFILE));
    return std::make_unique<test::FakeRoutes>(table);
  }

  test::FakeRouteTable table;
  std::vector<std::uint32_t> opened;
  bool fails_to_open = false;
  std::optional<std::vector<IpAddress>> database = std::vector<IpAddress>{};
  PublicKey key;
  TimePoint now = TimePoint{} + 1h;
  std::vector<flow::Interface> interfaces = two_interfaces();
  metrics::Metrics metrics;
  Routing routing{
      {.interfaces = interfaces,
       .database_addresses = [this] { return database; },
       .metrics = metrics,
       .open_routes = [this](const kernel::RouteTarget& target) { return open(target); }},
      {std::nullopt, Routing::Order{.table = 1000, .within = {}}},
      10s};
};

TEST_F(RoutingTest, WhereNobodyWantsRoutesItIsOff) {
  const Routing off{{.interfaces = interfaces, .database_addresses = {}, .metrics = metrics},
                    {std::nullopt, std::nullopt},
                    10s};
  EXPECT_FALSE(off.is_on());
  EXPECT_TRUE(routing.is_on());
}

TEST_F(RoutingTest, NoneIsMadeBeforeTheDatabaseIsFound) {
  database.reset();
  install("198.51.100.0/24");
  routing.step(now);
  EXPECT_THAT(table.ours, IsEmpty());
  database.emplace();
  routing.step(now);
  EXPECT_THAT(table.ours, ElementsAre(prefix("198.51.100.0/24")));
}

TEST_F(RoutingTest, WhatIsNoPeersIsRefusedAndCountedOnce) {
  install("169.254.169.254/32");
  routing.step(now);
  EXPECT_THAT(table.ours, IsEmpty());
  EXPECT_EQ(metrics.routes_refused.value(), 1U);
  EXPECT_EQ(metrics.route_errors.value(), 0U);
  now += 10s;
  routing.step(now);
  EXPECT_EQ(metrics.routes_refused.value(), 1U);
}

TEST_F(RoutingTest, CountsTheRoutesOfInstalledPeers) {
  install("198.51.100.0/24");
  routing.step(now);
  EXPECT_THAT(table.ours, ElementsAre(prefix("198.51.100.0/24")));
  EXPECT_EQ(metrics.routes.value(), 1);
  EXPECT_EQ(metrics.route_errors.value(), 0U);
  EXPECT_FALSE(routing.has_work());
}

TEST_F(RoutingTest, WaitsUntilAPassHasToldThePeers) {
  interfaces[1].known = flow::Interface::Known::none;
  table.ours.insert(prefix("198.51.100.0/24"));
  routing.step(now);
  EXPECT_THAT(opened, IsEmpty());
  EXPECT_EQ(table.ours.size(), 1U);
}

TEST_F(RoutingTest, WhileNotAllPeersAreKnownNoRouteIsRemoved) {
  interfaces[1].known = flow::Interface::Known::some;
  table.ours.insert(prefix("203.0.113.0/24"));
  install("198.51.100.0/24");
  routing.step(now);
  EXPECT_THAT(table.ours, ElementsAre(prefix("198.51.100.0/24"), prefix("203.0.113.0/24")));
  interfaces[1].known = flow::Interface::Known::all;
  routing.step(now);
  EXPECT_THAT(table.ours, ElementsAre(prefix("198.51.100.0/24")));
}

TEST_F(RoutingTest, AnInterfaceThatIsMadeAgainBeginsAnew) {
  install("198.51.100.0/24");
  routing.step(now);
  disappear();
  routing.step(now);
  EXPECT_EQ(metrics.routes.value(), 0);
  appear(8);
  install("203.0.113.0/24");
  routing.step(now);
  EXPECT_THAT(opened, ElementsAre(7U, 8U));
  EXPECT_THAT(table.ours, ElementsAre(prefix("203.0.113.0/24")));
}

TEST_F(RoutingTest, MadeAgainBetweenTwoStepsItBeginsAnewToo) {
  install("198.51.100.0/24");
  routing.step(now);
  disappear();
  appear(8);
  install("203.0.113.0/24");
  routing.step(now);
  EXPECT_THAT(opened, ElementsAre(7U, 8U));
  EXPECT_THAT(table.ours, ElementsAre(prefix("203.0.113.0/24")));
}

TEST_F(RoutingTest, APeerThatTurnsOutToBeOursGetsItsRoute) {
  install("198.51.100.0/24");
  for (const peers::Owner owner : {peers::Owner::unknown, peers::Owner::foreign}) {
    interfaces[1].peers.table().find(key)->owner = owner;
    routing.step(now);
    EXPECT_THAT(table.ours, IsEmpty());
  }
  interfaces[1].peers.table().find(key)->owner = peers::Owner::ours;
  interfaces[1].peers.allowed_ips().touch(key);
  routing.step(now);
  EXPECT_THAT(table.ours, ElementsAre(prefix("198.51.100.0/24")));
}

TEST_F(RoutingTest, ARouteThatIsThereStaysUntilItsPeerTurnsOutToBeSomebodyElses) {
  table.ours.insert(prefix("198.51.100.0/24"));
  install("198.51.100.0/24");
  interfaces[1].peers.table().find(key)->owner = peers::Owner::unknown;
  routing.step(now);
  EXPECT_EQ(table.ours.size(), 1U);
  interfaces[1].peers.table().find(key)->owner = peers::Owner::foreign;
  interfaces[1].peers.allowed_ips().touch(key);
  routing.step(now);
  EXPECT_THAT(table.ours, IsEmpty());
}

TEST_F(RoutingTest, CountsWhatFails) {
  table.others.insert(prefix("198.51.100.0/24"));
  install("198.51.100.0/24");
  routing.step(now);
  EXPECT_EQ(metrics.route_errors.value(), 1U);
  now += 10s;
  table.listing_failure = EPERM;
  routing.step(now);
  EXPECT_EQ(metrics.route_errors.value(), 2U);
}

TEST_F(RoutingTest, WhatCannotBeOpenedIsTriedAgain) {
  fails_to_open = true;
  install("198.51.100.0/24");
  routing.step(now);
  EXPECT_EQ(metrics.route_errors.value(), 1U);
  fails_to_open = false;
  routing.step(now);
  EXPECT_THAT(table.ours, ElementsAre(prefix("198.51.100.0/24")));
}

TEST_F(RoutingTest, LinksThatChangeAreReasonToLookAtOnce) {
  install("198.51.100.0/24");
  routing.step(now);
  table.ours.clear(); // the link went down and came up
  routing.hurry();
  routing.step(now);
  EXPECT_THAT(table.ours, ElementsAre(prefix("198.51.100.0/24")));
}

} // namespace
} // namespace provisiond::daemon
