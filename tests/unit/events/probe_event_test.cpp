#include "events/bpf/admission.h"
#include "events/bpf/unknown_peer.h"
#include "events/probe_event.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>

using namespace std::chrono_literals;

namespace provisiond::events {
namespace {

const Instant now{.steady = TimePoint{} + 1h, .wall = WallTime{} + 1'000'000h};

unknown_peer_event event_v4() {
  unknown_peer_event event{};
  event.kernel_time_ns = static_cast<std::uint64_t>(std::chrono::nanoseconds{1h - 2ms}.count());
  event.epoch = 3;
  event.scope = 9;
  event.interface_id = 5;
  event.source_port = 4000;
  event.local_port = 51820;
  const std::array<std::uint8_t, 4> source{192, 0, 2, 2};
  const std::array<std::uint8_t, 4> local{192, 0, 2, 1};
  std::copy(source.begin(), source.end(), event.source_address);
  std::copy(local.begin(), local.end(), event.local_address);
  event.public_key[0] = 42;
  event.initiation[0] = 1;
  event.initiation[147] = 77;
  return event;
}

unknown_peer_event event_v6(const char* source) {
  unknown_peer_event event = event_v4();
  event.is_ipv6 = 1;
  const IpAddress address = IpAddress::parse(source).value();
  std::copy(address.bytes.begin(), address.bytes.end(), event.source_address);
  return event;
}

metrics::SightingDrop drop_of(const unknown_peer_event& event) {
  return std::get<metrics::SightingDrop>(read_probe_event(event, 3, now));
}

TEST(ProbeEvent, IsASightingWithBytesKeyAndMacState) {
  const Sighting sighting = std::get<Sighting>(read_probe_event(event_v4(), 3, now));
  EXPECT_EQ(sighting.interface.value, 5);
  EXPECT_EQ(sighting.source.to_string(), "192.0.2.2:4000");
  EXPECT_EQ(sighting.local.to_string(), "192.0.2.1:51820");
  EXPECT_EQ(sighting.seen_by, SourceKind::probe);
  EXPECT_EQ(sighting.mac_state, MacState::mac1);
  EXPECT_EQ(sighting.claimed->key.bytes[0], 42);
  EXPECT_EQ(sighting.initiation[147], 77);
  EXPECT_EQ(sighting.seen_at, now.steady - 2ms);
  EXPECT_EQ(sighting.seen_at_wall, now.wall - 2ms);
  EXPECT_EQ(sighting.source.scope, 0U);
}

TEST(ProbeEvent, UnderLoadTheCookieWasValid) {
  unknown_peer_event event = event_v4();
  event.under_load = 1;
  EXPECT_EQ(std::get<Sighting>(read_probe_event(event, 3, now)).mac_state, MacState::mac1_and_mac2);
}

TEST(ProbeEvent, LinkLocalAddressesHaveTheirLinkAsScope) {
  const Sighting sighting = std::get<Sighting>(read_probe_event(event_v6("fe80::2"), 3, now));
  EXPECT_EQ(sighting.source.scope, 9U);
  EXPECT_EQ(std::get<Sighting>(read_probe_event(event_v6("2001:db8::2"), 3, now)).source.scope, 0U);
}

TEST(ProbeEvent, OfAnEarlierWatchIsDropped) {
  EXPECT_EQ(std::get<metrics::SightingDrop>(read_probe_event(event_v4(), 4, now)),
            metrics::SightingDrop::unwatched_interface);
}

TEST(ProbeEvent, FromWhereNobodyAnswersIsDropped) {
  unknown_peer_event event = event_v4();
  event.source_port = 0;
  EXPECT_EQ(drop_of(event), metrics::SightingDrop::impossible_source);
  EXPECT_EQ(drop_of(event_v6("ff02::1")), metrics::SightingDrop::impossible_source);
  EXPECT_EQ(drop_of(event_v6("::1")), metrics::SightingDrop::impossible_source);
}

TEST(ProbeEvent, ThatIsNoInitiationIsDropped) {
  unknown_peer_event event = event_v4();
  event.initiation[0] = 2;
  EXPECT_EQ(drop_of(event), metrics::SightingDrop::malformed_event);
}

TEST(ProbeEvent, AnIncredibleTimeIsNow) {
  for (const std::chrono::nanoseconds at :
       {std::chrono::nanoseconds{1h + 1ms}, std::chrono::nanoseconds{1h - 11s}}) {
    unknown_peer_event event = event_v4();
    event.kernel_time_ns = static_cast<std::uint64_t>(at.count());
    EXPECT_EQ(std::get<Sighting>(read_probe_event(event, 3, now)).seen_at, now.steady);
  }
}

TEST(ProbeEvent, ATimeOutsideOfTheClockIsNow) {
  for (const std::uint64_t at : {std::uint64_t{1} << 63U, (std::uint64_t{1} << 63U) - 1}) {
    unknown_peer_event event = event_v4();
    event.kernel_time_ns = at;
    EXPECT_EQ(std::get<Sighting>(read_probe_event(event, 3, now)).seen_at, now.steady);
  }
}

// The lines that run in the kernel.

TEST(Admission, TheKernelGoesOnWithACookieOnlyUnderLoad) {
  const std::array<std::array<int, 2>, 4> expected{{{0, 0}, {1, 0}, {0, 0}, {0, 1}}};
  for (int mac_state = 0; mac_state < 4; ++mac_state) {
    for (int under_load = 0; under_load < 2; ++under_load) {
      EXPECT_EQ(kernel_goes_on(mac_state, under_load),
                expected[static_cast<std::size_t>(mac_state)][static_cast<std::size_t>(under_load)])
          << mac_state << ' ' << under_load;
    }
  }
}

TEST(Admission, ABucketGivesItsBurstAndThenItsRate) {
  constexpr std::uint64_t interval = 100;
  constexpr std::uint64_t allowance = 2 * interval; // burst 3
  std::uint64_t full_at = 0;
  std::uint64_t time = 1'000'000;
  for (int i = 0; i < 3; ++i) {
    full_at = take_token(full_at, time, interval, allowance);
    EXPECT_NE(full_at, 0U);
  }
  EXPECT_EQ(take_token(full_at, time, interval, allowance), 0U);
  EXPECT_EQ(take_token(full_at, time + interval - 1, interval, allowance), 0U);
  EXPECT_NE(take_token(full_at, time + interval, interval, allowance), 0U);
}

TEST(Admission, BudgetsArePerNetwork) {
  std::array<std::uint8_t, 16> a{};
  std::array<std::uint8_t, 16> b{};
  const auto prefix_of = [](std::array<std::uint8_t, 16>& out, const char* text) {
    const IpAddress address = IpAddress::parse(text).value();
    budget_prefix_of(out.data(), address.bytes.data(),
                     address.family == IpAddress::Family::v6 ? 1 : 0);
  };
  prefix_of(a, "192.0.2.1");
  prefix_of(b, "192.0.2.255");
  EXPECT_EQ(a, b);
  prefix_of(b, "192.0.3.1");
  EXPECT_NE(a, b);
  prefix_of(a, "2001:db8:1::1");
  prefix_of(b, "2001:db8:1:ffff::1");
  EXPECT_EQ(a, b);
  prefix_of(b, "2001:db8:2::1");
  EXPECT_NE(a, b);
}

TEST(Admission, AnEmbeddedIpv4AddressIsFoundWhereRfc6052HasIt) {
  const IpAddress wanted = IpAddress::parse("192.0.2.33").value();
  const std::array<const char*, 6> addresses{
      "2001:db8:c000:221::",      "2001:db8:1c0:2:21::",          "2001:db8:122:c000:2:2100::",
      "2001:db8:122:3c0:0:221::", "2001:db8:122:344:c0:2:2100::", "2001:db8:122:344::192.0.2.33"};
  const std::array<std::uint32_t, 6> prefix_bytes{4, 5, 6, 7, 8, 12};
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const IpAddress address = IpAddress::parse(addresses[i]).value();
    std::array<std::uint8_t, 4> found{};
    EXPECT_EQ(
        embedded_ipv4(found.data(), address.bytes.data(), address.bytes.data(), prefix_bytes[i]),
        1);
    EXPECT_TRUE(std::equal(found.begin(), found.end(), wanted.bytes.begin())) << addresses[i];
    const IpAddress other = IpAddress::parse("2001:db9::").value();
    EXPECT_EQ(
        embedded_ipv4(found.data(), address.bytes.data(), other.bytes.data(), prefix_bytes[i]), 0);
  }
}

TEST(Admission, Ipv4IsMapped) {
  std::array<std::uint8_t, 16> mapped{};
  const IpAddress v4 = IpAddress::parse("192.0.2.1").value();
  mapped_address(mapped.data(), v4.bytes.data(), 0);
  EXPECT_EQ(mapped, IpAddress::parse("::ffff:192.0.2.1").value().bytes);
  const IpAddress v6 = IpAddress::parse("2001:db8::1").value();
  mapped_address(mapped.data(), v6.bytes.data(), 1);
  EXPECT_EQ(mapped, v6.bytes);
}

} // namespace
} // namespace provisiond::events
