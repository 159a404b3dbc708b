#include "daemon/limits.hpp"

#include <algorithm>
#include <string>

namespace provisiond::daemon {

namespace {

greet::GreetingMode greeting_from(settings::Greeting greeting) {
  switch (greeting) {
  case settings::Greeting::reverse:
    return greet::GreetingMode::reverse;
  case settings::Greeting::resubmit:
    return greet::GreetingMode::resubmit;
  case settings::Greeting::automatic:
    return greet::GreetingMode::automatic;
  }
  return greet::GreetingMode::reverse;
}

} // namespace

kernel::Backend backend_from(settings::Backend backend) {
  switch (backend) {
  case settings::Backend::automatic:
    return kernel::Backend::automatic;
  case settings::Backend::netlink:
    return kernel::Backend::netlink;
  case settings::Backend::userspace:
    return kernel::Backend::userspace;
  }
  return kernel::Backend::automatic;
}

std::vector<flow::Interface> interfaces_from(const settings::Settings& settings) {
  std::vector<flow::Interface> interfaces;
  for (const settings::Interface& configured : settings.interfaces) {
    flow::Interface& interface = interfaces.emplace_back();
    interface.id.value = static_cast<std::uint16_t>(interfaces.size() - 1);
    interface.name = configured.name;
    interface.network = configured.network;
    interface.greeting = greeting_from(configured.greeting);
    interface.max_peers = configured.max_peers;
    interface.cross_check = configured.cross_check;
    interface.is_exclusive = configured.exclusive;
    interface.is_dry_run = configured.dry_run;
  }
  return interfaces;
}

std::vector<std::optional<Routing::Order>> route_orders_from(const settings::Settings& settings) {
  std::vector<std::optional<Routing::Order>> orders;
  for (const settings::Interface& interface : settings.interfaces) {
    std::optional<Routing::Order>& order = orders.emplace_back();
    if (interface.routes && !interface.dry_run)
      order = {.table = interface.route_table.number, .within = interface.route_within};
  }
  return orders;
}

std::vector<std::string> networks_from(const settings::Settings& settings) {
  std::vector<std::string> networks;
  for (const settings::Interface& interface : settings.interfaces)
    networks.push_back(interface.network);
  return networks;
}

std::vector<std::string> interface_names_from(const settings::Settings& settings) {
  std::vector<std::string> names;
  for (const settings::Interface& interface : settings.interfaces)
    names.push_back(interface.name);
  return names;
}

admit::SourceGate::Limits source_gate_limits(const settings::Settings& settings) {
  const settings::Admission& admission = settings.admission;
  return {.per_address = admission.per_address,
          .per_prefix = admission.per_prefix,
          .total = admission.total,
          .shared_prefixes = admission.shared_prefixes,
          .translated_prefixes = admission.translated_prefixes,
          .entries = admission.source_entries};
}

admit::NegativeCache::Limits negative_cache_limits(const settings::Settings& settings) {
  return {.ttl = settings.admission.refused_key_ttl,
          .entries = settings.admission.refused_key_entries};
}

admit::KeyGate::Limits key_gate_limits(const settings::Settings& settings) {
  return {.per_key = settings.admission.per_key,
          .lookups = settings.admission.lookups,
          .key_entries = settings.admission.key_entries,
          .in_flight = settings.database.queue_length};
}

admit::SecondChance::Limits second_chance_limits(const settings::Settings& settings) {
  return {.per_prefix = settings.admission.second_chances_per_prefix,
          .total = settings.admission.second_chances,
          .translated_prefixes = settings.admission.translated_prefixes};
}

admit::ClaimGate::Limits claim_gate_limits(const settings::Settings& settings) {
  return {.per_claim = settings.admission.per_claim,
          .claims = settings.admission.claims,
          .entries = settings.admission.key_entries,
          .translated_prefixes = settings.admission.translated_prefixes};
}

greet::Budget::Limits greet_limits(const settings::Settings& settings) {
  return {.per_prefix = settings.greet.per_prefix,
          .total = settings.greet.total,
          .translated_prefixes = settings.admission.translated_prefixes};
}

lookup::Limits lookup_limits(const settings::Settings& settings, const lookup::Gateway& gateway) {
  const settings::Database& database = settings.database;
  const bool is_dry_run = std::ranges::all_of(
      settings.interfaces, [](const settings::Interface& interface) { return interface.dry_run; });
  lookup::Gateway told = gateway;
  if (is_dry_run) told.run.clear(); // the database does not hear of it
  return {.dsn = database.dsn,
          .sessions = database.sessions,
          .batch_size = database.batch_size,
          .connect_timeout = database.connect_timeout,
          .query_deadline = database.query_deadline,
          .reconnect_minimum = database.reconnect_minimum,
          .reconnect_maximum = database.reconnect_maximum,
          .poll_interval = database.poll_interval,
          .gateway = told};
}

DatabaseWatch::Limits database_watch_limits(const settings::Settings& settings) {
  return {.max_stale = settings.database.max_stale,
          .removes_peers = settings.database.when_stale == settings::StalePolicy::remove,
          .max_missing = settings.database.max_missing};
}

flow::Limits flow_limits(const settings::Settings& settings, const lookup::Gateway& gateway) {
  return {.demands_cookies = settings.admission.cookies == settings::CookieMode::under_load,
          .load_threshold = settings.admission.cookie_threshold,
          .greetings = {.deadline = settings.greet.deadline, .patience = settings.greet.patience},
          .idle_timeout = settings.evict.idle_timeout,
          .max_missing = settings.database.max_missing,
          .gateway = gateway.name,
          .run = gateway.run,
          .attack = {.refused = settings.attack.refused,
                     .share = settings.attack.share,
                     .enter_after = settings.attack.enter_after,
                     .calm = settings.attack.calm,
                     .leave_after = settings.attack.leave_after}};
}

} // namespace provisiond::daemon
