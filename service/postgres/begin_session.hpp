#pragma once

#include "postgres/raw_connection.hpp"

#include <chrono>

namespace provisiond::postgres {

struct SessionStart {
  bool is_standby = false;
  bool is_pooled = false;
};

// The first words of every session, of the daemon and of the administrator's tool: names are looked
// for in pg_catalog, and what an administrator has set for the database or the role is made ours,
// statement_timeout included (0: none). Behind a pooler only the search_path is set, which then
// belongs to the client which gets the server's session next. Throws what pqxx throws. Two round
// trips.
SessionStart begin_session(RawConnection& connection, std::chrono::milliseconds limit);

} // namespace provisiond::postgres
