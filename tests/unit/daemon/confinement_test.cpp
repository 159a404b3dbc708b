#include "daemon/confinement.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>

namespace provisiond::daemon {
namespace {

using testing::ElementsAre;

constexpr uid_t root = 0;
constexpr uid_t own_user = 100;

settings::Settings with_backend(settings::Backend backend) {
  settings::Settings settings;
  settings.interfaces.push_back({.name = "wg0", .network = "demo", .backend = backend});
  return settings;
}

TEST(NeededCapabilities, are_two) {
  const settings::Settings settings = with_backend(settings::Backend::automatic);
  EXPECT_THAT(needed_capabilities(settings, root), ElementsAre(CAP_NET_ADMIN, CAP_NET_RAW));
}

TEST(NeededCapabilities, of_a_user_that_may_have_been_given_the_sockets_of_devices) {
  EXPECT_THAT(needed_capabilities(with_backend(settings::Backend::userspace), own_user),
              ElementsAre(CAP_NET_ADMIN, CAP_NET_RAW, CAP_DAC_OVERRIDE));
  EXPECT_THAT(needed_capabilities(with_backend(settings::Backend::netlink), own_user),
              ElementsAre(CAP_NET_ADMIN, CAP_NET_RAW));
}

TEST(NeededCapabilities, of_metrics_at_a_low_port) {
  settings::Settings settings = with_backend(settings::Backend::netlink);
  settings.metrics.listen.port = 80;
  EXPECT_THAT(needed_capabilities(settings, root),
              ElementsAre(CAP_NET_ADMIN, CAP_NET_RAW, CAP_NET_BIND_SERVICE));
  settings.metrics.enabled = false;
  EXPECT_THAT(needed_capabilities(settings, root), ElementsAre(CAP_NET_ADMIN, CAP_NET_RAW));
}

} // namespace
} // namespace provisiond::daemon
