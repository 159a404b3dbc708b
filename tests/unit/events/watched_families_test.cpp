#include "events/watched_families.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace provisiond::events {
namespace {

using kernel::GenericFamily;
using kernel::WgDialect;
using kernel::WgFamily;

constexpr InterfaceId first{1};
constexpr InterfaceId second{2};
constexpr InterfaceId third{3};

GenericFamily family(WgDialect dialect, std::uint16_t id) {
  return {.name = std::string{to_string(dialect)}, .id = id, .version = 1, .groups = {{"auth", 9}}};
}
WgFamily wireguard(std::uint16_t id) {
  return {WgDialect::wireguard, family(WgDialect::wireguard, id)};
}
WgFamily amneziawg(std::uint16_t id) {
  return {WgDialect::amneziawg, family(WgDialect::amneziawg, id)};
}

class Watched : public testing::Test {
 protected:
  Watched() {
    watched_.put({first, 11, 0}, wireguard(33));
    watched_.put({second, 12, 0}, amneziawg(34));
  }

  WatchedFamilies watched_{2};
};

TEST_F(Watched, KnowsWhoseAMessageIs) {
  EXPECT_EQ(watched_.dialect_of(33), WgDialect::wireguard);
  EXPECT_EQ(watched_.dialect_of(34), WgDialect::amneziawg);
  EXPECT_EQ(watched_.dialect_of(35), std::nullopt);
  EXPECT_EQ(watched_.dialect_of(0), std::nullopt);
  EXPECT_EQ(watched_.interface_of(33, 11), first);
  EXPECT_EQ(watched_.interface_of(34, 12), second);
  EXPECT_EQ(watched_.interface_of(34, 11), std::nullopt);
}

TEST_F(Watched, FollowsAnInterfaceToItsNewIndexAndFamily) {
  ASSERT_TRUE(watched_.accepts({first, 21, 0}));
  watched_.put({first, 21, 0}, amneziawg(34));
  EXPECT_EQ(watched_.interface_of(34, 21), first);
  EXPECT_EQ(watched_.interface_of(33, 11), std::nullopt);
  EXPECT_FALSE(watched_.has_any(WgDialect::wireguard));
  EXPECT_EQ(watched_.dialect_of(33), WgDialect::wireguard)
      << "what was sent before is foreign to nobody";
}

TEST_F(Watched, RefusesAnIndexThatIsNoneOrAnothers) {
  EXPECT_FALSE(watched_.accepts({first, 0, 0}));
  const Status taken = watched_.accepts({first, 12, 0});
  ASSERT_FALSE(taken);
  EXPECT_THAT(taken.error().message(), testing::HasSubstr("12"));
  EXPECT_TRUE(watched_.accepts({first, 11, 0}));
}

TEST_F(Watched, HasRoomForSoMany) {
  EXPECT_FALSE(watched_.accepts({third, 13, 0}));
  watched_.remove(second);
  EXPECT_TRUE(watched_.accepts({third, 13, 0}));
  EXPECT_FALSE(watched_.has_any(WgDialect::amneziawg));
  watched_.remove(second);
}

TEST_F(Watched, MissesTheFamilyThatAnInterfaceDependsOn) {
  const std::vector<GenericFamily> both{family(WgDialect::amneziawg, 34),
                                        family(WgDialect::wireguard, 33)};
  EXPECT_EQ(watched_.miss(both), std::nullopt);
  EXPECT_EQ(watched_.dialect_of(33), WgDialect::wireguard);
  EXPECT_EQ(watched_.miss(std::vector{both[0]}), WgDialect::wireguard);
  EXPECT_EQ(watched_.dialect_of(33), std::nullopt);
  EXPECT_EQ(watched_.miss(std::vector{both[1]}), WgDialect::amneziawg);
}

TEST_F(Watched, MissesAFamilyThatCameBackWithAnotherNumber) {
  EXPECT_EQ(watched_.miss(
                std::vector{family(WgDialect::amneziawg, 34), family(WgDialect::wireguard, 35)}),
            WgDialect::wireguard);
  EXPECT_EQ(watched_.miss(std::vector{family(WgDialect::amneziawg, 34),
                                      GenericFamily{.name = "other", .id = 33, .groups = {}}}),
            WgDialect::wireguard)
      << "the number is another family's now";
}

TEST_F(Watched, DoesNotMissWhatNobodyDependsOn) {
  watched_.remove(first);
  EXPECT_EQ(watched_.miss(std::vector{family(WgDialect::amneziawg, 34)}), std::nullopt);
  EXPECT_EQ(watched_.dialect_of(33), std::nullopt) << "its number may be given to another family";
}

} // namespace
} // namespace provisiond::events
