#include "install/route_keeper.hpp"
#include "support/fake_routes.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <optional>
#include <random>
#include <set>
#include <vector>

namespace provisiond::install {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

PublicKey key(std::uint8_t number) {
  PublicKey key;
  key.bytes.fill(number);
  return key;
}

IpPrefix prefix(const char* text) {
  return IpPrefix::parse(text).value();
}

// A device, the kernel's routes and a keeper between them. Even keys are ours; the others have not
// been looked up.
class RouteKeeperTest : public testing::Test {
 protected:
  RouteKeeperTest() {
    device.remember_changes();
    table.subnets = {prefix("10.80.0.0/16")};
  }

  RouteKeeper::Outcome step() {
    keeper.note(device.take_changes());
    return keeper.step(
        device,
        [](const IpPrefix&, const PublicKey& key) {
          return key.bytes[0] % 2 == 0 ? PrefixHolder::ours : PrefixHolder::unasked;
        },
        now);
  }
  void settle() {
    do
      step();
    while (keeper.has_work());
  }
  void assign(std::uint8_t number, std::initializer_list<const char*> texts) {
    std::vector<IpPrefix> prefixes;
    for (const char* text : texts)
      prefixes.push_back(prefix(text));
    device.assign(key(number), prefixes);
  }
  void fill(int count) {
    std::vector<IpPrefix> prefixes;
    for (int i = 0; i < count; ++i)
      prefixes.push_back(prefix(fmt::format("10.{}.{}.0/24", i / 256, i % 256).c_str()));
    device.assign(key(2), prefixes);
  }

