#include "cli/database.hpp"

#include "base/result.hpp"
#include "cli/json.hpp"
#include "cli/options.hpp"
#include "cli/table.hpp"
#include "registry/database_access.hpp"
#include "registry/database_check.hpp"
#include "registry/gateway_role.hpp"
#include "registry/migrate.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace provisiond::cli {
namespace {

using std::filesystem::path;

struct SchemaOptions {
  DatabaseOptions database;
  std::string schema_dir;
  std::optional<std::string> gateway_role;
};

struct CheckOptions {
  DatabaseOptions database;
  bool as_json = false;
};

std::shared_ptr<SchemaOptions> add_schema_options(CLI::App& parser) {
  std::shared_ptr<SchemaOptions> options = std::make_shared<SchemaOptions>();
  add_database_options(parser, options->database);
  parser
      .add_option("--schema-dir", options->schema_dir,
                  "Folder of the migrations; default: the installed one")
      ->envname("WG_PROVISIOND_SCHEMA_DIR");
  return options;
}

// Next to the program as installed (bin/, share/), else next to the build folder it lies in.
Result<path> schema_dir_from(const SchemaOptions& options) {
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
  SecretString dsn;
  path schema_dir;
};

Result<Target> target_from(const SchemaOptions& options) {
  Result<SecretString> dsn = dsn_from(options.database);
  if (!dsn) return fail(dsn.error());
  Result<path> schema_dir = schema_dir_from(options);
  if (!schema_dir) return fail(schema_dir.error());
  const Result<std::vector<registry::Migration>> files = registry::read_migrations(*schema_dir);
  if (!files) return fail(files.error());
  return Target{.dsn = std::move(*dsn), .schema_dir = std::move(*schema_dir)};
}

ExitStatus migrate(const Target& target) {
  const Result<registry::MigrationReport> report = registry::migrate(target.dsn, target.schema_dir);
  if (!report) return complain(report.error());
  for (const std::string& name : report->applied)
    fmt::print("applied {}\n", name);
  fmt::print("schema version {}{}\n", report->after,
             report->applied.empty() ? ", nothing to do" : "");
  return ExitStatus::ok;
}

ExitStatus run_migrate(const SchemaOptions& options) {
  const Result<Target> target = target_from(options);
  return target ? migrate(*target) : complain(target.error(), ExitStatus::usage);
}

std::string words_for(registry::RoleChange change, const std::string& role) {
  switch (change) {
  case registry::RoleChange::made:
    return fmt::format("made role {}, which may log in and is a member of wg_provision_daemon",
                       role);
  case registry::RoleChange::granted:
    return fmt::format("made role {} a member of wg_provision_daemon", role);
  case registry::RoleChange::none:
    break;
  }
  return fmt::format("role {} is a member of wg_provision_daemon, nothing to do", role);
}

ExitStatus run_init(const SchemaOptions& options) {
  const Result<Target> target = target_from(options);
  if (!target) return complain(target.error(), ExitStatus::usage);
  const ExitStatus migrated = migrate(*target);
  if (migrated != ExitStatus::ok) return migrated;
  const Result<registry::AccessChange> access = registry::close_database(target->dsn);
  if (!access) return complain(access.error());
  if (*access == registry::AccessChange::closed)
    fmt::print("took CREATE, CONNECT and TEMPORARY on the database from PUBLIC\n");
  if (!options.gateway_role) return ExitStatus::ok;
  const Result<registry::RoleChange> change =
      registry::ensure_gateway_role(target->dsn, *options.gateway_role);
  if (!change) return complain(change.error());
  fmt::print("{}\n", words_for(*change, printable(*options.gateway_role)));
  return ExitStatus::ok;
}

ExitStatus run_status(const SchemaOptions& options) {
  const Result<Target> target = target_from(options);
  if (!target) return complain(target.error(), ExitStatus::usage);
  const Result<registry::SchemaStatus> status =
      registry::schema_status(target->dsn, target->schema_dir);
  if (!status) return complain(status.error());
  fmt::print("schema version {}, newest file {}\n", status->database, status->files);
  if (status->database == status->files) return ExitStatus::ok;
  fmt::print("{}\n", status->database < status->files ? "run: wg-provisionctl db migrate"
                                                      : "use a newer wg-provisionctl");
  return ExitStatus::failure;
}

// 0: nothing found, 1: something, 2: it could not be checked; 3, as always, when nobody answered.
ExitStatus run_check(const CheckOptions& options) {
  const Result<SecretString> dsn = dsn_from(options.database);
  if (!dsn) return complain(dsn.error(), ExitStatus::usage);
  const Result<std::vector<registry::Finding>> findings = registry::check_database(*dsn);
  if (!findings && findings.error().code() == ENOTCONN) return complain(findings.error());
  if (!findings) return complain(findings.error(), ExitStatus::usage);
  if (options.as_json)
    fmt::print("{}", json_of(*findings));
  else if (findings->empty())
    fmt::print("nothing found\n");
  else
    for (const registry::Finding& finding : *findings)
      fmt::print("{}: {}\n", printable(finding.text), printable(finding.remedy));
  return findings->empty() ? ExitStatus::ok : ExitStatus::failure;
}

} // namespace

Action configure_check(CLI::App& parser) {
  const std::shared_ptr<CheckOptions> options = std::make_shared<CheckOptions>();
  add_json(parser, options->as_json);
  add_database_options(parser, options->database);
  return [options] { return run_check(*options); };
}

Action configure_migrate(CLI::App& parser) {
  return [options = add_schema_options(parser)] { return run_migrate(*options); };
}

Action configure_init(CLI::App& parser) {
  const std::shared_ptr<SchemaOptions> options = add_schema_options(parser);
  add_text(parser, "--gateway-role", options->gateway_role,
           "Role for a gateway to log in with; is made if there is none");
  return [options] { return run_init(*options); };
}

Action configure_status(CLI::App& parser) {
  return [options = add_schema_options(parser)] { return run_status(*options); };
}

} // namespace provisiond::cli
