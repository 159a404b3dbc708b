#include "lookup/connect.hpp"

#include "postgres/connection_string.hpp"

#include <pqxx/pqxx>

#include <exception>
#include <optional>
#include <string>
#include <utility>

namespace provisiond::lookup {

namespace {

using postgres::ConnectionString;

Result<std::unique_ptr<pqxx::connection>> connect_once(const ConnectionString& string,
                                                       const SecretString& dsn) {
  try {
    return std::make_unique<pqxx::connection>(dsn.c_str());
  } catch (const std::exception& cause) {
    return fail(string.connect_error(cause.what()));
  }
}

// libpq's words for a server that is not what target_session_attrs wants; it translates nothing,
// because nobody sets a locale.
bool is_not_wanted(const Error& error) {
  return error.message().find("hot standby") != std::string::npos ||
         error.message().find("read-only") != std::string::npos;
}

} // namespace

Result<std::unique_ptr<pqxx::connection>> connect(const SecretString& dsn) {
  const Result<ConnectionString> string = ConnectionString::parse(dsn);
  if (!string) return fail(string.error().while_doing("connect to the database"));
  Result<std::unique_ptr<pqxx::connection>> connection = connect_once(*string, dsn);
  if (connection || !is_not_wanted(connection.error())) return connection;
  const std::optional<SecretString> spread = string->with_every_address();
  return spread ? connect_once(*string, *spread) : std::move(connection);
}

} // namespace provisiond::lookup
