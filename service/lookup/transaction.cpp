#include "lookup/transaction.hpp"

#include "lookup/begin_session.hpp"
#include "lookup/connect.hpp"
#include "postgres/connection_string.hpp"

#include <chrono>

namespace provisiond::lookup {

Result<std::unique_ptr<pqxx::connection>> open_connection(const SecretString& dsn) {
  using std::chrono::seconds;
  const Result<postgres::ConnectionString> string = postgres::ConnectionString::parse(dsn);
  if (!string) return fail(string.error().while_doing("connect to the database"));
  const Result<SecretString> complete =
      string->complete({.connect_timeout = seconds{5}, .tcp_user_timeout = seconds{30}});
  if (!complete) return fail(complete.error().while_doing("connect to the database"));
  Result<std::unique_ptr<pqxx::connection>> connection = connect(*complete);
  if (!connection) return connection;
  try {
    begin_session(**connection, std::chrono::milliseconds::zero());
  } catch (const std::exception& cause) {
    return fail(database_error(cause).while_doing("set the database session up"));
  }
  return connection;
}

} // namespace provisiond::lookup
