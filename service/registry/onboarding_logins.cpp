#include "registry/onboarding_logins.hpp"

#include "postgres/pqxx_calls.hpp"
#include "postgres/transaction.hpp"
#include "registry/rows.hpp"
#include "registry/sql.hpp"

#include <fmt/format.h>

#include <cerrno>

namespace provisiond::registry {
namespace {

// Calls `query` with the login and each of the networks.
Status for_each_network(pqxx::work& work, const char* query, const std::string& login,
                        const std::vector<std::string>& networks) {
  for (const std::string& network : networks) {
    Status known = expect_network(work, network);
    if (!known) return known;
    exec_params(work, query, login, network);
  }
  return {};
}

} // namespace

Status allow_onboarding(const SecretString& dsn, const std::string& login,
                        const std::vector<std::string>& networks) {
  return in_transaction(dsn, "allow the onboarding", [&](pqxx::work& work) -> Status {
    return for_each_network(work, sql::allow_onboarding, login, networks);
  });
}

Status forbid_onboarding(const SecretString& dsn, const std::string& login,
                         const std::vector<std::string>& networks) {
  return in_transaction(dsn, "forbid the onboarding", [&](pqxx::work& work) -> Status {
    if (networks.empty()) exec_params(work, sql::forbid_onboarding, login, nullptr);
    return for_each_network(work, sql::forbid_onboarding, login, networks);
  });
}

Status trust_onboarding(const SecretString& dsn, const std::string& login) {
  return in_transaction(dsn, "trust the login", [&](pqxx::work& work) -> Status {
    if (exec_params(work, sql::trust_onboarding, login)[0][0].as<bool>()) return {};
    return fail(Error{fmt::format("\"{}\" was bound to no network", login), ENOENT});
  });
}

Result<std::vector<OnboardingRow>> list_onboarding(const SecretString& dsn) {
  return in_transaction(dsn, "list who onboards",
                        [](pqxx::work& work) -> Result<std::vector<OnboardingRow>> {
                          std::vector<OnboardingRow> rows;
                          for (const pqxx::row& row : work.exec(sql::list_onboarding))
                            rows.push_back({.login = row["login"].as<std::string>(),
                                            .network = text_or_none(row["network"]),
                                            .is_gone = row["is_gone"].as<bool>()});
                          return rows;
                        });
}

} // namespace provisiond::registry
