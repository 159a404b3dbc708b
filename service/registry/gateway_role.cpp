#include "registry/gateway_role.hpp"

#include "postgres/pqxx_calls.hpp"
#include "postgres/transaction.hpp"
#include "registry/sql.hpp"

#include <fmt/format.h>

#include <cerrno>

namespace provisiond::registry {
namespace {

using postgres::exec_params;
using postgres::in_transaction;

constexpr std::size_t longest_name = 63; // PostgreSQL cuts the rest off

void exec_made(pqxx::work& work, const char* maker, const std::string& name) {
  work.exec(exec_params(work, maker, name)[0][0].as<std::string>());
}

} // namespace

Result<RoleChange> ensure_gateway_role(const SecretString& dsn, const std::string& name) {
  if (name.empty() || name.size() > longest_name)
    return fail(Error{"the name of a role has 1 to 63 bytes", EINVAL});
  return in_transaction(
      dsn, fmt::format("make the role \"{}\"", name), [&](pqxx::work& work) -> Result<RoleChange> {
        const pqxx::result found = exec_params(work, sql::find_gateway_role, name);
        if (found.empty()) {
          exec_made(work, sql::make_gateway_role, name);
          return RoleChange::made;
        }
        if (!found[0][0].as<bool>())
          return fail(Error{"it is there and cannot log in: ALTER ROLE ... LOGIN, or give another "
                            "name",
                            EPERM});
        if (found[0][1].as<bool>()) return RoleChange::none;
        exec_made(work, sql::grant_gateway_role, name);
        return RoleChange::granted;
      });
}

} // namespace provisiond::registry
