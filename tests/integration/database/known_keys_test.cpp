// How the keys that a database has become known, and stay so while they change.

#include "asker.hpp"
#include "cluster.hpp"
#include "lookup/change_feed.hpp"
#include "lookup/known_keys.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

namespace provisiond::database_test {
namespace {

using Answer = lookup::KnownKeys::Answer;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr InterfaceId office{0};
constexpr InterfaceId fleet{1};

class KnowingKeys : public testing::Test {
 protected:
  void start(lookup::KnownKeys* known_keys) {
    Result<std::unique_ptr<lookup::ChangeFeed>> feed = lookup::ChangeFeed::start(
        limits_for(database_.daemon_dsn()), networks_,
        {.changes = changes_, .events = events_, .metrics = metrics_, .known_keys = known_keys});
    ASSERT_TRUE(feed) << feed.error().message();
    feed_ = std::move(*feed);
  }
  bool wait_for(const std::function<bool()>& done) {
    const TimePoint ends_at = Clock::now() + seconds{15};
    while (!done()) {
      if (Clock::now() >= ends_at) return false;
      feed_->tick(Clock::now());
      changes_.drain(changes_.capacity());
      events_.drain(events_.capacity());
      std::this_thread::sleep_for(milliseconds{10});
    }
    return true;
  }
  bool wait_until_read(std::uint64_t times) {
    return wait_for([&] { return metrics_.known_key_reads.value() >= times; });
  }
  [[nodiscard]] Answer find(const PublicKey& key, InterfaceId interface = office) const {
    return keys_.find({.interface = interface, .key = key});
  }
  // Beside those of key_of.
  void add_many(std::uint32_t count, const std::string& network) const {
    database_.sql("INSERT INTO wg_provision.peers (network_id, public_key) SELECT " + network +
                  ", sha256(int8send(n)) FROM generate_series(1, " + std::to_string(count) + ") n");
  }

  Database database_;
  metrics::Metrics metrics_;
  lookup::Networks networks_{{"office", "fleet"}};
  lookup::KnownKeys keys_{2};
  Channel<Change> changes_{64};
  Channel<lookup::FeedEvent> events_{64};
  std::unique_ptr<lookup::ChangeFeed> feed_;
};

TEST_F(KnowingKeys, ReadsThoseOfEachNetwork) {
  database_.add_peer(key_of(1), "network_id", "1");
  database_.add_peer(key_of(2), "network_id", "2");
  database_.add_peer(key_of(3), "network_id, enabled", "1, false");
  EXPECT_EQ(find(key_of(1)), Answer::passes);
  start(&keys_);
  ASSERT_TRUE(wait_until_read(2));
  EXPECT_EQ(find(key_of(1)), Answer::may_be_known);
  EXPECT_EQ(find(key_of(2)), Answer::unknown);
  EXPECT_EQ(find(key_of(3)), Answer::unknown);
  EXPECT_EQ(find(key_of(2), fleet), Answer::may_be_known);
}

TEST_F(KnowingKeys, ReadsManyPages) {
  add_many(60'000, "1");
  database_.add_peer(key_of(1), "network_id", "1");
  start(&keys_);
  ASSERT_TRUE(wait_until_read(2));
  EXPECT_EQ(find(key_of(1)), Answer::may_be_known);
  EXPECT_EQ(keys_.overview().keys, 60'001U);
}

TEST_F(KnowingKeys, AKeyThatIsAddedIsKnownAsSoonAsItIsToldOf) {
  start(&keys_);
  ASSERT_TRUE(wait_until_read(2));
  ASSERT_TRUE(wait_for([&] { return metrics_.change_feed_up.value() == 1; }));
  database_.add_peer(key_of(1), "network_id", "1");
  EXPECT_TRUE(wait_for([&] { return find(key_of(1)) == Answer::may_be_known; }));
  EXPECT_EQ(metrics_.known_key_reads.value(), 2U) << "without reading the others again";
}

TEST_F(KnowingKeys, ManyAtOnceAreReadAgain) {
  start(&keys_);
  ASSERT_TRUE(wait_until_read(2));
  ASSERT_TRUE(wait_for([&] { return metrics_.change_feed_up.value() == 1; }));
  add_many(1'000, "1");
  EXPECT_TRUE(wait_until_read(3));
  EXPECT_EQ(keys_.overview().keys, 1'000U);
}

TEST_F(KnowingKeys, WhereDevicesComeOnTrialEverythingPasses) {
  database_.sql("INSERT INTO wg_provision.trial_enrolments (network_id, preshared_key)"
                " VALUES (1, decode(repeat('ab', 32), 'hex'))");
  start(&keys_);
  ASSERT_TRUE(wait_until_read(1)); // of the other one
  EXPECT_EQ(find(key_of(1), fleet), Answer::unknown);
  EXPECT_EQ(find(key_of(1)), Answer::passes);
}

// Whatever may not be read, changes are heard.
TEST_F(KnowingKeys, ADatabaseThatDoesNotTellIsNoObstacle) {
  database_.sql("REVOKE EXECUTE ON FUNCTION wg_provision.known_keys_of(text, bytea, integer)"
                " FROM wg_provision_daemon");
  start(&keys_);
  ASSERT_TRUE(wait_for([&] { return metrics_.change_feed_up.value() == 1; }));
  std::this_thread::sleep_for(milliseconds{1'000});
  ASSERT_TRUE(wait_for([&] { return metrics_.change_feed_up.value() == 1; }));
  EXPECT_EQ(find(key_of(1)), Answer::passes);
  const std::uint64_t heard = metrics_.changes.value();
  database_.add_peer(key_of(1), "network_id", "1");
  EXPECT_TRUE(wait_for([&] { return metrics_.changes.value() > heard; }));
}

TEST_F(KnowingKeys, NothingIsReadWhereItIsNotWanted) {
  start(nullptr);
  ASSERT_TRUE(wait_for([&] { return metrics_.change_feed_up.value() == 1; }));
  std::this_thread::sleep_for(milliseconds{200});
  EXPECT_EQ(metrics_.known_key_reads.value(), 0U);
  EXPECT_EQ(find(key_of(1)), Answer::passes);
}

} // namespace
} // namespace provisiond::database_test
