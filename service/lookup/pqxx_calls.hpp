#pragma once

#include <pqxx/pqxx>

namespace provisiond::lookup {

// Queries with parameters, in the words of the libpqxx at hand: 7.10 deprecates the calls that
// every version before it has.

template <class... Parameters>
pqxx::result exec_params(pqxx::transaction_base& transaction, const char* statement,
                         const Parameters&... parameters) {
#if PQXX_VERSION_MAJOR > 7 || (PQXX_VERSION_MAJOR == 7 && PQXX_VERSION_MINOR >= 10)
  return transaction.exec(statement, pqxx::params{parameters...});
#else
  return transaction.exec_params(statement, parameters...);
#endif
}

template <class... Parameters>
pqxx::result exec_prepared(pqxx::transaction_base& transaction, const char* name,
                           const Parameters&... parameters) {
#if PQXX_VERSION_MAJOR > 7 || (PQXX_VERSION_MAJOR == 7 && PQXX_VERSION_MINOR >= 10)
  return transaction.exec(pqxx::prepped{name}, pqxx::params{parameters...});
#else
  return transaction.exec_prepared(name, parameters...);
#endif
}

} // namespace provisiond::lookup
