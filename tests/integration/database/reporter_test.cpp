// What the reporter writes into a database that comes and goes.

#include "asker.hpp"
#include "cluster.hpp"
#include "lookup/reporter.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <pqxx/pqxx>

#include <chrono>
#include <thread>
#include <utility>

namespace provisiond::database_test {
namespace {

class Reporting : public testing::Test {
 protected:
  void SetUp() override {
    lookup::Limits limits = limits_for(database_.daemon_dsn());
    limits.gateway.name = "gw1";
    limits.gateway.run = "00000000-0000-4000-8000-000000000001";
    Result<std::unique_ptr<lookup::Reporter>> reporter = lookup::Reporter::start(
        limits, networks_, {.reports = reports_, .events = events_, .metrics = metrics_});
    ASSERT_TRUE(reporter) << reporter.error().message();
    reporter_ = std::move(reporter.value());
    database_.add_peer(key_of(1), "network_id", "1");
    database_.add_peer(key_of(2), "network_id", "1");
  }

  void own(std::uint32_t number, std::optional<Tai64n> initiation = std::nullopt) {
    reports_.push(SessionOwnership{.interface = InterfaceId{0},
                                   .name = "wg0",
                                   .key = key_of(number),
                                   .initiation = initiation});
  }

  // Turns the loop until `count` ownerships are written.
  bool wait_until_owned(std::uint64_t count) {
    const TimePoint ends_at = Clock::now() + std::chrono::seconds{15};
    while (metrics_.session_ownerships_written.value() < count) {
      if (Clock::now() >= ends_at) return false;
      reporter_->tick(Clock::now());
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
    return true;
  }

  [[nodiscard]] std::string holders() const {
    return database_.sql("SELECT string_agg(concat_ws(' ', peer_id, gateway, interface,"
                         " encode(initiation, 'hex')), ', ' ORDER BY peer_id) FROM"
                         " wg_provision.sessions");
  }

  [[nodiscard]] std::string sessions() const {
    return database_.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'gateway'"
                         " AND datname = current_database()");
  }

