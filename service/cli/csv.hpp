#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace provisiond::cli {

struct CsvRecord {
  std::int64_t line = 0; // of the text, from 1, where it begins
  std::vector<std::string> fields;
};

// Reads CSV as RFC 4180 has it: commas, quotes that are doubled within quotes, line feeds with or
// without carriage returns. Empty lines are passed over.
class CsvReader {
 public:
  // `text` must outlive the reader.
  explicit CsvReader(std::string_view text);

  // Nothing at the end. An error has the code EINVAL and quotes nothing of the text.
  Result<std::optional<CsvRecord>> next();

 private:
  Result<std::string> read_field();
  Result<std::string> read_quoted_field();
  bool take(std::string_view prefix);
  bool take_line_end();
  Error malformed(std::string_view what) const;

  std::string_view rest_;
  std::int64_t line_ = 1;
};

// One line with its end; fields are quoted where they must be.
std::string csv_line(const std::vector<std::string>& fields);

} // namespace provisiond::cli
