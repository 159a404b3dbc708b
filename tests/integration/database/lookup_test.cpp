// What the pool says about rows that are really in a database.

#include "asker.hpp"
#include "cluster.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace provisiond::database_test {
namespace {

using lookup::Verdict;
using testing::ElementsAre;

class Lookup : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(asker_.wait_until_connected(2)); }

  Database database_;
  Asker asker_{limits_for(database_.daemon_dsn())};
};

TEST_F(Lookup, AFoundPeerIsComplete) {
  const std::string id =
      database_.add_peer(key_of(1), "network_id, preshared_key, keepalive_seconds, expires_at",
                         "1, decode(repeat('ab', 32), 'hex'), 25, '2100-01-01 00:00:00.25+00'");
  database_.sql("INSERT INTO wg_provision.allowed_ips VALUES (" + id + ", 1, '10.0.0.1/32'), (" +
                id + ", 1, 'fd00::/64')");

  const Verdict verdict = asker_.ask(key_of(1));

  const PeerRecord& record = std::get<PeerRecord>(verdict);
  EXPECT_EQ(std::to_string(record.id), id);
  EXPECT_EQ(record.key, key_of(1));
  EXPECT_EQ(record.keepalive_seconds, 25);
  ASSERT_TRUE(record.preshared_key);
  EXPECT_THAT(record.preshared_key->bytes(), testing::Each(0xab));
  EXPECT_THAT(record.allowed_ips,
              ElementsAre(*IpPrefix::parse("10.0.0.1/32"), *IpPrefix::parse("fd00::/64")));
  EXPECT_EQ(record.expires_at,
            WallTime{std::chrono::nanoseconds{std::chrono::milliseconds{4'102'444'800'250}}});
}

TEST_F(Lookup, ABarePeerHasNothingOptional) {
  database_.add_peer(key_of(1), "network_id", "1");
  const Verdict verdict = asker_.ask(key_of(1));
  const PeerRecord& record = std::get<PeerRecord>(verdict);
  EXPECT_FALSE(record.preshared_key);
  EXPECT_FALSE(record.expires_at);
  EXPECT_EQ(record.keepalive_seconds, 0);
  EXPECT_TRUE(record.allowed_ips.empty());
}

TEST_F(Lookup, EachRefusalHasItsName) {
  database_.add_peer(key_of(1), "network_id, enabled", "1, false");
  database_.add_peer(key_of(2), "network_id, not_before", "1, now() + interval '1 hour'");
  database_.add_peer(key_of(3), "network_id, expires_at", "1, now() - interval '1 second'");
  database_.add_peer(key_of(4), "network_id", "2");
  EXPECT_EQ(asker_.word(key_of(1)), "disabled");
  EXPECT_EQ(asker_.word(key_of(2)), "not_yet_valid");
  EXPECT_EQ(asker_.word(key_of(3)), "expired");
  EXPECT_EQ(asker_.word(key_of(4)), "other_network");
  EXPECT_EQ(asker_.word(key_of(5)), "unknown_key");
  EXPECT_EQ(asker_.word(key_of(4), 1), "found");
  EXPECT_EQ(asker_.word(key_of(4), 9), "other_network") << "an interface without a network";
  EXPECT_EQ(asker_.metrics().lookup_errors.value(), 0U);
}

TEST_F(Lookup, ARowThatTheSchemaWouldRefuseIsInvalid) {
  database_.sql("ALTER TABLE wg_provision.peers DROP CONSTRAINT peers_keepalive_seconds_range");
  database_.add_peer(key_of(1), "network_id, keepalive_seconds", "1, 70000");
  EXPECT_EQ(asker_.word(key_of(1)), "invalid_row");
}

TEST_F(Lookup, AChangeIsSeenByTheNextQuestion) {
  EXPECT_EQ(asker_.word(key_of(1)), "unknown_key");
  database_.add_peer(key_of(1), "network_id", "1");
  EXPECT_EQ(asker_.word(key_of(1)), "found");
  database_.sql("UPDATE wg_provision.peers SET enabled = false");
  EXPECT_EQ(asker_.word(key_of(1)), "disabled");
}

TEST_F(Lookup, ManyKeysAndTheSameKeyTwiceAreBatched) {
  database_.add_peer(key_of(0), "network_id", "1");
  std::vector<PublicKey> keys;
  for (std::uint32_t i = 0; i < 400; ++i)
    keys.push_back(key_of(i % 2 == 0 ? 0 : i));

  const std::vector<Verdict> verdicts = asker_.ask_all(keys);

  for (std::size_t i = 0; i < verdicts.size(); ++i)
    EXPECT_EQ(std::holds_alternative<PeerRecord>(verdicts[i]), i % 2 == 0) << i;
  EXPECT_EQ(asker_.metrics().lookup_keys.value(), 400U);
  EXPECT_LT(asker_.metrics().lookup_batches.value(), 400U);
}

} // namespace
} // namespace provisiond::database_test
