#include "settings/checks.hpp"

#include "base/translated_sources.hpp"
#include "settings/dsn.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>

namespace provisiond::settings {
namespace {

bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// As the kernel has it (dev_valid_name), without the '%' that it would fill in, and only ASCII.
bool is_interface_name(std::string_view name) {
  if (name == "." || name == "..") return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '/' && c != ':' && c != '%';
  });
}

// As the constraint networks_name_shape has it.
bool is_network_name(std::string_view name) {
  return is_lower_or_digit(name.front()) && is_lower_or_digit(name.back()) &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return is_lower_or_digit(c) || c == '_' || c == '.' || c == '-';
         });
}

void require(const Cursor& at, std::string_view key, std::string_view remedy) {
  if (at.node().find(key) == nullptr) at.problem_at(key, fmt::format("is missing; {}", remedy));
}

void check_cookie_threshold(const Cursor& at, const Settings& settings) {
  if (settings.admission.cookies == CookieMode::never ||
      settings.admission.cookie_threshold < settings.authenticate.queue_length)
    return;
  const std::string what = "is not less than authenticate.queue-length, so that cookies would "
                           "never be asked for; lower it, or set admission.cookies: never";
  if (const Node* admission = at.node().find("admission"))
    at.child(*admission).problem_at("cookie-threshold", what);
  else
    at.problem_at("admission.cookie-threshold", what);
}

} // namespace

void check_gateway(const Cursor& at, const std::string& name) {
  const auto is_letter_or_digit = [](char c) {
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
  };
  const bool fits =
      name.empty() ||
      (is_letter_or_digit(name.front()) && std::all_of(name.begin(), name.end(), [&](char c) {
         return is_letter_or_digit(c) || c == '_' || c == '.' || c == '-';
       }));
  if (!fits)
    at.problem("cannot be a gateway's name; use letters, digits and, after the first one, '_', '.' "
               "and '-'");
}

void check_interface(const Cursor& at, const Interface& interface) {
  if (at.node().kind != Node::Kind::map && at.node().kind != Node::Kind::null) return;
  require(at, "name", "add the interface's name, as in \"ip link\"");
  require(at, "network", "add the network's name, as in wg_provision.networks");
  if (!interface.name.empty() && !is_interface_name(interface.name))
    at.problem_at("name", "cannot be an interface's name; leave out spaces, '/', ':' and '%'");
  if (!interface.network.empty() && !is_network_name(interface.network))
    at.problem_at("network", "cannot be a network's name; use a to z, 0 to 9 and, inside, '_', '.' "
                             "and '-'");
}

void check_names_differ(const Cursor& at) {
  std::map<std::string, int> line_of;
  for (std::size_t i = 0; i < at.node().children.size(); ++i) {
    const Node* name = at.node().children[i].find("name");
    if (name == nullptr || name->kind != Node::Kind::scalar) continue;
    const std::pair<std::map<std::string, int>::iterator, bool> first =
        line_of.emplace(name->text, name->at.line);
    if (!first.second)
      at.item(i).problem_at("name", fmt::format("is the same interface as in line {}; remove one",
                                                first.first->second));
  }
}

void check_database(const Cursor& at, const Database& database) {
  if (at.node().kind != Node::Kind::map && at.node().kind != Node::Kind::null) return;
  check_dsn(at);
  if (database.reconnect_minimum > database.reconnect_maximum)
    at.problem_at("reconnect-minimum", "is more than database.reconnect-maximum; swap them");
  const bool has_limit = database.max_stale > std::chrono::milliseconds::zero();
  if (has_limit && database.max_stale < 2 * database.poll_interval)
    at.problem_at("max-stale", "is less than twice database.poll-interval, after which an idle "
                               "gateway asks; make it longer");
  if (!database.identity_file.empty() && !database.identity_file.starts_with('/'))
    at.problem_at("identity-file", "is not an absolute path; begin it with '/'");
  if (!has_limit && database.when_stale == StalePolicy::remove)
    at.problem_at("when-stale", "has no database.max-stale to wait for; add it, such as 1h");
}

void check_events(const Cursor& at, const Events& events) {
  if (!std::has_single_bit(events.probe_buffer_kib))
    at.problem_at("probe-buffer-kib",
                  fmt::format("is not a power of two, which the kernel wants; write {}",
                              std::bit_ceil(events.probe_buffer_kib)));
}

void check_admission(const Cursor& at, const Admission& admission) {
  for (const IpPrefix& prefix : admission.translated_prefixes)
    if (!TranslatedSources::is_possible(prefix))
      at.problem_at("translated-prefixes",
                    fmt::format("has {}, in which no IPv4 address can be embedded; write IPv6 "
                                "prefixes of 32, 40, 48, 56, 64 or 96 bits",
                                prefix.to_string()));
}

void check_attack(const Cursor& at, const Attack& attack) {
  if (attack.calm > attack.refused)
    at.problem_at("calm",
                  "is more than attack.refused, so that the attack mode would be left while "
                  "what it was entered for goes on; make it less");
}

void check_greet(const Cursor& at, const Greet& greet) {
  if (greet.patience >= greet.deadline)
    at.problem_at("patience", "is not less than greet.deadline; the reverse handshake "
                              "would have no time left: shorten it");
}

void check_evict(const Cursor& at, const Evict& evict) {
  constexpr std::chrono::seconds session_lifetime{180};
  if (evict.idle_timeout != evict.idle_timeout.zero() && evict.idle_timeout < session_lifetime)
    at.problem_at("idle-timeout", "is shorter than a session, which lives for 3m after its "
                                  "handshake: use 3m or more, or 0s for never");
}

void check_control(const Cursor& at, const Control& control) {
  if (!control.socket.starts_with('/'))
    at.problem_at("socket", "is not an absolute path; begin it with '/'");
}

void check_sections(const Cursor& at, const Settings& settings) {
  require(at, "interfaces", "add at least one, beginning with \"- name: wg0\"");
  require(at, "database", "add it with a key \"dsn\"");
  check_cookie_threshold(at, settings);
}

} // namespace provisiond::settings
