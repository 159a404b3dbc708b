#include "lookup/key_queries.hpp"

#include "lookup/sql.hpp"
#include "postgres/array_literal.hpp"
#include "postgres/pqxx_calls.hpp"

#include <utility>

namespace provisiond::lookup {

Result<std::vector<std::optional<PublicKey>>> known_keys(postgres::Connection& connection,
                                                         const std::string& network,
                                                         const std::optional<PublicKey>& after,
                                                         std::size_t most) {
  using Keys = std::vector<std::optional<PublicKey>>;
  return connection.ask("read the known keys", [&](pqxx::nontransaction& query) -> Result<Keys> {
    const std::string last = after ? after->to_string() : "";
    const pqxx::result rows = postgres::exec_params(query, sql::known_keys, network,
                                                    after ? last.c_str() : nullptr, most);
    Keys keys;
    keys.reserve(static_cast<std::size_t>(rows.size()));
    for (const pqxx::row& row : rows) {
      std::optional<PublicKey>& key = keys.emplace_back();
      if (row[0].is_null()) continue;
      if (!postgres::read_hex(row[0].c_str(), key.emplace().bytes))
        return fail(Error{"read the known keys: one that is no key"});
    }
    return keys;
  });
}

} // namespace provisiond::lookup
