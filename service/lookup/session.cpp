#include "lookup/session.hpp"

#include "lookup/array_literal.hpp"
#include "lookup/dsn.hpp"
#include "lookup/pqxx_calls.hpp"
#include "lookup/sql.hpp"

#include <fmt/format.h>
#include <pqxx/pqxx>

#include <cerrno>
#include <charconv>
#include <exception>
#include <utility>

namespace provisiond::lookup {
namespace {

constexpr const char* find_statement = "find_peers";

std::optional<std::string_view> text_of(const pqxx::row& row, sql::FindPeersColumn column) {
  const pqxx::field field = row[static_cast<int>(column)];
  if (field.is_null()) return std::nullopt;
  return std::string_view{field.c_str(), field.size()};
}

Row row_of(const pqxx::row& row) {
  using Column = sql::FindPeersColumn;
  return {.verdict = text_of(row, Column::verdict),
          .public_key = text_of(row, Column::public_key),
          .peer_id = text_of(row, Column::peer_id),
          .preshared_key = text_of(row, Column::preshared_key),
          .keepalive_seconds = text_of(row, Column::keepalive_seconds),
          .allowed_ips = text_of(row, Column::allowed_ips),
          .expires_at_us = text_of(row, Column::expires_at_us)};
}

// The request that a row answers, from 0; nullopt when there is none.
std::optional<std::size_t> position_of(const pqxx::row& row, std::size_t count) {
  const std::string_view text = text_of(row, sql::FindPeersColumn::ordinal).value_or("");
  std::size_t ordinal = 0;
  const std::from_chars_result read =
      std::from_chars(text.data(), text.data() + text.size(), ordinal);
  if (read.ec != std::errc{} || ordinal == 0 || ordinal > count) return std::nullopt;
  return ordinal - 1;
}

std::optional<std::string> compare_schema(int found) {
  if (found < sql::needed_schema_version)
    return fmt::format("the database has schema version {}, this build needs {}: run "
                       "wg-provisionctl db migrate",
                       found, sql::needed_schema_version);
  if (found > sql::needed_schema_version)
    return fmt::format("the database has schema version {}, this build knows only {}: install a "
                       "newer wg-provisiond",
                       found, sql::needed_schema_version);
  return std::nullopt;
}

// libpqxx 6.4 gives no SQLSTATE with the errors that it has classes for.
std::optional<std::string> explain_schema_error(const pqxx::sql_error& error) {
  constexpr std::string_view no_such_schema = "3F000";
  if (error.sqlstate() == no_such_schema ||
      dynamic_cast<const pqxx::undefined_function*>(&error) != nullptr)
    return "the database has no wg_provision schema: run wg-provisionctl db migrate";
  if (dynamic_cast<const pqxx::insufficient_privilege*>(&error) != nullptr)
    return "the database role may not look up peers: GRANT wg_provision_daemon TO it";
  return std::nullopt;
}

} // namespace

Result<std::unique_ptr<Session>> Session::open(const std::string& dsn, QueryWatch& watch) {
  std::unique_ptr<pqxx::connection> connection;
  try {
    connection = std::make_unique<pqxx::connection>(dsn);
  } catch (const std::exception& cause) {
    return fail(connect_error(cause.what()));
  }
  std::unique_ptr<Session> session{new Session{std::move(connection), watch}};
  const Status set_up = session->set_up();
  if (!set_up) return fail(set_up.error().while_doing("set the database session up"));
  return session;
}

Session::Session(std::unique_ptr<pqxx::connection> connection, QueryWatch& watch)
    : connection_{std::move(connection)}, watch_{watch} {}

Session::~Session() {
  watch_.detach();
}

Status Session::set_up() {
  Status watched = watch_.attach(connection_->sock());
  if (!watched) return watched;
  const QueryInFlight in_flight{watch_};
  try {
    pqxx::nontransaction query{*connection_};
    exec_params(query, sql::default_statement_timeout, std::to_string(watch_.limit().count()));
  } catch (const std::exception& cause) {
    return fail(explain(cause));
  }
  return {};
}

Result<std::optional<std::string>> Session::schema_problem() {
  const QueryInFlight in_flight{watch_};
  try {
    pqxx::nontransaction query{*connection_};
    return compare_schema(query.exec(sql::schema_version)[0][0].as<int>(0));
  } catch (const pqxx::sql_error& cause) {
    if (std::optional<std::string> problem = explain_schema_error(cause)) return problem;
    return fail(explain(cause).while_doing("read the schema version"));
  } catch (const std::exception& cause) {
    return fail(explain(cause).while_doing("read the schema version"));
  }
}

Status Session::prepare() {
  const QueryInFlight in_flight{watch_};
  try {
    connection_->prepare(find_statement, sql::find_peers);
    pqxx::nontransaction query{*connection_};
    exec_prepared(query, find_statement, network_array({}, {}), key_array({}));
  } catch (const std::exception& cause) {
    return fail(explain(cause).while_doing("prepare the look-up"));
  }
  return {};
}

Result<std::vector<Verdict>> Session::find(std::span<const LookupRequest> requests,
                                           std::span<const std::string> networks) {
  const QueryInFlight in_flight{watch_};
  try {
    pqxx::nontransaction query{*connection_};
    const pqxx::result rows = exec_prepared(query, find_statement,
                                            network_array(requests, networks), key_array(requests));
    std::vector<std::optional<Verdict>> read(requests.size());
    std::size_t answered = 0;
    for (const pqxx::row& row : rows) {
      const std::optional<std::size_t> position = position_of(row, read.size());
      if (!position || read[*position]) break;
      read[*position] = read_row(row_of(row), requests[*position].key);
      ++answered;
    }
    if (answered != read.size() || static_cast<std::size_t>(rows.size()) != read.size())
      return fail(Error{fmt::format("look up peers: {} keys got {} rows, {} of them of use",
                                    requests.size(), rows.size(), answered)});
    std::vector<Verdict> verdicts;
    verdicts.reserve(read.size());
    for (std::optional<Verdict>& verdict : read)
      verdicts.push_back(std::move(*verdict));
    return verdicts;
  } catch (const std::exception& cause) {
    return fail(explain(cause).while_doing("look up peers"));
  }
}

std::string Session::where() const {
  const char* const host = connection_->hostname();
  const char* const port = connection_->port();
  return fmt::format("{} at {}:{}", connection_->dbname(), host == nullptr ? "" : host,
                     port == nullptr ? "" : port);
}

Error Session::explain(const std::exception& cause) const {
  if (watch_.has_expired())
    return Error{fmt::format("no answer within {} ms", watch_.limit().count()), ETIMEDOUT};
  if (dynamic_cast<const pqxx::broken_connection*>(&cause) != nullptr)
    return Error{"the server closed the connection", ENOTCONN};
  return Error{one_line(cause.what())};
}

} // namespace provisiond::lookup
