#include "events/netlink_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>

#include <cerrno>

namespace provisiond::events {
namespace {

using kernel::GenericFamily;
using kernel::WgDialect;
using testing::HasSubstr;

const GenericFamily patched{.name = "wireguard", .id = 33, .version = 1, .groups = {{"auth", 9}}};
const GenericFamily stock{.name = "wireguard", .id = 33, .version = 1, .groups = {}};
const GenericFamily amnezia{.name = "amneziawg", .id = 34, .version = 3, .groups = {{"auth", 10}}};
const GenericFamily other_family{
    .name = "nl80211", .id = 35, .version = 1, .groups = {{"auth", 11}}};

TEST(Offer, GoesByFamilyAndGroup) {
  EXPECT_EQ(offer_of({WgDialect::wireguard, patched}), Offer::initiations);
  EXPECT_EQ(offer_of({WgDialect::wireguard, stock}), Offer::nothing);
  EXPECT_EQ(offer_of({WgDialect::amneziawg, amnezia}), Offer::claims);
  GenericFamily old = amnezia;
  old.groups = {{"other", 10}};
  EXPECT_EQ(offer_of({WgDialect::amneziawg, old}), Offer::nothing);
}

TEST(Offer, IsNothingForOtherInterfaces) {
  EXPECT_EQ(netlink_offer(if_nametoindex("lo")), Offer::nothing);
  EXPECT_EQ(netlink_offer(0), Offer::nothing);
}

TEST(DescribeFamilies, SaysWhatEachAnnounces) {
  EXPECT_EQ(describe_families(std::vector{other_family, patched, amnezia}).value(),
            "family wireguard announces initiations, family amneziawg announces claims only");
  EXPECT_EQ(describe_families(std::vector{amnezia, stock}).value(),
            "family wireguard has no multicast group auth, "
            "family amneziawg announces claims only");
  EXPECT_EQ(describe_families(std::vector{patched}).value(),
            "family wireguard announces initiations, "
            "family amneziawg is absent (module not loaded)");
}

TEST(DescribeFamilies, IsAnErrorWhenNoneAnnounces) {
  const Result<std::string> none = describe_families(std::vector{other_family});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message(), "family wireguard is absent (module not loaded), "
                                    "family amneziawg is absent (module not loaded)");
  const Result<std::string> unpatched = describe_families(std::vector{stock});
  ASSERT_FALSE(unpatched);
  EXPECT_THAT(unpatched.error().message(), HasSubstr("wireguard has no multicast group auth"));
}

TEST(ExplainNoGroup, NamesTheRemedy) {
  EXPECT_EQ(explain_no_group(WgDialect::wireguard).message(),
            "the kernel's wireguard family announces no unknown peers (no multicast group auth); "
            "apply deploy/kernel's patch or use another source");
  EXPECT_THAT(explain_no_group(WgDialect::amneziawg).message(), HasSubstr("newer module"));
}

TEST(ExplainJoin, NamesTheCapability) {
  const Error denied =
      explain_join(WgDialect::wireguard, Error::system("join a netlink multicast group", EPERM));
  EXPECT_EQ(denied.code(), EPERM);
  EXPECT_THAT(denied.message(), HasSubstr("listen to group auth of family wireguard"));
  EXPECT_THAT(denied.message(), HasSubstr("CAP_NET_ADMIN"));
  const Error gone = explain_join(WgDialect::wireguard, Error::system("join", ENOENT));
  EXPECT_THAT(gone.message(), testing::Not(HasSubstr("CAP_NET_ADMIN")));
}

// On any kernel, with or without WireGuard.
class OpenNetlinkSource : public testing::Test {
 protected:
  OpenNetlinkSource()
      : source_{NetlinkSource::open({.buffer_bytes = std::size_t{64} << 10}, metrics_)} {}
  void SetUp() override { ASSERT_TRUE(source_) << source_.error().message(); }

  metrics::Metrics metrics_;
  Result<std::unique_ptr<NetlinkSource>> source_;
};

TEST_F(OpenNetlinkSource, HearsNothingBeforeItWatches) {
  NetlinkSource& source = **source_;
  EXPECT_EQ(source.kind(), SourceKind::netlink);
  EXPECT_GE(source.fd(), 0);
  EXPECT_EQ(source.granted_buffer_bytes(), std::size_t{128} << 10);
  std::vector<Sighting> sink;
  EXPECT_TRUE(source.read(Instant{}, sink));
  EXPECT_TRUE(sink.empty());
  const Result<SourceStatistics> statistics = source.statistics();
  ASSERT_TRUE(statistics);
  EXPECT_EQ(statistics->sightings + statistics->refused + statistics->kernel_drops, 0U);
}

TEST_F(OpenNetlinkSource, SaysWhyItCannotWatch) {
  NetlinkSource& source = **source_;
  const Status loopback = source.watch({InterfaceId{0}, if_nametoindex("lo"), 51'820});
  ASSERT_FALSE(loopback);
  EXPECT_THAT(loopback.error().message(), HasSubstr("not of the kernel's WireGuard"));
  const Status gone = source.watch({InterfaceId{0}, 0x7fffffff, 51'820});
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code(), ENODEV);
  EXPECT_FALSE(source.watch({InterfaceId{0}, 0, 51'820}));
  EXPECT_TRUE(source.unwatch(InterfaceId{0}));
  EXPECT_EQ(source.offer({InterfaceId{0}, if_nametoindex("lo"), 51'820}), Offer::nothing);
}

} // namespace
} // namespace provisiond::events
