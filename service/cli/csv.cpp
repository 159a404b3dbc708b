#include "cli/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

namespace provisiond::cli {
namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

std::string quoted(const std::string& field) {
  std::string text = "\"";
  for (const char c : field) {
    if (c == '"') text += c;
    text += c;
  }
  return text + '"';
}

} // namespace

CsvReader::CsvReader(std::string_view text) : rest_{text} {
  take(byte_order_mark);
}

Result<std::optional<CsvRecord>> CsvReader::next() {
  while (take_line_end()) {
  }
  if (rest_.empty()) return std::optional<CsvRecord>{};
  CsvRecord record{.line = line_, .fields = {}};
  do {
    Result<std::string> field = read_field();
    if (!field) return fail(field.error());
    record.fields.push_back(std::move(*field));
  } while (take(","));
  if (!rest_.empty() && !take_line_end()) return fail(malformed("text follows a quoted field"));
  return std::optional<CsvRecord>{std::move(record)};
}

Result<std::string> CsvReader::read_field() {
  if (take("\"")) return read_quoted_field();
  const std::string_view field = rest_.substr(0, rest_.find_first_of(",\r\n\""));
  rest_.remove_prefix(field.size());
  if (rest_.starts_with('"')) return fail(malformed("a quote stands within a field"));
  return std::string{field};
}

Result<std::string> CsvReader::read_quoted_field() {
  const std::int64_t first_line = line_;
  std::string field;
  while (!rest_.empty()) {
    if (take("\"\"")) {
      field += '"';
    } else if (take("\"")) {
      return field;
    } else {
      field += rest_.front();
      if (rest_.front() == '\n') ++line_;
      rest_.remove_prefix(1);
    }
  }
  line_ = first_line;
  return fail(malformed("a quoted field has no end"));
}

bool CsvReader::take(std::string_view prefix) {
  if (!rest_.starts_with(prefix)) return false;
  rest_.remove_prefix(prefix.size());
  return true;
}

bool CsvReader::take_line_end() {
  if (!take("\r\n") && !take("\n") && !take("\r")) return false;
  ++line_;
  return true;
}

Error CsvReader::malformed(std::string_view what) const {
  return Error{fmt::format("line {}: {}", line_, what), EINVAL};
}

// A field that is empty and alone is quoted, because an empty line is no record.
std::string csv_line(const std::vector<std::string>& fields) {
  if (fields.size() == 1 && fields.front().empty()) return "\"\"\n";
  std::vector<std::string> words;
  for (const std::string& field : fields) {
    const bool is_plain = field.find_first_of(",\"\r\n") == std::string::npos;
    words.push_back(is_plain ? field : quoted(field));
  }
  return fmt::format("{}\n", fmt::join(words, ","));
}

} // namespace provisiond::cli
