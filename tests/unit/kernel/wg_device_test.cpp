#include "kernel/wg_device.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace provisiond::kernel {
namespace {

class OpenDevice : public testing::TestWithParam<Backend> {};

TEST_P(OpenDevice, RefusesWhatIsNoName) {
  for (const std::string& name :
       {std::string{}, std::string{"."}, std::string{".."}, std::string{"../wg0"},
        std::string{"wg 0"}, std::string{"wg0:1"}, std::string("wg\0", 3), std::string(16, 'w')}) {
    const Result<std::unique_ptr<WgDevice>> device = open_device(name, GetParam());
    ASSERT_FALSE(device);
    EXPECT_EQ(device.error().code(), EINVAL) << name;
  }
}

TEST_P(OpenDevice, SaysThatThereIsNoSuchInterface) {
  const Result<std::unique_ptr<WgDevice>> device = open_device("no-such-link", GetParam());
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().code(), ENODEV);
  EXPECT_THAT(device.error().message(), testing::HasSubstr("no-such-link"));
}

INSTANTIATE_TEST_SUITE_P(Backends, OpenDevice,
                         testing::Values(Backend::automatic, Backend::netlink, Backend::userspace));

} // namespace
} // namespace provisiond::kernel
