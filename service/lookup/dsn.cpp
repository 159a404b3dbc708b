#include "lookup/dsn.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <regex>

namespace provisiond::lookup {
namespace {

bool is_uri(std::string_view dsn) {
  return dsn.starts_with("postgresql://") || dsn.starts_with("postgres://");
}

} // namespace

std::string with_defaults(std::string_view dsn, const DsnDefaults& defaults) {
  const std::chrono::seconds connect =
      std::chrono::ceil<std::chrono::seconds>(defaults.connect_timeout);
  const char separator = is_uri(dsn) ? '&' : ' ';
  const std::string target = defaults.target == Target::writable
                                 ? fmt::format("target_session_attrs=read-write{}", separator)
                                 : "";
  const std::string ours =
      target +
      fmt::format("connect_timeout={1}{0}tcp_user_timeout={2}{0}keepalives=1{0}keepalives_idle=10"
                  "{0}keepalives_interval=5{0}keepalives_count=3{0}"
                  "fallback_application_name=wg-provisiond",
                  separator, connect.count(), defaults.tcp_user_timeout.count());
  if (!is_uri(dsn)) return fmt::format("{} {}", ours, dsn);
  const std::size_t query = dsn.find('?');
  if (query == std::string_view::npos) return fmt::format("{}?{}", dsn, ours);
  const std::string_view theirs = dsn.substr(query + 1);
  return fmt::format("{}?{}{}{}", dsn.substr(0, query), ours, theirs.empty() ? "" : "&", theirs);
}

bool leaves_choice(std::string_view dsn) {
  static const std::regex own_choice{"(^|[\\s?&])target_session_attrs\\s*="};
  static const std::regex host_list{"(^|\\s)host(addr)?\\s*=\\s*('[^']*,|[^\\s',]*,)"};
  static const std::regex uri_list{
      "^postgres(ql)?://([^/?@]*@)?[^/?@]*,[^/?@]*([/?]|$)|[?&]host(addr)?=[^&]*(,|%2C)",
      std::regex::icase};
  if (std::regex_search(dsn.begin(), dsn.end(), own_choice)) return false;
  return std::regex_search(dsn.begin(), dsn.end(), is_uri(dsn) ? uri_list : host_list);
}

bool holds_password(std::string_view dsn) {
  static const std::regex parameter{"(^|[\\s?&])(ssl)?password\\s*=", std::regex::icase};
  static const std::regex user_part{"^postgres(ql)?://[^/?@]*:[^/?]*@"};
  return std::regex_search(dsn.begin(), dsn.end(), parameter) ||
         std::regex_search(dsn.begin(), dsn.end(), user_part);
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

Error connect_error(std::string_view message) {
  constexpr std::array<std::string_view, 4> about_the_string{
      "connection info string", "connection option", " URI", "percent-encoded"};
  const bool quotes_dsn =
      std::any_of(about_the_string.begin(), about_the_string.end(), [&](std::string_view words) {
        return message.find(words) != std::string_view::npos;
      });
  const Error error =
      quotes_dsn
          ? Error{"the connection string is malformed (not shown, it may hold a password)", EINVAL}
          : Error{one_line(message), ENOTCONN};
  return error.while_doing("connect to the database");
}

} // namespace provisiond::lookup
