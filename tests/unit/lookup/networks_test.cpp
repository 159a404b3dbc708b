#include "lookup/networks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace provisiond::lookup {
namespace {

using testing::ElementsAre;

constexpr InterfaceId first{0};
constexpr InterfaceId second{1};

TEST(Networks, AreCalledByTheSettingsUntilTheDatabaseIsAsked) {
  const Networks networks{{"office", "fleet"}};
  EXPECT_THAT(*networks.references(), ElementsAre("office", "fleet"));
  EXPECT_EQ(networks.state(first), Networks::State::unasked);
  EXPECT_EQ(networks.name(second), "fleet");
  EXPECT_TRUE(networks.has_unknown());
}

TEST(Networks, WhatIsFoundIsReferredToAndTheRestIsUnknown) {
  Networks networks{{"office", "flet"}};
  EXPECT_TRUE(networks.note({FoundNetwork{"office#1@5", "office"}, std::nullopt}));
  EXPECT_THAT(*networks.references(), ElementsAre("office#1@5", "flet"));
  EXPECT_EQ(networks.state(first), Networks::State::found);
  EXPECT_EQ(networks.state(second), Networks::State::unknown);
  EXPECT_TRUE(networks.has_unknown());
  EXPECT_FALSE(networks.note({FoundNetwork{"office#1@5", "office"}, std::nullopt}))
      << "nothing new";
}

TEST(Networks, OneWithAnotherNameHearsOfChangesUnderBoth) {
  Networks networks{{"office", "fleet"}};
  networks.note({FoundNetwork{"office#1@5", "office"}, FoundNetwork{"fleet#2@5", "fleet"}});
  EXPECT_FALSE(
      networks.note({FoundNetwork{"office#1@5", "hq"}, FoundNetwork{"fleet#2@5", "fleet"}}));
  EXPECT_EQ(networks.name(first), "hq");
  EXPECT_THAT(networks.interfaces_of("hq"), ElementsAre(first));
  EXPECT_THAT(networks.interfaces_of("office"), ElementsAre(first));
  EXPECT_THAT(networks.interfaces_of("fleet"), ElementsAre(second));
  EXPECT_THAT(networks.interfaces_of("other"), ElementsAre());
}

TEST(Networks, OneThatIsGoneIsCalledByTheSettingsAgain) {
  Networks networks{{"office"}};
  networks.note({FoundNetwork{"office#1@5", "hq"}});
  EXPECT_FALSE(networks.note({std::nullopt}));
  EXPECT_THAT(*networks.references(), ElementsAre("office"));
  EXPECT_EQ(networks.state(first), Networks::State::unknown);
  EXPECT_TRUE(networks.note({FoundNetwork{"office#7@9", "office"}})) << "made anew";
}

} // namespace
} // namespace provisiond::lookup
