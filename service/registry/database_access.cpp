#include "registry/database_access.hpp"

#include "postgres/transaction.hpp"
#include "registry/sql.hpp"

#include <fmt/format.h>

#include <cerrno>

namespace provisiond::registry {
namespace {

using postgres::in_transaction;

void exec_made(pqxx::work& work, const char* maker) {
  work.exec(work.exec(maker)[0][0].as<std::string>());
}

} // namespace

Result<AccessChange> close_database(const SecretString& dsn) {
  return in_transaction(dsn, "close the database", [](pqxx::work& work) -> Result<AccessChange> {
    const bool was_open = !work.exec(sql::rights_of_public)[0][0].is_null();
    // Of a right that a login cannot take or give the server only warns.
    exec_made(work, sql::open_to_roles);
    exec_made(work, sql::close_database);
    const pqxx::result left = work.exec(sql::rights_of_public);
    if (!left[0][0].is_null())
      return fail(Error{fmt::format("PUBLIC keeps {}: log in as {} or as a superuser",
                                    left[0][0].as<std::string>(), left[0][1].as<std::string>()),
                        EPERM});
    return was_open ? AccessChange::closed : AccessChange::none;
  });
}

} // namespace provisiond::registry