  Database database_;
  lookup::Networks networks_{{"office", "fleet"}};
  Channel<lookup::PoolEvent> events_{64};
  metrics::Metrics metrics_;
  lookup::ReportQueue reports_{metrics_};
  std::unique_ptr<lookup::Reporter> reporter_;
};

TEST_F(Reporting, OwnershipsAreWrittenInOneSession) {
  own(1, Tai64n{0x40, 0, 0, 0, 0x65, 0x53, 0xf1, 0x0a, 0, 0, 0, 1});
  ASSERT_TRUE(wait_until_owned(1));
  EXPECT_EQ(sessions(), "1");
  const std::string process = database_.sql("SELECT pid FROM pg_stat_activity WHERE usename ="
                                            " 'gateway' AND datname = current_database()");
  own(2);
  ASSERT_TRUE(wait_until_owned(2));
  EXPECT_EQ(holders(), "1 gw1 wg0 400000006553f10a00000001, 2 gw1 wg0");
  EXPECT_EQ(database_.sql("SELECT pid FROM pg_stat_activity WHERE usename = 'gateway' AND datname ="
                          " current_database()"),
            process);
}

// More than fit into one statement.
TEST_F(Reporting, ManyActivePeersAreWrittenInSlices) {
  constexpr std::uint32_t first = 1'000;
  constexpr std::uint32_t many = 5'000;
  std::string keys;
  InterfaceReport report{
      .interface = InterfaceId{0}, .name = "wg0", .key = key_of(1), .peers = many, .active = {}};
  for (std::uint32_t n = first; n < first + many; ++n) {
    report.active.push_back({.key = key_of(n), .endpoint = Endpoint{.port = 51'820}});
    keys += fmt::format("{}('{}')", keys.empty() ? "" : ",", key_of(n).to_string());
  }
  database_.sql("INSERT INTO wg_provision.peers (network_id, public_key) SELECT 1, decode(k, "
                "'base64') FROM (VALUES " +
                keys + ") AS v (k)");
  reports_.push(std::move(report));
  const TimePoint ends_at = Clock::now() + std::chrono::seconds{15};
  while (metrics_.reports_written.value() == 0 && Clock::now() < ends_at) {
    reporter_->tick(Clock::now());
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  EXPECT_EQ(database_.sql("SELECT count(*) FROM wg_provision.activity"), "5000");
  EXPECT_EQ(database_.sql("SELECT peers FROM wg_provision.interfaces"), "5000");
}

TEST_F(Reporting, OwnershipsOutliveTheDatabase) {
  Cluster::control("stop");
  own(1);
  for (int i = 0; i < 30; ++i) {
    reporter_->tick(Clock::now());
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
  own(2);
  EXPECT_EQ(metrics_.session_ownerships_written.value(), 0U);
  const std::vector<lookup::PoolEvent> told = events_.drain(64);
  ASSERT_EQ(told.size(), 1U) << "told once";
  EXPECT_EQ(told.front().kind, lookup::PoolEvent::Kind::disconnected);
  Cluster::control("start");
  ASSERT_TRUE(wait_until_owned(2));
  EXPECT_EQ(holders(), "1 gw1 wg0, 2 gw1 wg0");
}

TEST_F(Reporting, WhatWaitsAtTheEndIsWritten) {
  own(1);
  reporter_.reset();
  EXPECT_EQ(holders(), "1 gw1 wg0");
}

TEST_F(Reporting, AFrozenServerDoesNotHoldTheEndUp) {
  own(1);
  ASSERT_TRUE(wait_until_owned(1));
  Cluster::control("freeze");
  own(2);
  const TimePoint began_at = Clock::now();
  reporter_.reset();
  EXPECT_LT(Clock::now() - began_at, std::chrono::seconds{4});
  Cluster::control("thaw");
}

// An administrator who is at it for longer than a query may take.
TEST_F(Reporting, APeerThatIsBeingDeletedHoldsUpNobody) {
  pqxx::connection administrator{database_.admin_dsn()};
  pqxx::work deletion{administrator};
  deletion.exec("DELETE FROM wg_provision.peers WHERE public_key = decode('" +
                key_of(1).to_string() + "', 'base64')");
  own(1);
  own(2);
  ASSERT_TRUE(wait_until_owned(1));
  EXPECT_EQ(holders(), "2 gw1 wg0");
  reporter_->tick(Clock::now());
  EXPECT_EQ(metrics_.session_ownerships_waiting.value(), 1);
  deletion.abort();
  ASSERT_TRUE(wait_until_owned(2));
  EXPECT_EQ(holders(), "1 gw1 wg0, 2 gw1 wg0");
  EXPECT_EQ(metrics_.session_ownerships_dropped.value(), 0U);
}

// One that is in the way of a single ownership does not make it hopeless.
TEST_F(Reporting, AnOwnershipOutlivesALock) {
  own(1);
  ASSERT_TRUE(wait_until_owned(1));
  pqxx::connection administrator{database_.admin_dsn()};
  pqxx::work change{administrator};
  change.exec("LOCK TABLE wg_provision.sessions IN EXCLUSIVE MODE");
  own(2);
  const TimePoint ends_at = Clock::now() + std::chrono::seconds{4};
  while (Clock::now() < ends_at) {
    reporter_->tick(Clock::now());
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  EXPECT_EQ(metrics_.session_ownerships_written.value(), 1U);
  change.abort();
  ASSERT_TRUE(wait_until_owned(2));
  EXPECT_EQ(metrics_.session_ownerships_dropped.value(), 0U);
}

TEST_F(Reporting, AnInterfaceTellsHowFarItIs) {
  const std::string position =
      database_.sql("SELECT next_position FROM wg_provision.changes_after(NULL)");
  reports_.push(InterfaceReport{.interface = InterfaceId{0},
                                .name = "wg0",
                                .key = key_of(9),
                                .position = position,
                                .peers = 3,
                                .active = {}});
  own(1);
  ASSERT_TRUE(wait_until_owned(1));
  reporter_.reset();
  EXPECT_EQ(database_.sql("SELECT concat_ws(' ', peers, position) FROM wg_provision.interfaces"),
            "3 " + position);
}

} // namespace
} // namespace provisiond::database_test
