#include "lookup/transaction.hpp"

#include "lookup/begin_session.hpp"
#include "lookup/dsn.hpp"

#include <chrono>

namespace provisiond::lookup {

Result<std::unique_ptr<pqxx::connection>> open_connection(const std::string& dsn) {
  using std::chrono::seconds;
  const std::string complete =
      with_defaults(dsn, {.connect_timeout = seconds{5}, .tcp_user_timeout = seconds{30}});
  std::unique_ptr<pqxx::connection> connection;
  try {
    connection = std::make_unique<pqxx::connection>(complete);
  } catch (const std::exception& cause) {
    return fail(connect_error(cause.what()));
  }
  try {
    begin_session(*connection, std::chrono::milliseconds::zero());
  } catch (const std::exception& cause) {
    return fail(database_error(cause).while_doing("set the database session up"));
  }
  return connection;
}

} // namespace provisiond::lookup
