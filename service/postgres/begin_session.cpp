#include "postgres/begin_session.hpp"

#include "postgres/session_sql.hpp"

#include <fmt/format.h>
#include <pqxx/pqxx>

namespace provisiond::postgres {

SessionStart begin_session(RawConnection& connection, std::chrono::milliseconds limit) {
  pqxx::nontransaction query{connection};
  const pqxx::result begun = query.exec(sql::begin_session);
  const SessionStart start{.is_standby = begun[0][0].as<bool>(),
                           .is_pooled = begun[0][1].as<int>() != connection.backendpid()};
  if (start.is_pooled) return start;
  query.exec(fmt::format("SET statement_timeout = {}; {}", limit.count(), sql::own_settings));
  return start;
}

} // namespace provisiond::postgres
