#include "daemon/limits.hpp"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace provisiond::daemon {
namespace {

TEST(Limits, EachStageGetsWhatTheOperatorWrote) {
  settings::Settings settings;
  settings.interfaces = {{.name = "wg0", .network = "a"},
                         {.name = "wg1",
                          .network = "b",
                          .backend = settings::Backend::userspace,
                          .greeting = settings::Greeting::automatic,
                          .max_peers = 7,
                          .exclusive = true,
                          .routes = true,
                          .route_table = {1000}}};
  settings.database.dsn = "dbname=fleet";
  settings.database.batch_size = 9;
  settings.database.queue_length = 11;
  settings.admission.per_address = {3, 4};
  settings.admission.refused_key_ttl = 5s;
  settings.admission.cookies = settings::CookieMode::never;
  settings.greet.deadline = 20s;
  settings.evict.idle_timeout = 4min;

  const lookup::Gateway gateway{.name = "gw1", .run = "r"};

  const std::vector<flow::Interface> interfaces = interfaces_from(settings);
  ASSERT_EQ(interfaces.size(), 2U);
  EXPECT_EQ(interfaces[0].id.value, 0);
  EXPECT_EQ(interfaces[0].greeting, greet::GreetingMode::reverse);
  EXPECT_EQ(interfaces[1].id.value, 1);
  EXPECT_EQ(interfaces[1].name, "wg1");
  EXPECT_EQ(interfaces[1].greeting, greet::GreetingMode::automatic);
  EXPECT_EQ(interfaces[1].max_peers, 7U);
  EXPECT_FALSE(interfaces[1].is_present());
  EXPECT_FALSE(interfaces[0].is_exclusive);
  EXPECT_TRUE(interfaces[1].is_exclusive);
  EXPECT_EQ(networks_from(settings), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(interface_names_from(settings), (std::vector<std::string>{"wg0", "wg1"}));
  EXPECT_EQ(backend_from(settings.interfaces[0].backend), kernel::Backend::automatic);
  EXPECT_EQ(backend_from(settings.interfaces[1].backend), kernel::Backend::userspace);
  EXPECT_EQ(
      route_orders_from(settings),
      (std::vector<std::optional<Routing::Order>>{
          std::nullopt, Routing::Order{.table = 1000, .within = settings::not_global_prefixes()}}));
  EXPECT_EQ(lookup_limits(settings, gateway).batch_size, 9U);
  EXPECT_EQ(key_gate_limits(settings).in_flight, 11U);
  EXPECT_EQ(source_gate_limits(settings).per_address.burst, 4U);
  EXPECT_EQ(negative_cache_limits(settings).ttl, 5s);
  const flow::Limits flow = flow_limits(settings, gateway);
  EXPECT_FALSE(flow.demands_cookies);
  EXPECT_EQ(flow.greetings.deadline, 20s);
  EXPECT_EQ(flow.idle_timeout, 4min);
  EXPECT_EQ(flow.gateway, "gw1");
  EXPECT_EQ(flow.run, "r");
  EXPECT_EQ(greet_limits(settings).per_prefix.burst, settings.greet.per_prefix.burst);
}

TEST(Limits, ADryRunKeepsNoRoutesAndIsUnknownToTheDatabase) {
  settings::Settings settings;
  settings.interfaces = {{.name = "wg0", .network = "a", .routes = true, .dry_run = true},
                         {.name = "wg1", .network = "b", .routes = true}};
  const lookup::Gateway gateway{.name = "gw1", .run = "r"};
  EXPECT_TRUE(interfaces_from(settings)[0].is_dry_run);
  EXPECT_FALSE(interfaces_from(settings)[1].is_dry_run);
  EXPECT_FALSE(route_orders_from(settings)[0]);
  EXPECT_TRUE(route_orders_from(settings)[1]);
  EXPECT_EQ(lookup_limits(settings, gateway).gateway.run, "r") << "one interface is served";
  settings.interfaces[1].dry_run = true;
  EXPECT_EQ(lookup_limits(settings, gateway).gateway.run, "");
}

} // namespace
} // namespace provisiond::daemon
