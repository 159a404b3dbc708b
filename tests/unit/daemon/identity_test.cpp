#include "daemon/identity.hpp"

#include <gtest/gtest.h>

namespace provisiond::daemon {
namespace {

constexpr MachineNumber machine{0x7f, 0x00, 0x00, 0x01, 0xff, 0xff, 7};

TEST(Identity, ANameIsMadeFromTheMachine) {
  EXPECT_EQ(readable_name(machine), "gateway-lusab-babad-zuzuz");
  const lookup::Gateway gateway = make_gateway({}, machine);
  EXPECT_EQ(gateway.name, "gateway-lusab-babad-zuzuz");
  EXPECT_EQ(gateway.machine, "7f000001ffff07000000000000000000");
  EXPECT_FALSE(gateway.host.empty());
}

TEST(Identity, TheSettingsComeFirst) {
  settings::Settings settings;
  settings.gateway = "gw1";
  EXPECT_EQ(make_gateway(settings, machine).name, "gw1");
  EXPECT_EQ(make_gateway(settings, std::nullopt).name, "gw1");
}

TEST(Identity, WithoutAMachineIdItIsTheHostName) {
  const lookup::Gateway gateway = make_gateway({}, std::nullopt);
  EXPECT_EQ(gateway.name, gateway.host);
  EXPECT_EQ(gateway.machine, "");
}

TEST(Identity, EachRunIsAnotherOne) {
  const std::string run = make_gateway({}, machine).run;
  EXPECT_EQ(run.size(), 36U);
  EXPECT_EQ(run[8], '-');
  EXPECT_NE(run, make_gateway({}, machine).run);
}

} // namespace
} // namespace provisiond::daemon
