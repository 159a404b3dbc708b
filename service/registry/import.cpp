#include "postgres/pqxx_calls.hpp"
#include "postgres/transaction.hpp"
#include "registry/key_words.hpp"
#include "registry/registry.hpp"
#include "registry/rows.hpp"
#include "registry/sql.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

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

// An import keeps its pools and its network until it commits, and who wants an address there waits:
// so many rows take half a second.
constexpr std::int64_t rows_of_a_piece = 2'000;

// Each piece in a transaction of its own; what they refuse is counted from the first row of all.
Result<ImportReport> import_in_pieces(const SecretString& dsn, const NextRow& next_row) {
  ImportReport all;
  std::optional<ImportRow> next = next_row();
  std::int64_t before = 0;
  do {
    std::int64_t taken = 0;
    const NextRow rows_of_this = [&]() -> std::optional<ImportRow> {
      if (!next || taken == rows_of_a_piece) return std::nullopt;
      ++taken;
      return std::exchange(next, next_row());
    };
    Result<ImportReport> piece = in_transaction_once(
        dsn, "import the manifest",
        [&](pqxx::work& work) -> Result<ImportReport> { return import_rows(work, rows_of_this); });
    if (!piece && before == 0) return piece;
    if (!piece)
      return fail(Error{fmt::format("{}; the first {} rows have been imported, the rest has not",
                                    piece.error().message(), before),
                        piece.error().code()});
    all.added += piece->added;
    for (RefusedRow& refused : piece->refused) {
      refused.row += before;
      all.refused.push_back(std::move(refused));
    }
    before += taken;
  } while (next);
  return all;
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
  if (!all_or_nothing) return import_in_pieces(dsn, next_row);
  ImportReport report;
  const Status done =
      in_transaction_once(dsn, "import the manifest", [&](pqxx::work& work) -> Status {
        report = import_rows(work, next_row);
        if (!report.refused.empty())
          return fail(Error{"rows are refused", ECANCELED}); // rolls back
        return {};
      });
  if (!done && done.error().code() != ECANCELED) return fail(done.error());
  if (!done) report.added = 0;
  return report;
}

Status export_peers(const SecretString& dsn, const std::optional<std::string>& network,
                    const std::function<void(const std::vector<std::string>&)>& take) {
  return in_transaction_once(dsn, "export the peers", [&](pqxx::work& work) -> Status {
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
