#include "lookup/schema_queries.hpp"

#include "lookup/sql.hpp"
#include "postgres/array_literal.hpp"
#include "postgres/pqxx_calls.hpp"

#include <fmt/format.h>

#include <memory>
#include <string_view>
#include <vector>

namespace provisiond::lookup {
namespace {

// `oldest` is the version from which on a program may use the schema.
std::optional<std::string> compare_schema(int found, int oldest) {
  if (found < sql::needed_schema_version)
    return fmt::format("the database has schema version {}, this build needs {}: run "
                       "wg-provisionctl db migrate",
                       found, sql::needed_schema_version);
  if (oldest > sql::needed_schema_version)
    return fmt::format("the database has schema version {}, this build knows only {}: install a "
                       "newer wg-provisiond",
                       found, sql::needed_schema_version);
  return std::nullopt;
}

// libpqxx 6.4 gives no SQLSTATE with the errors that it has classes for.
std::optional<std::string> explain_schema_error(const pqxx::sql_error& error) {
  constexpr std::string_view no_such_schema = "3F000";
  if (error.sqlstate() == no_such_schema ||
      dynamic_cast<const pqxx::undefined_function*>(&error) != nullptr)
    return "the database has no wg_provision schema: run wg-provisionctl db migrate";
  if (dynamic_cast<const pqxx::insufficient_privilege*>(&error) != nullptr)
    return "the database role may not look up peers: GRANT wg_provision_daemon TO it";
  return std::nullopt;
}

} // namespace

Result<Schema> read_schema(postgres::Connection& connection) {
  return connection.ask(
      "read the schema version", [](pqxx::nontransaction& query) -> Result<Schema> {
        Schema schema;
        try {
          const int found = query.exec(sql::schema_version)[0][0].as<int>(0);
          const bool is_newer = found > sql::needed_schema_version;
          const int oldest =
              is_newer ? query.exec(sql::compatible_from)[0][0].as<int>(found) : found;
          schema.problem = compare_schema(found, oldest);
          if (!schema.problem)
            schema.identity = query.exec(sql::database_identity)[0][0].as<std::string>("");
        } catch (const pqxx::sql_error& cause) {
          schema.problem = explain_schema_error(cause);
          if (!schema.problem) throw;
        }
        return schema;
      });
}

Result<bool> find_networks(postgres::Connection& connection, Networks& networks) {
  const std::shared_ptr<const std::vector<std::string>> asked = networks.references();
  return connection.ask("find the networks", [&](pqxx::nontransaction& query) -> Result<bool> {
    std::vector<std::optional<FoundNetwork>> found(asked->size());
    for (const pqxx::row& row :
         postgres::exec_params(query, sql::find_networks, postgres::text_array(*asked))) {
      const std::size_t ordinal = row[0].as<std::size_t>();
      if (ordinal == 0 || ordinal > found.size()) continue; // no network of ours
      found[ordinal - 1] =
          FoundNetwork{.reference = row[1].as<std::string>(), .name = row[2].as<std::string>()};
    }
    return networks.note(found);
  });
}

} // namespace provisiond::lookup
