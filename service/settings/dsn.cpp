#include "settings/dsn.hpp"

#include "postgres/connection_string.hpp"
#include "settings/file.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>

namespace provisiond::settings {
namespace {

constexpr std::string_view example_dsn = "\"host=/run/postgresql dbname=wg_provision\"";
constexpr std::string_view keep_secret =
    "holds a password and every user may read it; run chmod o-rwx on it";

void trim(std::string& text) {
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
}

// A connection string is one line; libpq would stop at a NUL.
bool is_one_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

struct Source {
  std::string_view text;
  const char* holder; // in an error
  const char* remedy; // beside chmod
};

void take(const Cursor& at, const Source& source, bool is_world_readable, Database& into) {
  SecretString dsn{source.text};
  const Result<postgres::ConnectionString> string = postgres::ConnectionString::parse(dsn);
  if (!string)
    at.problem(string.error().message());
  else if (is_world_readable && string->holds_password())
    at.problem(fmt::format("{} {}{}", source.holder, keep_secret, source.remedy));
  else
    into.dsn = std::move(dsn);
}

void read_secret_file(const Cursor& at, const std::string& path, const Limits& limits,
                      Database& into) {
  Result<SmallFile> file = read_small_file(path, static_cast<std::size_t>(limits.maximum));
  if (!file) {
    at.problem(
        fmt::format("the file {}; check the name and who may read it", file.error().message()));
    return;
  }
  trim(file->text);
  if (file->text.empty() || !is_one_line(file->text))
    at.problem("the file does not hold one line of text; write the connection string into it");
  else
    take(at, {.text = file->text, .holder = "the file", .remedy = ""}, file->world_readable, into);
  sodium_memzero(file->text.data(), file->text.size());
}

} // namespace

void read_dsn(const Cursor& at, const Limits& limits, Database& into) {
  const std::optional<std::string_view> text = read_scalar(at, example_dsn);
  if (!text) return;
  if (text->empty() || static_cast<std::int64_t>(text->size()) > limits.maximum ||
      !is_one_line(*text)) {
    at.problem(
        fmt::format("is not one line of 1 to {} bytes; write a connection string, such as {}",
                    limits.maximum, example_dsn));
    return;
  }
  take(at, {.text = *text, .holder = "this file", .remedy = ", or use database.dsn-file"},
       at.context().world_readable, into);
}

void read_dsn_file(const Cursor& at, const Limits& limits, Database& into) {
  const std::optional<std::string_view> path = read_scalar(at, "/etc/wg-provisiond/dsn");
  if (!path) return;
  if (path->starts_with('/'))
    read_secret_file(at, std::string{*path}, limits, into);
  else
    at.problem("is not an absolute path; begin it with /");
}

void read_dsn_credential(const Cursor& at, const Limits& limits, Database& into) {
  const std::optional<std::string_view> name = read_scalar(at, "dsn");
  if (!name) return;
  if (name->empty() || *name == "." || *name == ".." || name->find('/') != std::string_view::npos)
    at.problem("is not the name of a credential; write the name that LoadCredential= gives it");
  else if (at.context().credentials_directory.empty())
    at.problem("there is no CREDENTIALS_DIRECTORY; start the daemon through systemd with "
               "LoadCredential=, or use database.dsn-file");
  else
    read_secret_file(at, fmt::format("{}/{}", at.context().credentials_directory, *name), limits,
                     into);
}

void check_dsn(const Cursor& at) {
  constexpr std::array<std::string_view, 3> ways{"dsn", "dsn-file", "dsn-credential"};
  std::string_view first;
  for (const std::string_view way : ways) {
    if (at.node().find(way) == nullptr) continue;
    if (!first.empty()) at.problem_at(way, fmt::format("{} is set too; keep one of them", first));
    if (first.empty()) first = way;
  }
  if (first.empty())
    at.problem_at("dsn", fmt::format("is missing; add how to reach the database, such as dsn: {}",
                                     example_dsn));
}

} // namespace provisiond::settings
