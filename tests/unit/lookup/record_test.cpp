#include "lookup/record.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace provisiond::lookup {
namespace {

const std::string key_hex = std::string(62, '1') + "2f";
const std::string preshared_hex(64, 'a');

PublicKey asked_key() {
  PublicKey key;
  key.bytes.fill(0x11);
  key.bytes.back() = 0x2f;
  return key;
}

Row found_row() {
  return {.verdict = "found",
          .public_key = key_hex,
          .peer_id = "42",
          .preshared_key = {},
          .keepalive_seconds = "25",
          .allowed_ips = "{10.0.0.2/32,fd00:1::/64}",
          .expires_at_us = {},
          .session_gateway = {},
          .session_interface = {},
          .newest_initiation = {},
          .idle_timeout_s = {},
          .allowed_sources = {},
          .roaming = "t",
          .several_gateways = "f",
          .evict_last = "f"};
}

Refusal refusal_of(const Row& row) {
  const Verdict verdict = read_row(row, asked_key());
  const Refusal* const refusal = std::get_if<Refusal>(&verdict);
  EXPECT_NE(refusal, nullptr) << "a record was read";
  return refusal == nullptr ? Refusal::bad_mac1 : *refusal;
}

Row refused_row(std::string_view verdict) {
  Row row;
  row.verdict = verdict;
  row.public_key = key_hex;
  return row;
}

Row trial_row() {
  Row row = refused_row("trial");
  row.roaming = "f";
  row.several_gateways = "f";
  return row;
}

TEST(ReadRow, ReadsAFoundPeer) {
  Row row = found_row();
  row.preshared_key = preshared_hex;
  row.expires_at_us = "1700000000123456";

  Verdict verdict = read_row(row, asked_key());

  const PeerRecord& record = std::get<PeerRecord>(verdict);
  EXPECT_EQ(record.id, 42);
  EXPECT_EQ(record.key, asked_key());
  EXPECT_EQ(record.keepalive_seconds, 25);
  EXPECT_THAT(record.allowed_ips, testing::ElementsAre(*IpPrefix::parse("10.0.0.2/32"),
                                                       *IpPrefix::parse("fd00:1::/64")));
  ASSERT_TRUE(record.preshared_key);
  EXPECT_THAT(record.preshared_key->bytes(), testing::Each(0xaa));
  EXPECT_EQ(record.expires_at,
            WallTime{std::chrono::nanoseconds{std::chrono::microseconds{1'700'000'000'123'456}}});
}

TEST(ReadRow, OptionalColumnsMayBeNull) {
  Row row = found_row();
  row.allowed_ips = "{}";

  const Verdict verdict = read_row(row, asked_key());

  const PeerRecord& record = std::get<PeerRecord>(verdict);
  EXPECT_FALSE(record.preshared_key);
  EXPECT_FALSE(record.expires_at);
  EXPECT_TRUE(record.allowed_ips.empty());
}

TEST(ReadRow, ReadsTheLifeOfAPeer) {
  Row row = found_row();
  row.session_gateway = "gw1";
  row.session_interface = "wg0";
  row.newest_initiation = "400000006553f10a00000001";
  row.idle_timeout_s = "180";
  row.allowed_sources = "{192.0.2.0/24,2001:db8::/32}";
  row.roaming = "f";
  row.several_gateways = "t";
  row.evict_last = "t";

  const Verdict verdict = read_row(row, asked_key());

  const PeerRecord& record = std::get<PeerRecord>(verdict);
  EXPECT_EQ(record.held_by, (SessionHolder{.gateway = "gw1", .interface = "wg0"}));
  EXPECT_EQ(record.newest_initiation, (Tai64n{0x40, 0, 0, 0, 0x65, 0x53, 0xf1, 0x0a, 0, 0, 0, 1}));
  EXPECT_EQ(record.idle_timeout, Duration{std::chrono::seconds{180}});
  EXPECT_THAT(record.allowed_sources, testing::ElementsAre(*IpPrefix::parse("192.0.2.0/24"),
                                                           *IpPrefix::parse("2001:db8::/32")));
  EXPECT_FALSE(record.may_roam);
  EXPECT_TRUE(record.may_be_on_several_gateways);
  EXPECT_TRUE(record.is_evicted_last);
}

TEST(ReadRow, AHolderNeedsNoInitiation) {
  Row row = found_row();
  row.session_gateway = "gw1";
  row.session_interface = "wg0";
  const Verdict verdict = read_row(row, asked_key());
  EXPECT_TRUE(std::get<PeerRecord>(verdict).held_by);
  EXPECT_FALSE(std::get<PeerRecord>(verdict).newest_initiation);
}

TEST(ReadRow, AHolderHasARunAndATime) {
  Row row = found_row();
  row.session_gateway = "gw1";
  row.session_interface = "wg0";
  row.session_run = "00000000-0000-4000-8000-000000000001";
  row.session_at_us = "1700000000000001";
  const SessionHolder holder = *std::get<PeerRecord>(read_row(row, asked_key())).held_by;
  EXPECT_EQ(holder.run, *row.session_run);
  EXPECT_EQ(holder.since, WallTime{} + std::chrono::microseconds{1'700'000'000'000'001});
  row.session_at_us = "-5";
  EXPECT_EQ(std::get<PeerRecord>(read_row(row, asked_key())).held_by->since, WallTime{});
}

TEST(ReadRow, RefusesARunThatIsNoneAndATimeThatCannotBe) {
  Row row = found_row();
  row.session_gateway = "gw1";
  row.session_interface = "wg0";
  row.session_run = "1";
  EXPECT_EQ(refusal_of(row), Refusal::invalid_row);
  row.session_run.reset();
  for (const char* time : {"", "x", "9223372036854775807"}) {
    row.session_at_us = time;
    EXPECT_EQ(refusal_of(row), Refusal::invalid_row) << time;
  }
}

TEST(ReadRow, AnInitiationNeedsNoHolder) {
  const Tai64n initiation{0x40, 0, 0, 0, 0x65, 0x53, 0xf1, 0x0a, 0, 0, 0, 1};
  for (Row row : {found_row(), trial_row()}) {
    row.newest_initiation = "400000006553f10a00000001";
    const Verdict verdict = read_row(row, asked_key());
    EXPECT_FALSE(std::get<PeerRecord>(verdict).held_by);
    EXPECT_EQ(std::get<PeerRecord>(verdict).newest_initiation, initiation);
  }
}

TEST(ReadRow, RefusesInitiationsOfAnotherLength) {
  Row row = found_row();
  for (const std::string_view bad :
       {"", "40", "400000006553f10a0000000x", "400000006553f10a0000000100"}) {
    row.newest_initiation = bad;
    EXPECT_EQ(refusal_of(row), Refusal::invalid_row) << bad;
  }
}

TEST(ReadRow, ADeviceOnTrialHasTheRulesOfItsNetwork) {
  EXPECT_EQ(refusal_of(refused_row("trial")), Refusal::invalid_row);
  Row row = trial_row();
  row.allowed_sources = "{192.0.2.0/24}";
  row.idle_timeout_s = "2592000";

  const Verdict verdict = read_row(row, asked_key());

  const PeerRecord& record = std::get<PeerRecord>(verdict);
  EXPECT_TRUE(record.is_on_trial);
  EXPECT_FALSE(record.may_roam);
  EXPECT_EQ(record.allowed_sources.size(), 1U);
  EXPECT_EQ(record.idle_timeout, Duration{std::chrono::hours{720}});
}

TEST(ReadRow, EachRefusingWordHasItsRefusal) {
  EXPECT_EQ(refusal_of(refused_row("unknown")), Refusal::unknown_key);
  EXPECT_EQ(refusal_of(refused_row("disabled")), Refusal::disabled);
  EXPECT_EQ(refusal_of(refused_row("revoked")), Refusal::revoked);
  EXPECT_EQ(refusal_of(refused_row("not_yet_valid")), Refusal::not_yet_valid);
  EXPECT_EQ(refusal_of(refused_row("expired")), Refusal::expired);
  EXPECT_EQ(refusal_of(refused_row("other_network")), Refusal::other_network);
}

TEST(ReadRow, AnUnknownWordIsInvalid) {
  EXPECT_EQ(refusal_of(refused_row("granted")), Refusal::invalid_row);
  EXPECT_EQ(refusal_of(refused_row("")), Refusal::invalid_row);
  EXPECT_EQ(refusal_of(Row{}), Refusal::invalid_row);
}

// The columns of a row that says "found", each with a value that the schema cannot produce.
struct BadColumn {
  const char* name;
  std::optional<std::string_view> Row::*column;
  std::optional<std::string> value;
};

class BadRow : public testing::TestWithParam<BadColumn> {};

TEST_P(BadRow, IsInvalid) {
  Row row = found_row();
  row.*GetParam().column = GetParam().value;
  EXPECT_EQ(refusal_of(row), Refusal::invalid_row);
}

std::string many_prefixes(std::size_t count) {
  std::string literal = "{";
  for (std::size_t i = 0; i < count; ++i)
    literal += "10." + std::to_string(i / 256) + "." + std::to_string(i % 256) + ".0/24,";
  literal.back() = '}';
  return literal;
}

INSTANTIATE_TEST_SUITE_P(
    Columns, BadRow,
    testing::Values(BadColumn{"key_null", &Row::public_key, std::nullopt},
                    BadColumn{"key_of_another_peer", &Row::public_key, std::string(64, '1')},
                    BadColumn{"key_short", &Row::public_key, std::string(62, '1')},
                    BadColumn{"key_long", &Row::public_key, key_hex + "00"},
                    BadColumn{"key_not_hex", &Row::public_key, std::string(64, 'x')},
                    BadColumn{"id_null", &Row::peer_id, std::nullopt},
                    BadColumn{"id_zero", &Row::peer_id, "0"},
                    BadColumn{"id_negative", &Row::peer_id, "-1"},
                    BadColumn{"id_too_large", &Row::peer_id, "9223372036854775808"},
                    BadColumn{"id_text", &Row::peer_id, "1x"},
                    BadColumn{"preshared_short", &Row::preshared_key, std::string(62, 'a')},
                    BadColumn{"preshared_long", &Row::preshared_key, std::string(66, 'a')},
                    BadColumn{"preshared_zero", &Row::preshared_key, std::string(64, '0')},
                    BadColumn{"preshared_not_hex", &Row::preshared_key, std::string(64, 'g')},
                    BadColumn{"preshared_empty", &Row::preshared_key, ""},
                    BadColumn{"keepalive_null", &Row::keepalive_seconds, std::nullopt},
                    BadColumn{"keepalive_too_large", &Row::keepalive_seconds, "65536"},
                    BadColumn{"keepalive_negative", &Row::keepalive_seconds, "-1"},
                    BadColumn{"keepalive_text", &Row::keepalive_seconds, "25s"},
                    BadColumn{"prefixes_null", &Row::allowed_ips, std::nullopt},
                    BadColumn{"prefixes_no_braces", &Row::allowed_ips, "10.0.0.2/32"},
                    BadColumn{"prefixes_empty_text", &Row::allowed_ips, ""},
                    BadColumn{"prefixes_one_brace", &Row::allowed_ips, "{"},
                    BadColumn{"prefixes_host_bits", &Row::allowed_ips, "{10.0.0.1/24}"},
                    BadColumn{"prefixes_too_long", &Row::allowed_ips, "{10.0.0.1/33}"},
                    BadColumn{"prefixes_null_element", &Row::allowed_ips, "{NULL}"},
                    BadColumn{"prefixes_empty_element", &Row::allowed_ips, "{10.0.0.1/32,}"},
                    BadColumn{"prefixes_too_many", &Row::allowed_ips,
                              many_prefixes(PeerRecord::maximum_allowed_ips + 1)},
                    BadColumn{"gateway_alone", &Row::session_gateway, "gw1"},
                    BadColumn{"interface_alone", &Row::session_interface, "wg0"},
                    BadColumn{"idle_too_short", &Row::idle_timeout_s, "179"},
                    BadColumn{"idle_too_long", &Row::idle_timeout_s, "2592001"},
                    BadColumn{"idle_text", &Row::idle_timeout_s, "1h"},
                    BadColumn{"sources_none", &Row::allowed_sources, "{}"},
                    BadColumn{"sources_host_bits", &Row::allowed_sources, "{192.0.2.1/24}"},
                    BadColumn{"sources_nested", &Row::allowed_sources, "{{192.0.2.0/24}}"},
                    BadColumn{"sources_too_many", &Row::allowed_sources, many_prefixes(65)},
                    BadColumn{"roaming_null", &Row::roaming, std::nullopt},
                    BadColumn{"roaming_text", &Row::roaming, "true"},
                    BadColumn{"several_null", &Row::several_gateways, std::nullopt},
                    BadColumn{"evict_last_null", &Row::evict_last, std::nullopt},
                    BadColumn{"expiry_text", &Row::expires_at_us, "infinity"},
                    BadColumn{"expiry_zero", &Row::expires_at_us, "0"},
                    BadColumn{"expiry_beyond_the_clock", &Row::expires_at_us, "9223372036854776"}),
    [](const testing::TestParamInfo<BadColumn>& bad) { return bad.param.name; });

TEST(ReadRow, AnAllZeroKeyIsInvalidEvenWhenAsked) {
  Row row = found_row();
  const std::string zero(64, '0');
  row.public_key = zero;
  EXPECT_EQ(std::get<Refusal>(read_row(row, PublicKey{})), Refusal::invalid_row);
}

TEST(ReadRow, TakesTheLargestValues) {
  Row row = found_row();
  const std::string prefixes = many_prefixes(PeerRecord::maximum_allowed_ips);
  row.allowed_ips = prefixes;
  row.keepalive_seconds = "65535";
  row.peer_id = "9223372036854775807";
  row.expires_at_us = "9223372036854775";

  const Verdict verdict = read_row(row, asked_key());

  const PeerRecord& record = std::get<PeerRecord>(verdict);
  EXPECT_EQ(record.allowed_ips.size(), PeerRecord::maximum_allowed_ips);
  EXPECT_EQ(record.keepalive_seconds, 65535);
}

} // namespace
} // namespace provisiond::lookup
