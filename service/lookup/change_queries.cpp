#include "lookup/change_queries.hpp"

#include "lookup/sql.hpp"
#include "postgres/array_literal.hpp"
#include "postgres/pqxx_calls.hpp"

#include <utility>

namespace provisiond::lookup {
namespace {

// nullopt where the row gives the position only, or a key that is none.
std::optional<ChangeSet::Item> changed_item(const pqxx::row& row) {
  if (row[1].is_null()) return std::nullopt;
  ChangeSet::Item item{.network = row[1].as<std::string>(), .key = std::nullopt};
  if (row[3].as<bool>()) return item;
  item.key.emplace();
  if (row[2].is_null() || !postgres::read_hex(row[2].c_str(), item.key->bytes)) return std::nullopt;
  return item;
}

} // namespace

Result<std::optional<std::string>> listen(postgres::Connection& connection) {
  return connection.listen(sql::listen);
}

Result<ChangeSet> changes_after(postgres::Connection& connection, const std::string& position) {
  return connection.ask("read changes", [&](pqxx::nontransaction& query) -> Result<ChangeSet> {
    ChangeSet changes;
    const char* const after = position.empty() ? nullptr : position.c_str();
    for (const pqxx::row& row : postgres::exec_params(query, sql::changes_after, after)) {
      changes.position = row[0].as<std::string>();
      changes.server = row[4].as<std::string>();
      connection.note_standby(row[5].as<bool>());
      changes.identity = row[6].as<std::string>("");
      if (std::optional<ChangeSet::Item> item = changed_item(row))
        changes.items.push_back(std::move(*item));
    }
    if (changes.position.empty()) return fail(Error{"read changes: no position in the answer"});
    return changes;
  });
}

} // namespace provisiond::lookup
