#include "postgres/pqxx_calls.hpp"
#include "postgres/transaction.hpp"
#include "registry/registry.hpp"
#include "registry/rows.hpp"
#include "registry/sql.hpp"

namespace provisiond::registry {
namespace {

PoolRow pool_from(const pqxx::row& row) {
  return PoolRow{.id = row["id"].as<std::int64_t>(),
                 .network = row["network"].as<std::string>(),
                 .prefix = row["prefix"].as<std::string>(),
                 .method = row["method"].as<std::string>(),
                 .first_address = text_or_none(row["first_address"]),
                 .last_address = text_or_none(row["last_address"]),
                 .hold_time = row["hold_time"].as<std::string>(),
                 .held = row["held"].as<std::int64_t>()};
}

} // namespace

Status add_pool(const SecretString& dsn, const NewPool& pool) {
  return in_transaction(dsn, "add the pool", [&](pqxx::work& work) -> Status {
    Status known = expect_network(work, pool.network);
    if (known)
      exec_params(work, sql::add_pool, pool.network, pool.prefix,
                  pool.is_derived ? "derived" : "sequential", or_null(pool.first_address),
                  or_null(pool.last_address), or_null(pool.hold_time));
    return known;
  });
}

Result<std::vector<PoolRow>> list_pools(const SecretString& dsn,
                                        const std::optional<std::string>& network) {
  return in_transaction(
      dsn, "list the pools", [&](pqxx::work& work) -> Result<std::vector<PoolRow>> {
        const Status known = expect_network(work, network);
        if (!known) return fail(known.error());
        std::vector<PoolRow> pools;
        for (const pqxx::row& row : exec_params(work, sql::list_pools, or_null(network)))
          pools.push_back(pool_from(row));
        return pools;
      });
}

} // namespace provisiond::registry
