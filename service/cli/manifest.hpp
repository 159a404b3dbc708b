#pragma once

#include "base/result.hpp"
#include "cli/csv.hpp"
#include "cli/secret_text.hpp"
#include "registry/registry.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace provisiond::cli {

// A CSV file whose header names columns of the table wg_provision.import. It is checked as a whole
// before anything is done with it. Errors have the code EINVAL and quote nothing of the file, which
// may hold preshared keys.
class Manifest {
 public:
  static Result<Manifest> parse(SecretText text);
  // "-" is standard input.
  static Result<Manifest> read(const std::string& name);

  // Where the rows begin in the file, in their order.
  [[nodiscard]] const std::vector<std::int64_t>& lines() const { return lines_; }
  // Gives one row after the other; the manifest must outlive it.
  [[nodiscard]] registry::NextRow rows() const;

 private:
  explicit Manifest(SecretText text) : text_{std::move(text)} {}
  Status read_header(CsvReader& reader);

  SecretText text_;
  std::vector<std::size_t> columns_; // positions in registry::import_columns
  std::vector<std::int64_t> lines_;
};

} // namespace provisiond::cli
