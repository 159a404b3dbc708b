#include "cli/database.hpp"

#include "base/result.hpp"
#include "lookup/dsn.hpp"
#include "lookup/migrate.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <system_error>

namespace provisiond::cli {
namespace {

using std::filesystem::path;

constexpr std::size_t longest_dsn = 65'536;

struct Options {
  std::string dsn;
  std::string dsn_file;
  std::string schema_dir;
};

std::shared_ptr<Options> add_options(CLI::App& parser) {
  std::shared_ptr<Options> options = std::make_shared<Options>();
  CLI::Option* const file =
      parser.add_option("--dsn-file", options->dsn_file, "File that holds the connection string");
  parser
      .add_option("--dsn", options->dsn,
                  "Connection string without a password; default: PGHOST, PGSERVICE and so on")
      ->excludes(file);
  parser
      .add_option("--schema-dir", options->schema_dir,
                  "Folder of the migrations; default: the installed one")
      ->envname("WG_PROVISIOND_SCHEMA_DIR");
  return options;
}

ExitStatus complain(const Error& error, ExitStatus status) {
  fmt::print(stderr, "wg-provisionctl: {}\n", error.message());
  return status;
}

ExitStatus complain(const Error& error) {
  if (error.code() == ENOTCONN) return complain(error, ExitStatus::database_unreachable);
  return complain(error, error.code() == EINVAL ? ExitStatus::usage : ExitStatus::failure);
}

Result<std::string> read_dsn_file(const std::string& name) {
  std::ifstream stream{name};
  std::string line;
  std::string rest;
  if (!std::getline(stream, line) || line.empty() || line.size() > longest_dsn)
    return fail(Error{fmt::format("read {}: no connection string in its first line", name)});
  if (std::getline(stream, rest) && !rest.empty())
    return fail(Error{fmt::format("read {}: more than one line", name)});
  return line;
}

// Empty means libpq's own defaults and PG* environment.
Result<std::string> dsn_from(const Options& options) {
  if (!options.dsn_file.empty()) return read_dsn_file(options.dsn_file);
  if (lookup::holds_password(options.dsn))
    return fail(Error{"--dsn holds a password, which every user of this machine can see in the "
                      "process list: put the string into a file for --dsn-file, or the password "
                      "into PGPASSFILE"});
  return options.dsn;
}

// Next to the program as installed (bin/, share/), else next to the build folder it lies in.
Result<path> schema_dir_from(const Options& options) {
  if (!options.schema_dir.empty()) return path{options.schema_dir};
  std::error_code error;
  const path program = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  const std::array<path, 2> candidates{program / "../share/wg-provisiond/schema",
                                       program / "../../../schema"};
  for (const path& candidate : candidates) {
    if (std::filesystem::exists(candidate / "0001_peers.sql", error))
      return candidate.lexically_normal();
  }
  return fail(Error{fmt::format("no migrations at {}: give --schema-dir",
                                candidates.front().lexically_normal().string())});
}

struct Target {
  std::string dsn;
  path schema_dir;
};

Result<Target> target_from(const Options& options) {
  Result<std::string> dsn = dsn_from(options);
  if (!dsn) return fail(dsn.error());
  Result<path> schema_dir = schema_dir_from(options);
  if (!schema_dir) return fail(schema_dir.error());
  const Result<std::vector<lookup::Migration>> files = lookup::read_migrations(*schema_dir);
  if (!files) return fail(files.error());
  return Target{.dsn = std::move(*dsn), .schema_dir = std::move(*schema_dir)};
}

ExitStatus run_migrate(const Options& options) {
  const Result<Target> target = target_from(options);
  if (!target) return complain(target.error(), ExitStatus::usage);
  const Result<lookup::MigrationReport> report = lookup::migrate(target->dsn, target->schema_dir);
  if (!report) return complain(report.error());
  for (const std::string& name : report->applied)
    fmt::print("applied {}\n", name);
  fmt::print("schema version {}{}\n", report->after,
             report->applied.empty() ? ", nothing to do" : "");
  return ExitStatus::ok;
}

ExitStatus run_status(const Options& options) {
  const Result<Target> target = target_from(options);
  if (!target) return complain(target.error(), ExitStatus::usage);
  const Result<lookup::SchemaStatus> status =
      lookup::schema_status(target->dsn, target->schema_dir);
  if (!status) return complain(status.error());
  fmt::print("schema version {}, newest file {}\n", status->database, status->files);
  if (status->database == status->files) return ExitStatus::ok;
  fmt::print("{}\n", status->database < status->files ? "run: wg-provisionctl db migrate"
                                                      : "use a newer wg-provisionctl");
  return ExitStatus::failure;
}

} // namespace

std::function<ExitStatus()> configure_migrate(CLI::App& parser) {
  return [options = add_options(parser)] { return run_migrate(*options); };
}

std::function<ExitStatus()> configure_status(CLI::App& parser) {
  return [options = add_options(parser)] { return run_status(*options); };
}

} // namespace provisiond::cli
