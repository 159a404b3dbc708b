#include "registry/database_check.hpp"

#include "postgres/pqxx_calls.hpp"
#include "postgres/transaction.hpp"
#include "registry/check_sql.hpp"

#include <cerrno>

namespace provisiond::registry {

using postgres::exec_params;
using postgres::in_transaction;

Result<std::vector<Finding>> check_database(const SecretString& dsn) {
  return in_transaction(
      dsn, "check the database", [](pqxx::work& work) -> Result<std::vector<Finding>> {
        if (!work.exec(sql::has_schema)[0][0].as<bool>())
          return fail(
              Error{"it has no wg_provision schema: run wg-provisionctl db migrate", ENOENT});
        std::vector<Finding> findings;
        for (const sql::Check& check : sql::checks) {
          if (check.reads != nullptr &&
              !exec_params(work, sql::may_check, check.reads)[0][0].as<bool>())
            continue;
          for (const pqxx::row& row : work.exec(check.query))
            findings.push_back({.check = check.name,
                                .text = row[0].as<std::string>(),
                                .remedy = row[1].as<std::string>()});
        }
        return findings;
      });
}

} // namespace provisiond::registry
