#include "daemon/routing.hpp"
#include "support/fake_routes.hpp"
#include "support/initiator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// One prefix on two interfaces that share a table: as when a peer goes from one to the other.

using namespace std::chrono_literals;

namespace provisiond::daemon {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const IpPrefix net = IpPrefix::parse("198.51.100.0/24").value();

std::vector<flow::Interface> two_of_one_network() {
  std::vector<flow::Interface> interfaces(2);
  interfaces[1].id.value = 1;
  for (flow::Interface& interface : interfaces) {
    interface.network = "demo";
    interface.ifindex = 7U + interface.id.value;
    interface.identity =
        authenticate::InterfaceIdentity::make(test::make_key_pair(1).private_key).value();
    interface.known = flow::Interface::Known::all;
  }
  return interfaces;
}

class RoutesBetweenInterfaces : public testing::Test {
 protected:
  RoutesBetweenInterfaces() {
    key.bytes.fill(1);
    tables[0].beside = &tables[1];
    tables[1].beside = &tables[0];
  }

  void put(std::size_t at) {
    interfaces[at].peers.allowed_ips().assign(key, std::span{&net, 1});
    peers::Peer* peer = interfaces[at].peers.table().find(key);
    if (peer == nullptr) peer = &interfaces[at].peers.table().add(key, peers::Live{});
    interfaces[at].peers.table().set_owner(*peer, peers::Owner::ours);
    is_active(at);
  }
  void is_active(std::size_t at) {
    now += 1s;
    interfaces[at].peers.table().find(key)->active_at = now;
  }
  void take_off(std::size_t at) {
    interfaces[at].peers.allowed_ips().remove(key);
    interfaces[at].peers.table().erase(key);
  }
  void expect_route_at(std::size_t at) {
    EXPECT_THAT(tables[at].ours, ElementsAre(net)) << at;
    EXPECT_THAT(tables[1 - at].ours, IsEmpty()) << at;
    EXPECT_EQ(metrics.route_errors.value(), 0U);
  }

  std::vector<test::FakeRouteTable> tables = std::vector<test::FakeRouteTable>(2);
  PublicKey key;
  TimePoint now = TimePoint{} + 1h;
  std::vector<flow::Interface> interfaces = two_of_one_network();
  metrics::Metrics metrics;
  Routing routing{
      {.interfaces = interfaces,
       .database_addresses = [] { return std::vector<IpAddress>{}; },
       .metrics = metrics,
       .open_routes =
           [this](const kernel::RouteTarget& target) -> Result<std::unique_ptr<kernel::Routes>> {
         tables[target.ifindex - 7].ifindex = target.ifindex;
         return std::make_unique<test::FakeRoutes>(tables[target.ifindex - 7]);
       }},
      {Routing::Order{.table = 1000, .within = {}}, Routing::Order{.table = 1000, .within = {}}},
      1min};
};

TEST_F(RoutesBetweenInterfaces, ARouteGoesWithThePeerInOneStepInBothDirections) {
  for (const std::size_t from : {0U, 1U}) {
    put(from);
    routing.step(now);
    expect_route_at(from);
    put(1 - from);
    routing.step(now);
    expect_route_at(1 - from);
    take_off(from);
    routing.step(now);
    expect_route_at(1 - from);
    take_off(1 - from);
    routing.step(now);
    EXPECT_THAT(tables[1 - from].ours, IsEmpty());
  }
}

TEST_F(RoutesBetweenInterfaces, APeerThatNeverConnectedThereLeavesTheRouteToWhereItWas) {
  for (const std::size_t from : {0U, 1U}) {
    put(from);
    routing.step(now);
    put(1 - from);
    routing.step(now);
    take_off(1 - from);
    for (int i = 0; i < 3; ++i) // it is noticed in one step, and the route is free in the next
      routing.step(now);
    expect_route_at(from);
    take_off(from);
    routing.step(now);
  }
}

TEST_F(RoutesBetweenInterfaces, OnBothItFollowsTheOneThatWasActiveLast) {
  put(0);
  put(1);
  routing.step(now);
  expect_route_at(1);
  is_active(0);
  for (int i = 0; i < 3; ++i)
    routing.step(now);
  expect_route_at(0);
}

TEST_F(RoutesBetweenInterfaces, WhatIsFoundAfterAStartIsKnownBeforeItIsJudged) {
  put(0);
  put(1);
  tables[0].ours.insert(net);
  tables[0].part = 1;
  tables[0].ours.insert(IpPrefix::parse("203.0.113.0/24").value()); // so that listing takes steps
  interfaces[0].known = flow::Interface::Known::none;
  for (int i = 0; i < 3; ++i)
    routing.step(now);
  EXPECT_THAT(tables[1].ours, IsEmpty());
  interfaces[0].known = flow::Interface::Known::all;
  for (int i = 0; i < 5; ++i)
    routing.step(now);
  expect_route_at(1);
}

TEST_F(RoutesBetweenInterfaces, AnotherNetworkTakesNothing) {
  interfaces[1].network = "other";
  put(0);
  routing.step(now);
  put(1);
  routing.step(now);
  EXPECT_THAT(tables[0].ours, ElementsAre(net));
  EXPECT_THAT(tables[1].ours, IsEmpty());
  EXPECT_EQ(metrics.route_errors.value(), 1U);
}

TEST_F(RoutesBetweenInterfaces, SomebodyElsesRouteIsStillCounted) {
  tables[1].others.insert(net);
  put(1);
  routing.step(now);
  EXPECT_THAT(tables[1].ours, IsEmpty());
  EXPECT_EQ(metrics.route_errors.value(), 1U);
}

} // namespace
} // namespace provisiond::daemon
