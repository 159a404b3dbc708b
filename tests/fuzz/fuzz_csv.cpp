// Any text as CSV, and as the manifest of an import: records, written anew, are read as they were;
// a manifest has a row for each of its lines; errors quote nothing of the text.

#include "cli/csv.hpp"
#include "cli/manifest.hpp"
#include "fuzz/input.hpp"
#include "fuzz/targets.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <vector>

namespace provisiond::fuzz::fuzz_csv {

using provisiond::SecretText;
using provisiond::cli::CsvReader;
using provisiond::cli::CsvRecord;
using provisiond::cli::Manifest;

namespace {

using Records = std::vector<CsvRecord>;

// What is wrong, without the numbers that tell where.
void require_quotes_nothing(const Error& error) {
  require(error.code() == EINVAL && error.message().size() < 240);
  require(std::all_of(error.message().begin(), error.message().end(),
                      [](char c) { return c >= 0x20 && c < 0x7f; }));
}

std::optional<Records> read(std::string_view text) {
  CsvReader reader{text};
  Records records;
  while (true) {
    Result<std::optional<CsvRecord>> record = reader.next();
    if (!record) {
      require_quotes_nothing(record.error());
      return std::nullopt;
    }
    if (!*record) return records;
    records.push_back(std::move(**record));
  }
}

void check_records(const Records& records, std::string_view text) {
  std::string written = "a\n"; // so that no field begins the text, where a byte order mark would be
  std::int64_t line = 0;
  for (const CsvRecord& record : records) {
    require(record.line > line && !record.fields.empty());
    line = record.line;
    written += cli::csv_line(record.fields);
  }
  require(line <= 1 + std::count_if(text.begin(), text.end(),
                                    [](char c) { return c == '\n' || c == '\r'; }));
  const std::optional<Records> again = read(written);
  require(again.has_value() && again->size() == records.size() + 1);
  for (std::size_t i = 0; i < records.size(); ++i)
    require((*again)[i + 1].fields == records[i].fields);
}

void check_manifest(std::string_view text, const std::optional<Records>& records) {
  const Result<Manifest> manifest = Manifest::parse(SecretText{text});
  if (!manifest) return require_quotes_nothing(manifest.error());
  require(records.has_value() && !records->empty());
  require(manifest->lines().size() == records->size() - 1);
  const registry::NextRow next = manifest->rows();
  for (std::size_t i = 1; i < records->size(); ++i) {
    const std::optional<registry::ImportRow> row = next();
    require(row.has_value() && manifest->lines()[i - 1] == (*records)[i].line);
    for (std::size_t column = 0; column < (*records)[i].fields.size(); ++column) {
      const std::string& name = records->front().fields[column];
      const std::size_t place = static_cast<std::size_t>(
          std::find(registry::import_columns.begin(), registry::import_columns.end(), name) -
          registry::import_columns.begin());
      require((*row).at(place) == (*records)[i].fields[column]);
    }
  }
  require(!next().has_value());
}

} // namespace

void run(Bytes bytes) {
  const std::string_view text = text_of(bytes);
  const std::optional<Records> records = read(text);
  if (records) check_records(*records, text);
  check_manifest(text, records);
}

} // namespace provisiond::fuzz::fuzz_csv