  test::FakeRouteTable table;
  AllowedIpIndex device;
  std::optional<IpAddress> endpoint;
  TimePoint now = TimePoint{} + 1h;
  RouteKeeper keeper{
      std::make_unique<test::FakeRoutes>(table),
      {.interval = 10s,
       .within = {prefix("0.0.0.0/0"), prefix("2001:db8::/32")},
       .is_sibling = [](std::uint32_t ifindex) { return ifindex == 2; },
       .holds_endpoint =
           [this](const IpPrefix& prefix) { return endpoint && prefix.contains(*endpoint); }}};
};

TEST_F(RouteKeeperTest, ARouteComesAndGoesWithItsPeer) {
  assign(2, {"10.80.0.2/32", "198.51.100.0/24"});
  step();
  EXPECT_THAT(table.ours, ElementsAre(prefix("198.51.100.0/24")));
  EXPECT_EQ(keeper.size(), 1U);
  device.remove(key(2));
  step();
  EXPECT_THAT(table.ours, IsEmpty());
  EXPECT_EQ(keeper.size(), 0U);
  EXPECT_EQ(table.listings, 1);
}

TEST_F(RouteKeeperTest, APrefixThatMovesToAnotherKeyKeepsItsRoute) {
  assign(2, {"198.51.100.0/24"});
  step();
  device.remove(key(2));
  assign(4, {"198.51.100.0/24"});
  step();
  EXPECT_EQ(table.changes.size(), 1U);
}

TEST_F(RouteKeeperTest, AtTheBeginningWhatIsThereIsPutRight) {
  table.ours = {prefix("198.51.100.0/24"), prefix("203.0.113.0/24"), prefix("192.0.2.0/24")};
  assign(1, {"192.0.2.0/24"}); // not looked up yet
  assign(2, {"198.51.100.0/24", "2001:db8:5::/48"});
  step();
  EXPECT_THAT(table.ours, ElementsAre(prefix("192.0.2.0/24"), prefix("198.51.100.0/24"),
                                      prefix("2001:db8:5::/48")));
  EXPECT_EQ(table.changes.size(), 2U);
}

TEST_F(RouteKeeperTest, APeerThatIsNotLookedUpGetsNoRoute) {
  assign(1, {"198.51.100.0/24"});
  settle();
  EXPECT_THAT(table.changes, IsEmpty());
}

TEST_F(RouteKeeperTest, ARouteTakenAwayByHandIsBackAfterTheNextListing) {
  assign(2, {"198.51.100.0/24"});
  step();
  table.ours.clear();
  table.ours.insert(prefix("203.0.113.0/24")); // and a stale one has come
  now += 9s;
  step();
  EXPECT_THAT(table.ours, ElementsAre(prefix("203.0.113.0/24")));
  now += 1s;
  step();
  EXPECT_THAT(table.ours, ElementsAre(prefix("198.51.100.0/24")));
}

TEST_F(RouteKeeperTest, HurriedItListsAtOnce) {
  assign(2, {"198.51.100.0/24"});
  step();
  table.ours.clear();
  keeper.hurry();
  step();
  EXPECT_THAT(table.ours, ElementsAre(prefix("198.51.100.0/24")));
}

TEST_F(RouteKeeperTest, AnAddressOfTheInterfaceMakesRoutesNeedless) {
  assign(2, {"198.51.100.0/24"});
  step();
  table.subnets.push_back(prefix("198.51.0.0/16"));
  now += 10s;
  step();
  EXPECT_THAT(table.ours, IsEmpty());
  table.subnets.pop_back();
  now += 10s;
  step();
  EXPECT_THAT(table.ours, ElementsAre(prefix("198.51.100.0/24")));
}

TEST_F(RouteKeeperTest, SomebodyElsesRouteIsToldOnceAndTriedAgain) {
  table.others.insert(prefix("198.51.100.0/24"));
  assign(2, {"198.51.100.0/24"});
  const RouteKeeper::Outcome first = step();
  ASSERT_EQ(first.faults.size(), 1U);
  EXPECT_EQ(first.faults[0].prefix, prefix("198.51.100.0/24"));
  EXPECT_EQ(first.faults[0].error.code(), EEXIST);
  EXPECT_EQ(first.failures, 1U);
  EXPECT_FALSE(keeper.has_work());

  now += 10s;
  const RouteKeeper::Outcome second = step();
  EXPECT_THAT(second.faults, IsEmpty());
  EXPECT_EQ(second.failures, 1U);

  table.others.clear();
  now += 10s;
  EXPECT_EQ(step().failures, 0U);
  EXPECT_THAT(table.ours, ElementsAre(prefix("198.51.100.0/24")));
}

TEST_F(RouteKeeperTest, AFailureIsForgottenWithItsPeer) {
  table.others.insert(prefix("198.51.100.0/24"));
  assign(2, {"198.51.100.0/24"});
  EXPECT_EQ(step().faults.size(), 1U);
  device.remove(key(2));
  step();
  assign(2, {"198.51.100.0/24"});
  EXPECT_EQ(step().faults.size(), 1U);
}

TEST_F(RouteKeeperTest, AnInterfaceThatGoesIsNoFault) {
  table.change_failure = ENODEV;
  assign(2, {"198.51.100.0/24"});
  const RouteKeeper::Outcome outcome = step();
  EXPECT_THAT(outcome.faults, IsEmpty());
  EXPECT_EQ(outcome.failures, 0U);
}

TEST_F(RouteKeeperTest, NothingIsTouchedBeforeTheFirstListing) {
  table.listing_failure = EPERM;
  assign(2, {"198.51.100.0/24"});
  EXPECT_FALSE(step().listing);
  EXPECT_FALSE(keeper.has_work());
  EXPECT_THAT(table.changes, IsEmpty());
  table.listing_failure = 0;
  EXPECT_TRUE(step().listing);
  EXPECT_THAT(table.changes, IsEmpty()); // not due
  now += 1s;
  EXPECT_TRUE(step().listing);
  EXPECT_THAT(table.ours, ElementsAre(prefix("198.51.100.0/24")));
}

TEST_F(RouteKeeperTest, ManyTakeManyStepsOfBoundedWork) {
  table.subnets.clear();
  table.part = 500;
  fill(5'000);
  int steps = 0;
  do {
    step();
    ++steps;
  } while (keeper.has_work());
  EXPECT_EQ(table.ours.size(), 5'000U);
  EXPECT_EQ(table.largest_batch, RouteKeeper::batch);
  EXPECT_EQ(steps, 20);

  now += 10s;
  table.ours.erase(table.ours.begin());
  steps = 0;
  do {
    step();
    ++steps;
  } while (keeper.has_work());
  EXPECT_EQ(table.ours.size(), 5'000U);
  EXPECT_EQ(steps, 11); // ten parts, the last of which sweeps a slice, and the rest of the sweep
  EXPECT_EQ(table.changes.size(), 5'001U);
}

TEST_F(RouteKeeperTest, WhatChangesDuringAListingIsFollowedAfterIt) {
  table.part = 1;
  table.ours = {prefix("192.0.2.0/24"), prefix("198.51.100.0/24")};
  assign(2, {"192.0.2.0/24", "198.51.100.0/24"});
  step();
  ASSERT_TRUE(keeper.has_work());
  device.remove(key(2));
  assign(4, {"203.0.113.0/24"});
  settle();
  EXPECT_THAT(table.ours, ElementsAre(prefix("203.0.113.0/24")));
}

TEST_F(RouteKeeperTest, WhatChangesDuringAReviewIsSettledOnce) {
  table.subnets.clear();
  fill(600);
  step();
  ASSERT_EQ(table.changes.size(), RouteKeeper::batch);
  device.remove(key(2)); // some have a route by now, some do not
  assign(4, {"10.0.1.0/24", "10.2.80.0/24", "203.0.113.0/24"});
  settle();
  EXPECT_THAT(table.ours,
              ElementsAre(prefix("10.0.1.0/24"), prefix("10.2.80.0/24"), prefix("203.0.113.0/24")));
  EXPECT_EQ(table.changes.size(), 256U + 255U + 2U);
}

TEST_F(RouteKeeperTest, OneThatIsChangedAndReviewedAtOnceIsNoFault) {
  assign(2, {"198.51.100.0/24"});
  settle();
  table.subnets.clear(); // asks for a review
  keeper.hurry();
  assign(4, {"203.0.113.0/24"});
  const RouteKeeper::Outcome outcome = step();
  EXPECT_EQ(outcome.failures, 0U);
  EXPECT_EQ(table.ours.size(), 2U);
}

TEST_F(RouteKeeperTest, NewPeersGoBeforeTheReview) {
  fill(5'000);
  table.subnets.clear();
  step();
  assign(4, {"203.0.113.0/24"});
  step();
  EXPECT_TRUE(table.ours.contains(prefix("203.0.113.0/24")));
  EXPECT_TRUE(keeper.has_work());
}

TEST_F(RouteKeeperTest, ManyFailuresAreTriedAgainABatchAtATime) {
  table.subnets.clear();
  table.change_failure = EPERM;
  fill(1'000);
  settle();
  EXPECT_THAT(table.ours, IsEmpty());
  table.change_failure = 0;
  table.changes.clear();
  now += 10s;
  step();
  EXPECT_EQ(table.changes.size(), RouteKeeper::batch);
  settle();
  EXPECT_EQ(table.ours.size(), 1'000U);
  EXPECT_EQ(table.changes.size(), 1'000U);
}

TEST_F(RouteKeeperTest, AnotherSubnetDuringAReviewBeginsItAnew) {
  fill(600);
  table.subnets.clear();
  step();
  table.subnets = {prefix("10.0.0.0/16")};
  keeper.hurry();
  settle();
  EXPECT_EQ(table.ours.size(), 600U - 256U);
}

TEST_F(RouteKeeperTest, AListingThatFailsHalfwayTakesNothingAway) {
  table.subnets.clear();
  fill(100);
  settle();
  table.part = 10;
  now += 10s;
  step();
  ASSERT_TRUE(keeper.has_work());
  table.listing_failure = EPERM;
  EXPECT_FALSE(step().listing);
  EXPECT_FALSE(keeper.has_work());
  EXPECT_EQ(keeper.size(), 100U);
  EXPECT_EQ(table.changes.size(), 100U);
}

std::vector<RouteRefusal> refusals(const RouteKeeper::Outcome& outcome) {
  std::vector<RouteRefusal> refusals;
  for (const RefusedRoute& refused : outcome.refused)
    refusals.push_back(refused.refusal);
  return refusals;
}

TEST_F(RouteKeeperTest, WhatTheGatewayNeedsForItselfGetsNoRoute) {
  table.elsewhere = {{.ifindex = 3, .prefix = prefix("192.0.2.0/24")},
                     {.ifindex = 2, .prefix = prefix("10.81.0.0/16")}};
  table.next_hops = {IpAddress::parse("203.0.113.254").value()};
  keeper.keep_out({IpAddress::parse("198.51.100.5").value()});
  assign(2, {"192.0.2.128/25"});
  assign(4, {"203.0.113.0/24"});
  assign(6, {"198.51.100.5/32"});
  assign(8, {"169.254.169.254/32"});
  assign(10, {"2001:db9::/32"});
  assign(12, {"10.81.0.0/24"}); // a sibling's
  EXPECT_THAT(refusals(step()), ElementsAre(RouteRefusal::reserved, RouteRefusal::other_interface,
                                            RouteRefusal::database, RouteRefusal::next_hop,
                                            RouteRefusal::beyond_bounds));
  EXPECT_THAT(table.ours, ElementsAre(prefix("10.81.0.0/24")));
  now += 10s;
  EXPECT_THAT(step().refused, IsEmpty()); // told once
}

TEST_F(RouteKeeperTest, ARouteGoesWhenTheGatewayComesToNeedIt) {
  assign(2, {"198.51.100.0/24"});
  step();
  ASSERT_EQ(table.ours.size(), 1U);
  keeper.keep_out({IpAddress::parse("198.51.100.5").value()});
  EXPECT_THAT(refusals(step()), ElementsAre(RouteRefusal::database));
  EXPECT_THAT(table.ours, IsEmpty());
  keeper.keep_out({});
  step();
  EXPECT_EQ(table.ours.size(), 1U);

  table.next_hops = {IpAddress::parse("198.51.100.1").value()};
  now += 10s;
  EXPECT_THAT(refusals(step()), ElementsAre(RouteRefusal::next_hop));
  EXPECT_THAT(table.ours, IsEmpty());
}

TEST_F(RouteKeeperTest, AnEndpointKeepsARouteFromComingAndTakesNoneAway) {
  endpoint = IpAddress::parse("198.51.100.7").value();
  assign(2, {"198.51.100.0/24"});
  EXPECT_THAT(refusals(step()), ElementsAre(RouteRefusal::endpoint));
  EXPECT_THAT(table.ours, IsEmpty());
  endpoint.reset();
  now += 10s;
  step();
  EXPECT_EQ(table.ours.size(), 1U);
  endpoint = IpAddress::parse("198.51.100.7").value();
  now += 10s;
  step();
  keeper.retry(prefix("198.51.100.0/24"));
  step();
  EXPECT_EQ(table.ours.size(), 1U);
}

// Whatever peers and routes do between any two steps: at the end they are in step, and nothing was
// asked of the kernel that it had to refuse.
TEST_F(RouteKeeperTest, EndsInStepWhateverHappensMeanwhile) {
  std::mt19937 random{7}; // NOLINT(cert-msc51-cpp): the same walks every time
  const auto any_prefix = [&random] {
    return prefix(fmt::format("10.{}.{}.0/24", random() % 16, random() % 256).c_str());
  };
  table.part = 100;
  table.subnets = {prefix("10.7.0.0/16")};
  fill(3'000);
  for (int i = 0; i < 2'000; ++i) {
    EXPECT_EQ(step().failures, 0U);
    const std::uint8_t number = static_cast<std::uint8_t>(random() % 120);
    switch (random() % 4) {
    case 0:
      device.remove(key(number));
      break;
    case 1:
      device.assign(key(number), std::vector{any_prefix(), any_prefix()});
      break;
    case 2:
      table.ours.erase(any_prefix()); // by hand
      break;
    default:
      table.subnets = {prefix(random() % 2 == 0 ? "10.7.0.0/16" : "10.8.0.0/16")};
    }
    if (random() % 50 == 0) keeper.hurry();
  }
  keeper.hurry();
  settle();
  std::set<IpPrefix> wanted;
  for (std::optional<IpPrefix> next = device.next_after({}); next; next = device.next_after(next)) {
    const bool is_ours = device.owner_of(*next)->bytes[0] % 2 == 0;
    if (is_ours && !table.subnets[0].contains(next->address)) wanted.insert(*next);
  }
  // A route to one that is not looked up may stay.
  for (const IpPrefix& route : table.ours)
    if (const std::optional<PublicKey> owner = device.owner_of(route))
      if (owner->bytes[0] % 2 != 0 && !table.subnets[0].contains(route.address))
        wanted.insert(route);
  EXPECT_EQ(table.ours, wanted);
}

} // namespace
} // namespace provisiond::install
