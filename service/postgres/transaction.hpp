#pragma once

#include "base/result.hpp"
#include "base/secret_text.hpp"
#include "postgres/database_error.hpp"
#include "postgres/raw_connection.hpp"
#include "postgres/session_sql.hpp"

#include <pqxx/pqxx>

#include <cerrno>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

namespace provisiond::postgres {

// For the administrator's tool: blocks, and libpq's patience is limited. The code of an error is
// that of `connect` or of `database_error`.
Result<std::unique_ptr<RawConnection>> open_connection(const SecretString& dsn);

// Connects and calls `work` in one transaction, which is committed when the result is a value and
// rolled back when it is an error. `work` may throw what pqxx throws. What fails because of others
// (a deadlock, a serialization failure) fails.
template <class Work>
std::invoke_result_t<Work, pqxx::work&> in_transaction_once(const SecretString& dsn,
                                                            std::string_view operation, Work work) {
  const Result<std::unique_ptr<RawConnection>> connection = open_connection(dsn);
  if (!connection) return fail(connection.error());
  try {
    pqxx::work transaction{**connection};
    transaction.exec(sql::begin_transaction);
    std::invoke_result_t<Work, pqxx::work&> result = work(transaction);
    if (!result) return fail(result.error().while_doing(operation));
    transaction.commit();
    return result;
  } catch (const std::exception& cause) {
    return fail(database_error(cause).while_doing(operation));
  }
}

// The same, and what fails because of others is done again, four times at most: `work` is called
// anew, and does nothing outside of the transaction.
template <class Work>
std::invoke_result_t<Work, pqxx::work&> in_transaction(const SecretString& dsn,
                                                       std::string_view operation, Work work) {
  constexpr int repetitions = 4;
  std::invoke_result_t<Work, pqxx::work&> result = in_transaction_once(dsn, operation, work);
  for (int i = 0; i < repetitions && !result && result.error().code() == EAGAIN; ++i)
    result = in_transaction_once(dsn, operation, work);
  return result;
}

} // namespace provisiond::postgres
