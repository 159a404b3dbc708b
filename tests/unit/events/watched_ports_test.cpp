#include "events/watched_ports.hpp"

#include <gmock/gmock.h>

#include <cstdint>
#include <optional>

namespace provisiond::events {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr InterfaceId first{1};
constexpr InterfaceId second{2};
constexpr InterfaceId third{3};

TEST(WatchedPorts, KnowsWhoseAPortIs) {
  WatchedPorts ports{4};
  EXPECT_TRUE(ports.add({first, 10, 1'000}));
  EXPECT_TRUE(ports.add({second, 11, 2'000}));
  EXPECT_EQ(ports.interface_of(1'000), first);
  EXPECT_EQ(ports.interface_of(2'000), second);
  EXPECT_EQ(ports.interface_of(3'000), std::nullopt);
  EXPECT_THAT(ports.ports(), UnorderedElementsAre(1'000, 2'000));
}

TEST(WatchedPorts, FollowsAnInterfaceToANewPort) {
  WatchedPorts ports{1};
  EXPECT_TRUE(ports.add({first, 10, 1'000}));
  EXPECT_TRUE(ports.add({first, 10, 1'001}));
  EXPECT_EQ(ports.interface_of(1'000), std::nullopt);
  EXPECT_EQ(ports.interface_of(1'001), first);
}

TEST(WatchedPorts, AddingTwiceIsTheSame) {
  WatchedPorts ports{2};
  EXPECT_TRUE(ports.add({first, 10, 1'000}));
  EXPECT_TRUE(ports.add({first, 99, 1'000}));
  EXPECT_THAT(ports.ports(), UnorderedElementsAre(1'000));
}

TEST(WatchedPorts, RefusesAnotherInterfacesPortUntilItIsFree) {
  WatchedPorts ports{4};
  EXPECT_TRUE(ports.add({first, 10, 1'000}));
  EXPECT_TRUE(ports.add({second, 11, 2'000}));
  const Status refused = ports.add({second, 11, 1'000});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("watch port 1000: another interface"));
  EXPECT_EQ(ports.interface_of(1'000), first);
  EXPECT_EQ(ports.interface_of(2'000), second);
  ports.remove(first);
  EXPECT_TRUE(ports.add({second, 11, 1'000}));
}

TEST(WatchedPorts, RefusesPortZero) {
  WatchedPorts ports{4};
  EXPECT_FALSE(ports.add({first, 10, 0}));
  EXPECT_THAT(ports.ports(), IsEmpty());
}

TEST(WatchedPorts, RefusesMoreThanItsMaximum) {
  WatchedPorts ports{2};
  EXPECT_TRUE(ports.add({first, 10, 1'000}));
  EXPECT_TRUE(ports.add({second, 11, 2'000}));
  const Status refused = ports.add({third, 12, 3'000});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("2 interfaces are watched, the maximum"));
  EXPECT_EQ(ports.interface_of(3'000), std::nullopt);
}

TEST(WatchedPorts, RemovingWhatIsNotThereIsNoError) {
  WatchedPorts ports{2};
  ports.remove(first);
  EXPECT_THAT(ports.ports(), IsEmpty());
}

} // namespace
} // namespace provisiond::events
