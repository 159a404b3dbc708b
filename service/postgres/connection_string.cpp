#include "postgres/connection_string.hpp"

#include "postgres/every_address.hpp"
#include "postgres/hosts.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <utility>

namespace provisiond::postgres {
namespace {

using Values = std::map<std::string, SecretString>;

struct FreeOptions {
  void operator()(PQconninfoOption* options) const {
    for (PQconninfoOption* one = options; one->keyword != nullptr; ++one)
      if (one->val != nullptr) sodium_memzero(one->val, std::string_view{one->val}.size());
    PQconninfoFree(options);
  }
};
using OptionList = std::unique_ptr<PQconninfoOption, FreeOptions>;

Values values_of(const PQconninfoOption* options) {
  Values values;
  for (const PQconninfoOption* one = options; one->keyword != nullptr; ++one)
    if (one->val != nullptr) values.emplace(one->keyword, SecretString{one->val});
  return values;
}

std::string_view value_of(const Values& values, const std::string& word) {
  const Values::const_iterator found = values.find(word);
  return found == values.end() ? std::string_view{} : found->second.view();
}

// An @ behind the one that ends the user part; without a user part, any. Only behind the ? may one
// stand that has no meaning.
bool has_stray_at(std::string_view text) {
  constexpr std::size_t none = std::string_view::npos;
  const bool is_uri = text.starts_with("postgresql://") || text.starts_with("postgres://");
  if (!is_uri) return false;
  const std::string_view rest = text.substr(text.find("://") + 3);
  const std::size_t at = rest.find('@');
  if (at == none) return false;
  if (rest.find('/') < at) return true;
  const std::string_view behind = rest.substr(at + 1);
  return behind.substr(0, behind.find('?')).find('@') != none;
}

void append(SecretText& text, std::string_view word, std::string_view value) {
  if (!text.empty()) text += ' ';
  text += word;
  text += "='";
  for (const char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  text += '\'';
}

SecretText in_key_words(const Values& values) {
  SecretText text;
  for (const Values::value_type& one : values)
    append(text, one.first, one.second.view());
  return text;
}

// The value that libpq has when nobody says anything.
constexpr std::string_view default_sslmode = "prefer";
constexpr std::string_view best_sslmode = "verify-full";

Error malformed(std::string_view why) {
  return Error{fmt::format("the connection string {} (not shown, it may hold a password)", why),
               EINVAL};
}

bool knows(const char* word) {
  const OptionList known{PQconndefaults()};
  for (const PQconninfoOption* one = known.get(); one != nullptr && one->keyword != nullptr; ++one)
    if (std::string_view{one->keyword} == word) return true;
  return false;
}

// As libpq does it, so that many clients spread over the servers.
void shuffle(std::vector<Server>& servers) {
  for (std::size_t left = servers.size(); left > 1; --left)
    std::swap(servers[left - 1], servers[randombytes_uniform(static_cast<std::uint32_t>(left))]);
}

const char* word_for(Target target) {
  constexpr int knows_primary = 140'000;
  if (target == Target::any) return nullptr;
  return PQlibVersion() >= knows_primary ? "primary" : "read-write";
}

} // namespace

Result<ConnectionString> ConnectionString::parse(const SecretString& text) {
  if (has_stray_at(text.view()))
    return fail(malformed("has an @ that does not end its user part: write %40 for one in a "
                          "password or a name, %2F for a /"));
  char* complaint = nullptr;
  const OptionList options{PQconninfoParse(text.c_str(), &complaint)};
  PQfreemem(complaint);
  if (!options) return fail(malformed("is malformed"));
  return ConnectionString{values_of(options.get())};
}

bool ConnectionString::holds_password() const {
  return given_.contains("password") || given_.contains("sslpassword");
}

// libpq reads environment and service file only on its way to a connection. A value that it must
// refuse, and looks at after these, stops it before it has looked for a host.
Result<Values> ConnectionString::resolve() const {
  constexpr std::string_view stop = "ssl_max_protocol_version";
  Values values = given_;
  values.insert_or_assign(std::string{stop}, SecretString{"none: only look up"});
  const SecretText text = in_key_words(values);
  const std::unique_ptr<PGconn, decltype(&PQfinish)> stopped{PQconnectStart(text.c_str()),
                                                             &PQfinish};
  if (!stopped) return fail(Error::system("read the connection string", ENOMEM));
  const std::string_view message = PQerrorMessage(stopped.get());
  if (message.find(stop) == std::string_view::npos)
    return fail(
        malformed(given_.contains("service") && message.find("service") != std::string_view::npos
                      ? "names a service that the service file does not have"
                      : "has a value that libpq does not take"));
  const OptionList options{PQconninfo(stopped.get())};
  if (!options) return fail(Error::system("read the connection string", ENOMEM));
  Values resolved = values_of(options.get());
  resolved.erase(std::string{stop});
  return resolved;
}

bool ConnectionString::leaves_choice() const {
  const Result<Values> all = resolve();
  if (!all || given_.contains("target_session_attrs")) return false;
  const std::string_view target = value_of(*all, "target_session_attrs");
  return target.empty() || target == "any";
}

std::vector<std::string> ConnectionString::hosts() const {
  const Result<Values> all = resolve();
  if (!all) return {};
  return network_hosts(value_of(*all, "host"), value_of(*all, "hostaddr"));
}

std::optional<std::string> ConnectionString::weakness() const {
  const Result<Values> all = resolve();
  if (!all || !leads_away(value_of(*all, "host"), value_of(*all, "hostaddr"))) return std::nullopt;
  const std::string_view mode = value_of(*all, "sslmode");
  const bool is_ours = mode == default_sslmode && !given_.contains("sslmode");
  if (is_ours || mode == best_sslmode) return std::nullopt;
  return fmt::format("with sslmode={} whoever stands between here and the database can be the "
                     "database, and may be given the password: write sslmode=verify-full",
                     mode);
}

Result<SecretString> ConnectionString::complete(const Defaults& defaults) const {
  const Result<Values> all = resolve();
  if (!all) return fail(all.error());
  Values words = given_;
  const auto leave = [&](const char* word, std::string_view value) {
    if (value_of(*all, word).empty()) words.insert_or_assign(word, SecretString{value});
  };
  const std::chrono::seconds connect =
      std::chrono::ceil<std::chrono::seconds>(defaults.connect_timeout);
  leave("connect_timeout", std::to_string(connect.count()));
  leave("tcp_user_timeout", std::to_string(defaults.tcp_user_timeout.count()));
  leave("keepalives", "1");
  leave("keepalives_idle", "10");
  leave("keepalives_interval", "5");
  leave("keepalives_count", "3");
  leave("fallback_application_name", defaults.application);
  if (const char* const target = word_for(defaults.target))
    words.insert_or_assign("target_session_attrs", SecretString{target});

  const bool knows_authentication = knows("require_auth"); // came with sslrootcert=system
  if (knows_authentication) leave("require_auth", "!password");
  const bool is_chosen = given_.contains("sslmode") || value_of(*all, "sslmode") != default_sslmode;
  if (!is_chosen && leads_away(value_of(*all, "host"), value_of(*all, "hostaddr"))) {
    words.insert_or_assign("sslmode", SecretString{best_sslmode});
    if (knows_authentication) leave("sslrootcert", "system");
  }
  const SecretText text = in_key_words(words);
  return SecretString{std::string_view{text}};
}

std::vector<SecretString> ConnectionString::each_server() const {
  constexpr const char* target = "target_session_attrs";
  const Result<Values> all = resolve();
  Values words = given_;
  if (!all) return {SecretString{std::string_view{in_key_words(words)}}};
  const HostLists lists{.hosts = std::string{value_of(*all, "host")},
                        .addresses = std::string{value_of(*all, "hostaddr")},
                        .ports = std::string{value_of(*all, "port")}};
  std::vector<Server> servers = servers_of(every_address(lists, resolve_name).value_or(lists));
  if (servers.size() < 2) return {SecretString{std::string_view{in_key_words(words)}}};
  if (value_of(*all, "load_balance_hosts") == "random") shuffle(servers);
  std::vector<std::string> targets{std::string{value_of(*all, target)}};
  if (targets.front() == "prefer-standby") targets = {"standby", "any"};
  std::vector<SecretString> strings;
  for (const std::string& wanted : targets) {
    for (const Server& server : servers) {
      words.insert_or_assign("host", SecretString{server.host});
      words.insert_or_assign("hostaddr", SecretString{server.address});
      words.insert_or_assign("port", SecretString{server.port});
      if (!wanted.empty()) words.insert_or_assign(target, SecretString{wanted});
      strings.emplace_back(std::string_view{in_key_words(words)});
    }
  }
  return strings;
}

std::optional<std::chrono::seconds> ConnectionString::connect_timeout() const {
  constexpr int shortest = 2;
  const Result<Values> all = resolve();
  if (!all) return std::nullopt;
  const std::string_view text = value_of(*all, "connect_timeout");
  int seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (seconds <= 0) return std::nullopt;
  return std::chrono::seconds{std::max(seconds, shortest)};
}

Error ConnectionString::connect_error(std::string_view message) const {
  constexpr std::array<const char*, 2> secret_words{"password", "sslpassword"};
  std::string shown = one_line(message);
  for (const char* const word : secret_words) {
    const std::string_view secret = value_of(given_, word);
    if (secret.empty() || message.find(secret) == std::string_view::npos) continue;
    shown = "refused (why is not shown, because the password is in it)";
  }
  if (shown.find("root certificate file") != std::string::npos)
    shown = shown.substr(0, shown.find(" Either")) +
            "; name the file with the certificate of the server's authority by sslrootcert= in the "
            "connection string";
  return Error{shown, ENOTCONN}.while_doing("connect to the database");
}

std::string one_line(std::string_view message) {
  std::string line;
  for (const char c : message) {
    const bool is_blank = c == '\n' || c == '\r' || c == '\t' || c == ' ';
    if (!is_blank)
      line += c;
    else if (!line.empty() && line.back() != ' ')
      line += ' ';
  }
  while (!line.empty() && line.back() == ' ')
    line.pop_back();
  return line;
}

} // namespace provisiond::postgres
