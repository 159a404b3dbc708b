#include "postgres/pqxx_calls.hpp"
#include "postgres/transaction.hpp"
#include "registry/key_words.hpp"
#include "registry/registry.hpp"
#include "registry/rows.hpp"
#include "registry/sql.hpp"

#include <cerrno>

namespace provisiond::registry {
namespace {

RefusedRow refused_from(const pqxx::row& row) {
  return RefusedRow{.row = row["line"].as<std::int64_t>(),
                    .reason = without_keys(row["reason"].as<std::string>()),
                    .network = text_or_none(row["network"]),
                    .public_key = text_or_none(row["public_key"]),
                    .name = text_or_none(row["name"])};
}

ImportReport import_rows(pqxx::work& work, const NextRow& next_row) {
  work.exec(sql::prepare_import);
  const std::int64_t sent = postgres::copy_rows(work, sql::import_table, import_columns, next_row);
  ImportReport report;
  for (const pqxx::row& row : work.exec(sql::import_report))
    report.refused.push_back(refused_from(row));
  report.added = sent - static_cast<std::int64_t>(report.refused.size());
  return report;
}

std::vector<std::string> names_of(const pqxx::result& rows) {
  std::vector<std::string> names;
  for (pqxx::row::size_type i = 0; i < rows.columns(); ++i)
    names.emplace_back(rows.column_name(i));
  return names;
}

} // namespace

Result<ImportReport> import_peers(const SecretString& dsn, const NextRow& next_row,
                                  bool all_or_nothing) {
  ImportReport report;
  const Status done = in_transaction(dsn, "import the manifest", [&](pqxx::work& work) -> Status {
    report = import_rows(work, next_row);
    if (all_or_nothing && !report.refused.empty())
      return fail(Error{"rows are refused", ECANCELED}); // rolls back
    return {};
  });
  if (!done && done.error().code() != ECANCELED) return fail(done.error());
  if (!done) report.added = 0;
  return report;
}

Status export_peers(const SecretString& dsn, const std::optional<std::string>& network,
                    const std::function<void(const std::vector<std::string>&)>& take) {
  return in_transaction(dsn, "export the peers", [&](pqxx::work& work) -> Status {
    const Status known = expect_network(work, network);
    if (!known) return fail(known.error());
    const pqxx::result rows = exec_params(work, sql::export_peers, or_null(network));
    take(names_of(rows));
    for (const pqxx::row& row : rows) {
      std::vector<std::string> fields;
      for (const pqxx::field& field : row)
        fields.emplace_back(field.is_null() ? "" : field.c_str());
      take(fields);
    }
    return {};
  });
}

} // namespace provisiond::registry
