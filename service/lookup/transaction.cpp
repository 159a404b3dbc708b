#include "lookup/transaction.hpp"

#include "lookup/dsn.hpp"

#include <chrono>

namespace provisiond::lookup {

Result<std::unique_ptr<pqxx::connection>> open_connection(const std::string& dsn) {
  using std::chrono::seconds;
  const std::string complete =
      with_defaults(dsn, {.connect_timeout = seconds{5}, .tcp_user_timeout = seconds{30}});
  try {
    std::unique_ptr<pqxx::connection> connection = std::make_unique<pqxx::connection>(complete);
    connection->set_client_encoding("UTF8");
    return connection;
  } catch (const std::exception& cause) {
    return fail(connect_error(cause.what()));
  }
}

} // namespace provisiond::lookup
