#include "daemon/database_hosts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

using namespace std::chrono_literals;

namespace provisiond::daemon {
namespace {

std::vector<IpAddress> addresses_of(const char* dsn) {
  const DatabaseHosts hosts{SecretString{dsn}, 1h};
  const TimePoint deadline = Clock::now() + 20s;
  while (!hosts.addresses() && Clock::now() < deadline)
    std::this_thread::sleep_for(1ms);
  return hosts.addresses().value_or(std::vector<IpAddress>{});
}

TEST(DatabaseHosts, AreAllThatTheStringNames) {
  EXPECT_EQ(addresses_of("host=198.51.100.2,/run/postgresql,db.example hostaddr=,,192.0.2.1"),
            (std::vector{IpAddress::parse("192.0.2.1").value(),
                         IpAddress::parse("198.51.100.2").value()}));
  EXPECT_EQ(addresses_of("postgresql://[2001:db8::5]:5433,198.51.100.2/fleet"),
            (std::vector{IpAddress::parse("198.51.100.2").value(),
                         IpAddress::parse("2001:db8::5").value()}));
}

TEST(DatabaseHosts, OfASocketThereAreNoneAtOnce) {
  const DatabaseHosts hosts{SecretString{"host=/run/postgresql dbname=fleet"}, 1h};
  ASSERT_TRUE(hosts.addresses().has_value());
  EXPECT_TRUE(hosts.addresses()->empty());
}

TEST(DatabaseHosts, ANameThatLeadsNowhereIsNotWaitedFor) {
  EXPECT_EQ(addresses_of("host=nowhere.invalid,192.0.2.1"),
            std::vector{IpAddress::parse("192.0.2.1").value()});
}

} // namespace
} // namespace provisiond::daemon
