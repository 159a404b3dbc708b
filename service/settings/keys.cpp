#include "settings/keys.hpp"

#include "settings/checks.hpp"
#include "settings/dsn.hpp"
#include "settings/field.hpp"

#include <fmt/format.h>

#include <array>
#include <span>

namespace provisiond::settings {
namespace {

constexpr std::int64_t second = 1'000;
constexpr std::int64_t minute = 60 * second;
constexpr std::int64_t hour = 60 * minute;
constexpr Limits bursts{1, 1'000'000};
constexpr Limits queues{1, 1'048'576};
constexpr Limits tables{1'024, 16'777'216};
constexpr Limits dsn_bytes{1, 4'096};

constexpr std::array<Field<Interface>, 12> interface_fields{{
    field<&Interface::name>("name", {1, 15}),
    field<&Interface::network>("network", {1, 63}),
    field<&Interface::backend>("backend"),
    field<&Interface::greeting>("greeting"),
    field<&Interface::max_peers>("max-peers", {1, 1'048'576}),
    field<&Interface::event_source>("event-source"),
    field<&Interface::cross_check>("cross-check"),
    field<&Interface::exclusive>("exclusive"),
    field<&Interface::routes>("routes"),
    field<&Interface::route_table>("route-table", {1, 4'294'967'295}),
    field<&Interface::route_within>("route-within", {1, 1'024}),
    field<&Interface::dry_run>("dry-run"),
}};

constexpr std::array<Field<Database>, 15> database_fields{{
    Field<Database>{"dsn", dsn_bytes, read_dsn},
    Field<Database>{"dsn-file", dsn_bytes, read_dsn_file},
    Field<Database>{"dsn-credential", dsn_bytes, read_dsn_credential},
    field<&Database::sessions>("sessions", {1, 64}),
    field<&Database::batch_size>("batch-size", {1, 4'096}),
    field<&Database::queue_length>("queue-length", queues),
    field<&Database::connect_timeout>("connect-timeout", {second, 5 * minute}),
    field<&Database::query_deadline>("query-deadline", {10, 5 * minute}),
    field<&Database::reconnect_minimum>("reconnect-minimum", {10, 5 * minute}),
    field<&Database::reconnect_maximum>("reconnect-maximum", {10, hour}),
    field<&Database::poll_interval>("poll-interval", {100, 10 * minute}),
    field<&Database::max_stale>("max-stale", {0, 720 * hour}),
    field<&Database::when_stale>("when-stale"),
    field<&Database::max_missing>("max-missing", {0, 720 * hour}),
    field<&Database::identity_file>("identity-file", {2, 4'095}),
}};

constexpr std::array<Field<Events>, 3> events_fields{{
    field<&Events::probe_buffer_kib>("probe-buffer-kib", {4, 65'536}),
    field<&Events::probe_refused_keys>("probe-refused-keys", {1'024, 1'048'576}),
    field<&Events::netlink_buffer_kib>("netlink-buffer-kib", {4, 262'144}),
}};

constexpr std::array<Field<Admission>, 18> admission_fields{{
    field<&Admission::per_address>("per-address", bursts),
    field<&Admission::per_prefix>("per-prefix", bursts),
    field<&Admission::total>("total", bursts),
    field<&Admission::shared_prefixes>("shared-prefixes", {0, 1'024}),
    field<&Admission::translated_prefixes>("translated-prefixes", {0, 8}),
    field<&Admission::source_entries>("source-entries", tables),
    field<&Admission::refused_key_ttl>("refused-key-ttl", {0, 24 * hour}),
    field<&Admission::refused_key_entries>("refused-key-entries", tables),
    field<&Admission::per_key>("per-key", bursts),
    field<&Admission::per_claim>("per-claim", bursts),
    field<&Admission::claims>("claims", bursts),
    field<&Admission::key_entries>("key-entries", tables),
    field<&Admission::lookups>("lookups", bursts),
    field<&Admission::known_key_filter>("known-key-filter"),
    field<&Admission::second_chances>("second-chances", bursts),
    field<&Admission::second_chances_per_prefix>("second-chances-per-prefix", bursts),
    field<&Admission::cookies>("cookies"),
    field<&Admission::cookie_threshold>("cookie-threshold", queues),
}};

constexpr std::array<Field<Attack>, 5> attack_fields{{
    field<&Attack::refused>("refused", {1, 1'000'000}),
    field<&Attack::share>("share", {1, 100}),
    field<&Attack::enter_after>("enter-after", {second, hour}),
    field<&Attack::calm>("calm", {1, 1'000'000}),
    field<&Attack::leave_after>("leave-after", {second, 24 * hour}),
}};

constexpr std::array<Field<Authenticate>, 3> authenticate_fields{{
    field<&Authenticate::threads>("threads", {1, 64}),
    field<&Authenticate::shared_secrets>("shared-secrets", {0, 1'048'576}),
    field<&Authenticate::queue_length>("queue-length", queues),
}};

constexpr std::array<Field<Greet>, 4> greet_fields{{
    field<&Greet::deadline>("deadline", {second, 5 * minute}),
    field<&Greet::patience>("patience", {10, minute}),
    field<&Greet::per_prefix>("per-prefix", bursts),
    field<&Greet::total>("total", bursts),
}};

constexpr std::array<Field<Watch>, 2> watch_fields{{
    field<&Watch::interval>("interval", {100, hour}),
    field<&Watch::identity_interval>("identity-interval", {100, hour}),
}};

constexpr std::array<Field<Evict>, 1> evict_fields{{
    field<&Evict::idle_timeout>("idle-timeout", {0, 720 * hour}),
}};

constexpr std::array<Field<Metrics>, 2> metrics_fields{{
    field<&Metrics::enabled>("enabled"),
    field<&Metrics::listen>("listen"),
}};

constexpr std::array<Field<Control>, 3> control_fields{{
    field<&Control::enabled>("enabled"),
    field<&Control::socket>("socket", {2, 107}), // sun_path in sockaddr_un, less its end
    field<&Control::group>("group", {1, 32}),
}};

constexpr std::array<Field<Log>, 1> log_fields{{
    field<&Log::level>("level"),
}};

constexpr std::int64_t maximum_interfaces = 256;

void read_interfaces(const Cursor& at, const Limits& limits, Settings& into) {
  const Node& node = at.node();
  if (node.kind == Node::Kind::unusable) return;
  const std::int64_t count = static_cast<std::int64_t>(node.children.size());
  if (node.kind != Node::Kind::sequence || count < limits.minimum || count > limits.maximum) {
    at.problem(fmt::format("needs a list of {} to {} interfaces; begin each with \"- name: wg0\"",
                           limits.minimum, limits.maximum));
    return;
  }
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    const Cursor item = at.item(i);
    Interface& interface = into.interfaces.emplace_back();
    read_section<Interface>(item, interface_fields, interface);
    check_interface(item, interface);
  }
  check_names_differ(at);
}

void read_gateway(const Cursor& at, const Limits& limits, Settings& into) {
  read_value(at, limits, into.gateway);
  check_gateway(at, into.gateway);
}

void read_database(const Cursor& at, const Limits&, Settings& into) {
  read_section<Database>(at, database_fields, into.database);
  check_database(at, into.database);
}

void read_events(const Cursor& at, const Limits&, Settings& into) {
  read_section<Events>(at, events_fields, into.events);
  check_events(at, into.events);
}

void read_admission(const Cursor& at, const Limits&, Settings& into) {
  read_section<Admission>(at, admission_fields, into.admission);
  check_admission(at, into.admission);
}

void read_attack(const Cursor& at, const Limits&, Settings& into) {
  read_section<Attack>(at, attack_fields, into.attack);
  check_attack(at, into.attack);
}

void read_greet(const Cursor& at, const Limits&, Settings& into) {
  read_section<Greet>(at, greet_fields, into.greet);
  check_greet(at, into.greet);
}

void read_evict(const Cursor& at, const Limits&, Settings& into) {
  read_section<Evict>(at, evict_fields, into.evict);
  check_evict(at, into.evict);
}

void read_control(const Cursor& at, const Limits&, Settings& into) {
  read_section<Control>(at, control_fields, into.control);
  check_control(at, into.control);
}

// A section that needs no check of its own.
template <auto Member, const auto& fields>
void read_plain(const Cursor& at, const Limits&, Settings& into) {
  using Section = std::remove_reference_t<decltype(into.*Member)>;
  read_section<Section>(at, fields, into.*Member);
}

constexpr std::array<Field<Settings>, 13> section_fields{{
    {"interfaces", {1, maximum_interfaces}, read_interfaces},
    Field<Settings>{"gateway", {1, 63}, read_gateway},
    {"database", {}, read_database},
    {"events", {}, read_events},
    {"admission", {}, read_admission},
    {"attack", {}, read_attack},
    {"authenticate", {}, read_plain<&Settings::authenticate, authenticate_fields>},
    {"greet", {}, read_greet},
    {"watch", {}, read_plain<&Settings::watch, watch_fields>},
    {"evict", {}, read_evict},
    {"metrics", {}, read_plain<&Settings::metrics, metrics_fields>},
    {"control", {}, read_control},
    {"log", {}, read_plain<&Settings::log, log_fields>},
}};

template <class Section>
void add_paths(std::string_view section, std::span<const Field<Section>> fields,
               std::vector<std::string>& paths) {
  for (const Field<Section>& field : fields)
    paths.push_back(fmt::format("{}.{}", section, field.key));
}

} // namespace

std::vector<std::string> known_paths() {
  std::vector<std::string> paths;
  add_paths<Interface>("interfaces", interface_fields, paths);
  paths.emplace_back("gateway");
  add_paths<Database>("database", database_fields, paths);
  add_paths<Events>("events", events_fields, paths);
  add_paths<Admission>("admission", admission_fields, paths);
  add_paths<Attack>("attack", attack_fields, paths);
  add_paths<Authenticate>("authenticate", authenticate_fields, paths);
  add_paths<Greet>("greet", greet_fields, paths);
  add_paths<Watch>("watch", watch_fields, paths);
  add_paths<Evict>("evict", evict_fields, paths);
  add_paths<Metrics>("metrics", metrics_fields, paths);
  add_paths<Control>("control", control_fields, paths);
  add_paths<Log>("log", log_fields, paths);
  return paths;
}

void read_settings(const Cursor& at, Settings& into) {
  read_section<Settings>(at, section_fields, into);
  check_sections(at, into);
}

} // namespace provisiond::settings
