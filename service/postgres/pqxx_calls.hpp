#pragma once

#include <pqxx/pqxx>

#include <cstdint>

namespace provisiond::postgres {

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

// COPY: the rows that `next` gives, until it gives none. Returns how many these were.
template <class Columns, class Next>
std::int64_t copy_rows(pqxx::transaction_base& transaction, const char* table,
                       const Columns& columns, const Next& next) {
#if PQXX_VERSION_MAJOR >= 7
  pqxx::stream_to stream = pqxx::stream_to::raw_table(
      transaction, table, pqxx::separated_list(",", columns.begin(), columns.end()));
#else
  pqxx::stream_to stream{transaction, table, columns};
#endif
  std::int64_t count = 0;
  for (auto row = next(); row; row = next(), ++count) {
#if PQXX_VERSION_MAJOR >= 7
    stream.write_row(*row);
#else
    stream << *row;
#endif
  }
  stream.complete();
  return count;
}

} // namespace provisiond::postgres
