#include "postgres/transaction.hpp"

#include "postgres/begin_session.hpp"
#include "postgres/connect.hpp"
#include "postgres/connection_string.hpp"

#include <chrono>

namespace provisiond::postgres {

Result<std::unique_ptr<RawConnection>> open_connection(const SecretString& dsn) {
  using std::chrono::seconds;
  const Result<ConnectionString> string = ConnectionString::parse(dsn);
  if (!string) return fail(string.error().while_doing("connect to the database"));
  const Result<SecretString> complete = string->complete({.connect_timeout = seconds{5},
                                                          .tcp_user_timeout = seconds{30},
                                                          .application = "wg-provisionctl"});
  if (!complete) return fail(complete.error().while_doing("connect to the database"));
  QueryWatch watch{std::chrono::milliseconds::zero()}; // never cut
  Result<std::unique_ptr<RawConnection>> connection = connect(*complete, watch);
  if (!connection) return connection;
  try {
    begin_session(**connection, std::chrono::milliseconds::zero());
  } catch (const std::exception& cause) {
    return fail(database_error(cause).while_doing("set the database session up"));
  }
  return connection;
}

} // namespace provisiond::postgres
