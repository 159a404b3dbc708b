#include "postgres/pqxx_calls.hpp"
#include "postgres/transaction.hpp"
#include "registry/registry.hpp"
#include "registry/rows.hpp"
#include "registry/sql.hpp"

#include <fmt/format.h>

#include <cerrno>

namespace provisiond::registry {
namespace {

GatewayRow gateway_from(const pqxx::row& row) {
  return GatewayRow{.name = row["gateway"].as<std::string>(),
                    .interface = text_or_none(row["interface"]),
                    .network = text_or_none(row["network"]),
                    .is_alive = row["is_alive"].as<bool>(),
                    .last_seen = row["last_seen"].as<std::string>(),
                    .same_name = row["same_name"].as<std::int64_t>(),
                    .logins = text_or_none(row["logins"])};
}

} // namespace

Status allow_gateway(const SecretString& dsn, const std::string& login, const std::string& gateway,
                     const std::vector<std::string>& networks) {
  return in_transaction(dsn, "allow the gateway", [&](pqxx::work& work) -> Status {
    if (networks.empty()) exec_params(work, sql::allow_gateway, login, gateway, nullptr);
    for (const std::string& network : networks) {
      Status known = expect_network(work, network);
      if (!known) return known;
      exec_params(work, sql::allow_gateway, login, gateway, network.c_str());
    }
    return {};
  });
}

Status forbid_gateway(const SecretString& dsn, const std::string& login,
                      const std::string& gateway) {
  return in_transaction(dsn, "forbid the gateway", [&](pqxx::work& work) -> Status {
    if (exec_params(work, sql::forbid_gateway, login, gateway)[0][0].as<bool>()) return {};
    return fail(Error{fmt::format("\"{}\" was not allowed to be \"{}\"", login, gateway), ENOENT});
  });
}

Result<std::vector<GatewayRow>> list_gateways(const SecretString& dsn) {
  return in_transaction(dsn, "list the gateways",
                        [&](pqxx::work& work) -> Result<std::vector<GatewayRow>> {
                          std::vector<GatewayRow> gateways;
                          for (const pqxx::row& row : work.exec(sql::list_gateways))
                            gateways.push_back(gateway_from(row));
                          return gateways;
                        });
}

} // namespace provisiond::registry
