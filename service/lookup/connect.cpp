#include "lookup/connect.hpp"

#include "postgres/connection_string.hpp"

#include <pqxx/pqxx>

#include <exception>
#include <optional>

namespace provisiond::lookup {

Result<std::unique_ptr<pqxx::connection>> connect(const SecretString& dsn) {
  const Result<postgres::ConnectionString> string = postgres::ConnectionString::parse(dsn);
  if (!string) return fail(string.error().while_doing("connect to the database"));
  try {
    const std::optional<SecretString> spread = string->with_every_address();
    return std::make_unique<pqxx::connection>((spread ? *spread : dsn).c_str());
  } catch (const std::exception& cause) {
    return fail(string->connect_error(cause.what()));
  }
}

} // namespace provisiond::lookup
