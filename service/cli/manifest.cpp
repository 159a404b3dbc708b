#include "cli/manifest.hpp"

#include "base/unique_fd.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

namespace provisiond::cli {
namespace {

using registry::import_columns;

tl::unexpected<Error> refuse_file(std::string message) {
  return fail(Error{std::move(message), EINVAL});
}

// Names nothing that stands in the header but what is known: it may be no header.
Result<std::vector<std::size_t>> positions_of(const std::vector<std::string>& names) {
  std::vector<std::size_t> positions;
  for (const std::string& name : names) {
    const auto* const known = std::find(import_columns.begin(), import_columns.end(), name);
    if (known == import_columns.end())
      return refuse_file(fmt::format("column {} of the header is none of {}", positions.size() + 1,
                                     fmt::join(import_columns, ", ")));
    const std::size_t position = static_cast<std::size_t>(known - import_columns.begin());
    if (std::find(positions.begin(), positions.end(), position) != positions.end())
      return refuse_file(fmt::format("the header has {} twice", name));
    positions.push_back(position);
  }
  for (const char* needed : {"network", "public_key"}) {
    if (std::find(names.begin(), names.end(), needed) == names.end())
      return refuse_file(fmt::format("the header has no {}", needed));
  }
  return positions;
}

Status read_all(int fd, SecretText& text) {
  constexpr std::size_t step = 65'536;
  ssize_t got = 1;
  while (got > 0) {
    const std::size_t length = text.size();
    if (text.capacity() < length + step) text.reserve(2 * (length + step));
    text.resize(length + step);
    got = ::read(fd, text.data() + length, step);
    text.resize(length + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && errno == EINTR) got = 1;
  }
  if (got == 0) return {};
  return refuse_file(Error::system("read", errno).message());
}

Result<SecretText> read_text(const std::string& name) {
  SecretText text;
  UniqueFd file;
  if (name != "-") {
    file.reset(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return refuse_file(Error::system("open", errno).message());
  }
  const Status done = read_all(file ? file.get() : STDIN_FILENO, text);
  if (!done) return fail(done.error());
  return text;
}

} // namespace

Result<Manifest> Manifest::parse(SecretText text) {
  Manifest manifest{std::move(text)};
  CsvReader reader{manifest.text_};
  const Status header = manifest.read_header(reader);
  if (!header) return fail(header.error());
  Result<std::optional<CsvRecord>> row = reader.next();
  for (; row && *row; row = reader.next()) {
    const std::size_t fields = (*row)->fields.size();
    if (fields != manifest.columns_.size())
      return refuse_file(fmt::format("line {}: {} fields, the header has {}", (*row)->line, fields,
                                     manifest.columns_.size()));
    manifest.lines_.push_back((*row)->line);
  }
  if (!row) return fail(row.error());
  return manifest;
}

Result<Manifest> Manifest::read(const std::string& name) {
  const std::string operation =
      "read the manifest " + (name == "-" ? std::string{"on standard input"} : name);
  Result<SecretText> text = read_text(name);
  if (!text) return fail(text.error().while_doing(operation));
  Result<Manifest> manifest = parse(std::move(*text));
  if (!manifest) return fail(manifest.error().while_doing(operation));
  return manifest;
}

registry::NextRow Manifest::rows() const {
  CsvReader reader{text_};
  static_cast<void>(reader.next()); // the header
  return [this, reader]() mutable -> std::optional<registry::ImportRow> {
    Result<std::optional<CsvRecord>> record = reader.next();
    if (!record || !*record) return std::nullopt; // `parse` has seen that none is malformed
    registry::ImportRow row;
    for (std::size_t i = 0; i < columns_.size(); ++i)
      row.at(columns_[i]) = std::move((*record)->fields[i]);
    return row;
  };
}

Status Manifest::read_header(CsvReader& reader) {
  const Result<std::optional<CsvRecord>> header = reader.next();
  if (!header) return fail(header.error());
  if (!*header) return refuse_file("it is empty: its first line must name the columns");
  Result<std::vector<std::size_t>> columns = positions_of((*header)->fields);
  if (!columns) return fail(columns.error());
  columns_ = std::move(*columns);
  return {};
}

} // namespace provisiond::cli
