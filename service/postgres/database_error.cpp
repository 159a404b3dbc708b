#include "postgres/database_error.hpp"

#include "postgres/connection_string.hpp"

#include <fmt/format.h>
#include <pqxx/pqxx>

#include <cerrno>

namespace provisiond::postgres {
namespace {

bool is_undefined(std::string_view sqlstate) {
  // Schema, function, table, column.
  return sqlstate == "3F000" || sqlstate == "42883" || sqlstate == "42P01" || sqlstate == "42703";
}

std::string_view without_severity(std::string_view line) {
  const std::size_t colon = line.find(':');
  const std::size_t blank = line.find(' ');
  if (colon == std::string_view::npos || blank < colon) return line;
  const std::size_t text = line.find_first_not_of(' ', colon + 1);
  return text == std::string_view::npos ? line : line.substr(text);
}

} // namespace

std::string server_message(std::string_view report) {
  constexpr std::string_view hint = "HINT:";
  const std::size_t end = report.find('\n');
  std::string message = one_line(without_severity(report.substr(0, end)));
  while (end != std::string_view::npos && !report.empty()) {
    const std::string_view line = report.substr(0, report.find('\n'));
    if (line.starts_with(hint))
      return fmt::format("{} ({})", message, one_line(line.substr(hint.size())));
    report.remove_prefix(line.size() < report.size() ? line.size() + 1 : line.size());
  }
  return message;
}

int code_of_sqlstate(std::string_view sqlstate) {
  if (sqlstate == "P0002") return ENOENT;
  if (sqlstate == "P0001" || sqlstate.starts_with("21") || sqlstate.starts_with("22") ||
      sqlstate.starts_with("23"))
    return EPERM;
  if (sqlstate.starts_with("40")) return EAGAIN;
  if (sqlstate.starts_with("08") || sqlstate.starts_with("57P")) return ENOTCONN;
  return 0;
}

bool is_passing(std::string_view sqlstate) {
  return sqlstate.starts_with("40") || sqlstate.starts_with("53") || sqlstate == "55P03" ||
         sqlstate == "57014";
}

Error database_error(const std::exception& cause) {
  if (dynamic_cast<const pqxx::broken_connection*>(&cause) != nullptr)
    return Error{one_line(cause.what()), ENOTCONN};
  const pqxx::sql_error* const refusal = dynamic_cast<const pqxx::sql_error*>(&cause);
  if (refusal == nullptr) return Error{one_line(cause.what())};
  std::string message = server_message(refusal->what());
  if (is_undefined(refusal->sqlstate()))
    message += "; is the schema the newest? See: wg-provisionctl db status";
  return Error{message, code_of_sqlstate(refusal->sqlstate())};
}

} // namespace provisiond::postgres
