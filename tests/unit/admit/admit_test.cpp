#include "admit/key_gate.hpp"
#include "admit/negative_cache.hpp"
#include "admit/replay_memory.hpp"
#include "admit/source_gate.hpp"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace provisiond::admit {
namespace {

const TimePoint start = TimePoint{} + 1h;

IpAddress address(const char* text) {
  return IpAddress::parse(text).value();
}

PublicKey key(std::uint8_t number) {
  PublicKey key;
  key.bytes.fill(number);
  return key;
}

PeerId id(std::uint8_t number) {
  return {.interface = {}, .key = key(number)};
}

ProvenKey proven(std::uint8_t number, std::uint8_t time = 1) {
  Tai64n timestamp{};
  timestamp[7] = time;
  return {ProvenKey::TestOnly{}, key(number), timestamp};
}

SourceGate::Limits generous() {
  return {.per_address = {1000, 1000},
          .per_prefix = {1000, 1000},
          .total = {1000, 1000},
          .shared_prefixes = {},
          .entries = 64};
}

TEST(SourceGate, BoundsOneAddressAndRefillsWithTime) {
  SourceGate::Limits limits = generous();
  limits.per_address = {1, 2};
  SourceGate gate{limits};
  const IpAddress source = address("192.0.2.1");
  EXPECT_EQ(gate.admit(source, start), std::nullopt);
  EXPECT_EQ(gate.admit(source, start), std::nullopt);
  EXPECT_EQ(gate.admit(source, start), Refusal::source_budget);
  EXPECT_EQ(gate.admit(address("192.0.2.2"), start), std::nullopt);
  EXPECT_EQ(gate.admit(source, start + 999ms), Refusal::source_budget);
  EXPECT_EQ(gate.admit(source, start + 1s), std::nullopt);
}

TEST(SourceGate, ALookSaysWhatItWouldSayAndChangesNothing) {
  SourceGate::Limits limits = generous();
  limits.per_address = {1, 2};
  limits.shared_prefixes = {IpPrefix::parse("100.64.0.0/10").value()};
  SourceGate gate{limits};
  const IpAddress source = address("192.0.2.1");
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(gate.look(source, start).refusal, std::nullopt);
  EXPECT_EQ(gate.size(), 0U) << "no entry is made";
  EXPECT_EQ(gate.admit(source, start), std::nullopt);
  EXPECT_EQ(gate.admit(source, start), std::nullopt);
  const SourceView view = gate.look(source, start);
  EXPECT_EQ(view.refusal, Refusal::source_budget);
  ASSERT_EQ(view.budgets.size(), 3U);
  EXPECT_EQ(view.budgets[0].scope, "192.0.2.1/32");
  EXPECT_EQ(view.budgets[0].budget.left, 0U);
  EXPECT_EQ(view.budgets[0].budget.full_in, 2s);
  EXPECT_EQ(view.budgets[1].scope, "192.0.2.0/24");
  EXPECT_EQ(view.budgets[1].budget.left, 998U);
  EXPECT_EQ(view.budgets[2].scope, "all");
  EXPECT_EQ(gate.look(address("100.64.0.1"), start).budgets.size(), 1U) << "only the total";
}

TEST(NegativeCache, ALookForgetsNothing) {
  NegativeCache cache{{.ttl = 30s, .entries = 64}};
  cache.remember(id(1), Refusal::unknown_key, start);
  EXPECT_EQ(cache.look(id(1), start + 29s)->refusal, Refusal::unknown_key);
  EXPECT_FALSE(cache.look(id(1), start + 30s));
  EXPECT_EQ(cache.size(), 1U);
  EXPECT_FALSE(cache.look(id(2), start));
  cache.forget_all({});
  EXPECT_FALSE(cache.look(id(1), start));
}

TEST(KeyGate, ALookTakesNothing) {
  KeyGate gate{{.per_key = {1, 2}, .lookups = {10, 10}, .key_entries = 64, .in_flight = 4}};
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(gate.look(id(1), start).key.left, 2U);
  EXPECT_EQ(gate.size(), 0U);
  ASSERT_EQ(gate.admit({}, proven(1), start), std::nullopt);
  const KeyGate::View view = gate.look(id(1), start);
  EXPECT_EQ(view.key.left, 1U);
  EXPECT_EQ(view.lookups.left, 9U);
  EXPECT_TRUE(view.is_in_flight);
  EXPECT_FALSE(view.is_full);
}

TEST(SourceGate, CountsATranslatedSourceAsItsIpv4Address) {
  SourceGate::Limits limits = generous();
  limits.per_address = {1, 1};
  limits.shared_prefixes = {IpPrefix::parse("100.64.0.0/10").value()};
  limits.translated_prefixes = {IpPrefix::parse("64:ff9b::/96").value()};
  SourceGate gate{limits};
  EXPECT_EQ(gate.admit(address("64:ff9b::192.0.2.1"), start), std::nullopt);
  EXPECT_EQ(gate.admit(address("64:ff9b::192.0.2.2"), start), std::nullopt);
  EXPECT_EQ(gate.admit(address("64:ff9b::192.0.2.1"), start), Refusal::source_budget);
  EXPECT_EQ(gate.admit(address("192.0.2.2"), start), Refusal::source_budget);
  EXPECT_EQ(gate.admit(address("2001:db8::1"), start), std::nullopt);
  EXPECT_EQ(gate.admit(address("2001:db8::2"), start), Refusal::source_budget);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(gate.admit(address("64:ff9b::100.64.0.1"), start), std::nullopt) << "it is shared";
}

TEST(SourceGate, CountsIpv6BySlash64) {
  SourceGate::Limits limits = generous();
  limits.per_address = {1, 1};
  SourceGate gate{limits};
  EXPECT_EQ(gate.admit(address("2001:db8::1"), start), std::nullopt);
  EXPECT_EQ(gate.admit(address("2001:db8::2"), start), Refusal::source_budget);
  EXPECT_EQ(gate.admit(address("2001:db8:0:1::1"), start), std::nullopt);
}

TEST(SourceGate, BoundsAPrefixOfManyAddresses) {
  SourceGate::Limits limits = generous();
  limits.per_prefix = {1, 3};
  SourceGate gate{limits};
  for (const char* source : {"192.0.2.1", "192.0.2.2", "192.0.2.3"})
    EXPECT_EQ(gate.admit(address(source), start), std::nullopt);
  EXPECT_EQ(gate.admit(address("192.0.2.4"), start), Refusal::prefix_budget);
  EXPECT_EQ(gate.admit(address("198.51.100.1"), start), std::nullopt);
}

TEST(SourceGate, BoundsAllSourcesTogether) {
  SourceGate::Limits limits = generous();
  limits.total = {10, 2};
  SourceGate gate{limits};
  EXPECT_EQ(gate.admit(address("192.0.2.1"), start), std::nullopt);
  EXPECT_EQ(gate.admit(address("198.51.100.1"), start), std::nullopt);
  EXPECT_EQ(gate.admit(address("203.0.113.1"), start), Refusal::global_budget);
}

TEST(SourceGate, SharedPrefixesHaveOnlyTheTotal) {
  SourceGate::Limits limits = generous();
  limits.per_address = {1, 1};
  limits.total = {10, 3};
  limits.shared_prefixes = {IpPrefix::parse("100.64.0.0/10").value()};
  SourceGate gate{limits};
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(gate.admit(address("100.64.1.1"), start), std::nullopt);
  EXPECT_EQ(gate.admit(address("100.64.1.1"), start), Refusal::global_budget);
}

TEST(SourceGate, StaysInFixedMemoryAndCountsWhatGaveWay) {
  SourceGate gate{generous()};
  for (std::uint32_t i = 0; i < 500; ++i) {
    IpAddress source = address("10.0.0.0");
    source.bytes[1] = static_cast<std::uint8_t>(i >> 8);
    source.bytes[2] = static_cast<std::uint8_t>(i);
    EXPECT_EQ(gate.admit(source, start + i * 10ms), std::nullopt);
  }
  EXPECT_LE(gate.size(), 128U);
  EXPECT_GE(gate.displaced(), 2 * 500U - 128U);
}

TEST(NegativeCache, RemembersForItsTimeAndNoLonger) {
  NegativeCache keys{{.ttl = 30s, .entries = 64}};
  EXPECT_FALSE(keys.find(id(1), start));
  keys.remember(id(1), Refusal::disabled, start);
  EXPECT_EQ(keys.find(id(1), start + 29s)->refusal, Refusal::disabled);
  EXPECT_EQ(keys.find(id(1), start + 29s)->until, start + 30s);
  EXPECT_FALSE(keys.find(id(2), start));
  EXPECT_FALSE(keys.find(id(1), start + 30s));
  EXPECT_EQ(keys.size(), 0U);
}

TEST(NegativeCache, KeepsInterfacesApart) {
  NegativeCache keys{{.ttl = 30s, .entries = 64}};
  keys.remember(id(1), Refusal::unknown_key, start);
  const PeerId elsewhere{.interface = {1}, .key = key(1)};
  EXPECT_FALSE(keys.find(elsewhere, start));
}

TEST(NegativeCache, ForgetsWhatKnockedAtOneInterface) {
  NegativeCache keys{{.ttl = 1h, .entries = 64}};
  const PeerId elsewhere{.interface = {1}, .key = key(9)};
  keys.remember(id(1), Refusal::unknown_key, start);
  keys.remember(id(2), Refusal::revoked, start);
  keys.remember(elsewhere, Refusal::unknown_key, start);
  keys.forget_all({});
  EXPECT_FALSE(keys.find(id(1), start));
  EXPECT_FALSE(keys.find(id(2), start));
  EXPECT_TRUE(keys.find(elsewhere, start));
  keys.remember(id(1), Refusal::revoked, start);
  EXPECT_EQ(keys.find(id(1), start)->refusal, Refusal::revoked) << "what is said since then counts";
}

TEST(NegativeCache, StaysInFixedMemory) {
  NegativeCache keys{{.ttl = 1h, .entries = 16}};
  for (std::uint8_t i = 0; i < 200; ++i)
    keys.remember(id(i), Refusal::unknown_key, start + i * 1ms);
  EXPECT_LE(keys.size(), 16U);
  EXPECT_GE(keys.displaced(), 184U);
  EXPECT_EQ(keys.find(id(199), start + 1s)->refusal, Refusal::unknown_key);
}

Tai64n at(std::uint8_t time) {
  return proven(1, time).timestamp();
}

TEST(ReplayMemory, WantsANewerTimestampPerKeyAndInterface) {
  ReplayMemory memory{64};
  EXPECT_TRUE(memory.is_newer({}, proven(1, 5), at(99), start));
  EXPECT_FALSE(memory.is_newer({}, proven(1, 5), at(99), start));
  EXPECT_FALSE(memory.is_newer({}, proven(1, 4), at(99), start));
  EXPECT_TRUE(memory.is_newer({}, proven(1, 6), at(99), start));
  EXPECT_TRUE(memory.is_newer({}, proven(2, 1), at(99), start));
  EXPECT_TRUE(memory.is_newer({1}, proven(1, 5), at(99), start));
}

TEST(ReplayMemory, ATimestampFromTheFutureLocksNobodyOut) {
  ReplayMemory memory{64};
  EXPECT_TRUE(memory.is_newer({}, proven(1, 200), at(20), start));
  EXPECT_FALSE(memory.is_newer({}, proven(1, 200), at(20), start)) << "the same one again";
  EXPECT_FALSE(memory.is_newer({}, proven(1, 199), at(20), start)) << "an older one of that time";
  EXPECT_TRUE(memory.is_newer({}, proven(1, 12), at(20), start)) << "its clock is right again";
  EXPECT_FALSE(memory.is_newer({}, proven(1, 12), at(20), start));
  EXPECT_TRUE(memory.is_newer({}, proven(1, 13), at(21), start));
}

TEST(ReplayMemory, ForgetsOnRequest) {
  ReplayMemory memory{64};
  EXPECT_TRUE(memory.is_newer({}, proven(1, 5), at(99), start));
  memory.forget(id(1));
  EXPECT_TRUE(memory.is_newer({}, proven(1, 3), at(99), start));
}

KeyGate::Limits key_limits() {
  return {.per_key = {10, 10}, .lookups = {1000, 1000}, .key_entries = 64, .in_flight = 2};
}

Sighting sighting(std::uint16_t port = 1) {
  Sighting seen;
  seen.source = {.address = address("192.0.2.1"), .port = port};
  return seen;
}

TEST(KeyGate, HasOneLookupInFlightPerKeyAndReturnsItsSighting) {
  KeyGate gate{key_limits()};
  EXPECT_EQ(gate.admit(sighting(7), proven(1), start), std::nullopt);
  EXPECT_EQ(gate.admit(sighting(8), proven(1), start), Refusal::lookup_in_flight);
  const std::optional<Sighting> released = gate.release(id(1));
  ASSERT_TRUE(released);
  EXPECT_EQ(released->source.port, 7);
  EXPECT_FALSE(gate.release(id(1)));
  EXPECT_EQ(gate.admit(sighting(), proven(1), start), std::nullopt);
}

TEST(KeyGate, BoundsLookupsInFlight) {
  KeyGate gate{key_limits()};
  EXPECT_EQ(gate.admit(sighting(), proven(1), start), std::nullopt);
  EXPECT_EQ(gate.admit(sighting(), proven(2), start), std::nullopt);
  EXPECT_EQ(gate.admit(sighting(), proven(3), start), Refusal::lookup_queue_full);
  EXPECT_EQ(gate.in_flight(), 2U);
}

TEST(KeyGate, BoundsOneKey) {
  KeyGate::Limits limits = key_limits();
  limits.per_key = {1, 1};
  KeyGate gate{limits};
  EXPECT_EQ(gate.admit(sighting(), proven(1), start), std::nullopt);
  EXPECT_TRUE(gate.release(id(1)));
  EXPECT_EQ(gate.admit(sighting(), proven(1), start), Refusal::key_budget);
  EXPECT_EQ(gate.admit(sighting(), proven(2), start), std::nullopt);
  EXPECT_EQ(gate.admit(sighting(), proven(1), start + 1s), std::nullopt);
}

TEST(KeyGate, BoundsAllLookups) {
  KeyGate::Limits limits = key_limits();
  limits.lookups = {1, 1};
  KeyGate gate{limits};
  EXPECT_EQ(gate.admit(sighting(), proven(1), start), std::nullopt);
  EXPECT_EQ(gate.admit(sighting(), proven(2), start), Refusal::lookup_budget);
  EXPECT_EQ(gate.in_flight(), 1U);
}

} // namespace
} // namespace provisiond::admit
