#include "cli/options.hpp"

#include "cli/table.hpp"
#include "postgres/connection_string.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sodium.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <vector>

namespace provisiond::cli {
namespace {

constexpr std::size_t longest_dsn = 65'536;

bool is_world_readable(const std::string& name) {
  std::error_code error;
  const std::filesystem::perms rights = std::filesystem::status(name, error).permissions();
  return !error && (rights & std::filesystem::perms::others_read) != std::filesystem::perms::none;
}

Result<SecretString> read_dsn_file(const std::string& name) {
  std::ifstream stream{name};
  std::string line;
  std::string rest;
  if (!std::getline(stream, line) || line.empty() || line.size() > longest_dsn)
    return fail(Error{fmt::format("read {}: no connection string in its first line", name)});
  if (std::getline(stream, rest) && !rest.empty())
    return fail(Error{fmt::format("read {}: more than one line", name)});
  SecretString dsn{line};
  sodium_memzero(line.data(), line.size());
  const Result<postgres::ConnectionString> string = postgres::ConnectionString::parse(dsn);
  if (!string) return fail(string.error().while_doing(fmt::format("read {}", name)));
  if (string->holds_password() && is_world_readable(name))
    return fail(Error{fmt::format("read {}: it holds a password and every user may read it; run "
                                  "chmod o-rwx on it",
                                  name)});
  return dsn;
}

ExitStatus status_for(int code) {
  switch (code) {
  case ENOTCONN:
    return ExitStatus::unreachable;
  case EINVAL:
    return ExitStatus::usage;
  case EPERM:
    return ExitStatus::refused;
  case ENOENT:
    return ExitStatus::not_found;
  default:
    return ExitStatus::failure;
  }
}

} // namespace

void add_database_options(CLI::App& parser, DatabaseOptions& options) {
  CLI::Option* const file =
      parser.add_option("--dsn-file", options.dsn_file, "File that holds the connection string");
  parser
      .add_option("--dsn", options.dsn,
                  "Connection string without a password; default: PGHOST, PGSERVICE and so on")
      ->excludes(file);
}

Result<SecretString> dsn_from(const DatabaseOptions& options) {
  if (!options.dsn_file.empty()) return read_dsn_file(options.dsn_file);
  const Result<postgres::ConnectionString> string = postgres::ConnectionString::parse(options.dsn);
  if (!string) return fail(string.error().while_doing("read --dsn"));
  if (string->holds_password())
    return fail(Error{"--dsn holds a password, which every user of this machine can see in the "
                      "process list: put the string into a file for --dsn-file, or the password "
                      "into PGPASSFILE"});
  return options.dsn;
}

void add_text(CLI::App& parser, const std::string& name, std::optional<std::string>& target,
              const std::string& help) {
  parser.add_option_function<std::string>(
      name, [&target](const std::string& value) { target = value; }, help);
}

void add_number(CLI::App& parser, const std::string& name, std::optional<int>& target,
                const std::string& help) {
  parser.add_option_function<int>(
      name, [&target](const int& value) { target = value; }, help);
}

void add_list(CLI::App& parser, const std::string& name, std::optional<std::string>& target,
              const std::string& help) {
  parser
      .add_option_function<std::vector<std::string>>(
          name,
          [&target](const std::vector<std::string>& items) {
            target = fmt::format("{}", fmt::join(items, ","));
          },
          help)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_choice(CLI::App& parser, const std::string& name, std::optional<std::string>& target,
                const Choice& choice) {
  parser
      .add_option_function<std::string>(
          name, [&target](const std::string& value) { target = value; }, choice.help)
      ->check(CLI::IsMember(choice.words));
}

void add_json(CLI::App& parser, bool& target) {
  parser.add_flag("--json", target, "For programs: JSON instead of text");
}

Result<PublicKey> key_from(const std::string& word, const std::string& text) {
  const std::optional<PublicKey> key = PublicKey::parse(text);
  if (key && *key != PublicKey{}) return *key;
  return fail(Error{fmt::format("{} is not a WireGuard key: 44 characters of base64, as \"wg "
                                "pubkey\" prints it",
                                word),
                    EINVAL});
}

ExitStatus complain(const Error& error, ExitStatus status) {
  const std::string line = fmt::format("wg-provisionctl: {}\n", printable(error.message()));
  std::fputs(line.c_str(), stderr); // where that cannot be written, the status says it
  return status;
}

ExitStatus complain(const Error& error) {
  return complain(error, status_for(error.code()));
}

} // namespace provisiond::cli
