#include "cli/peer_import.hpp"

#include "cli/csv.hpp"
#include "cli/json.hpp"
#include "cli/manifest.hpp"
#include "cli/options.hpp"
#include "cli/table.hpp"
#include "registry/registry.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <sys/prctl.h>

#include <memory>

namespace provisiond::cli {
namespace {

using registry::ImportReport;
using registry::RefusedRow;

struct ImportOptions {
  DatabaseOptions database;
  std::string file;
  std::optional<std::string> network;
  bool all_or_nothing = false;
  bool as_json = false;
};

Result<ImportReport> import_from(const SecretString& dsn, const Manifest& manifest,
                                 bool all_or_nothing) {
  Result<ImportReport> report = registry::import_peers(dsn, manifest.rows(), all_or_nothing);
  if (!report) return report;
  for (RefusedRow& refused : report->refused)
    refused.row = manifest.lines().at(static_cast<std::size_t>(refused.row - 1));
  return report;
}

void print_report(const ImportReport& report, bool all_or_nothing) {
  std::vector<std::vector<std::string>> rows;
  for (const RefusedRow& refused : report.refused)
    rows.push_back({fmt::format("{}", refused.row), refused.network.value_or("-"),
                    refused.name.value_or("-"), refused.public_key.value_or("-"), refused.reason});
  if (!rows.empty())
    fmt::print("{}", draw_table({"LINE", "NETWORK", "NAME", "PUBLIC KEY", "REASON"}, rows));
  fmt::print("{} added, {} refused{}\n", report.added, rows.size(),
             all_or_nothing && !rows.empty() ? ", and so nothing is imported" : "");
}

ExitStatus run_import(const ImportOptions& options) {
  // No core dump and no debugger of the same user: preshared keys pass through.
  ::prctl(PR_SET_DUMPABLE, 0);
  const Result<SecretString> dsn = dsn_from(options.database);
  if (!dsn) return complain(dsn.error(), ExitStatus::usage);
  const Result<Manifest> manifest = Manifest::read(options.file);
  if (!manifest) return complain(manifest.error());
  const Result<ImportReport> report = import_from(*dsn, *manifest, options.all_or_nothing);
  if (!report) return complain(report.error());
  if (options.as_json)
    fmt::print("{}", json_of(*report));
  else
    print_report(*report, options.all_or_nothing);
  return report->refused.empty() ? ExitStatus::ok : ExitStatus::refused;
}

ExitStatus run_export(const ImportOptions& options) {
  const Result<SecretString> dsn = dsn_from(options.database);
  if (!dsn) return complain(dsn.error(), ExitStatus::usage);
  const Status done =
      registry::export_peers(*dsn, options.network, [](const std::vector<std::string>& fields) {
        fmt::print("{}", csv_line(fields));
      });
  return done ? ExitStatus::ok : complain(done.error());
}

} // namespace

Action configure_peer_import(CLI::App& parser) {
  parser.footer(
      "A column that the header does not name has its default in every line: no preshared "
      "key, addresses from the pools, enabled, no times, and the network's rules for where "
      "and how a peer may be.");
  const std::shared_ptr<ImportOptions> options = std::make_shared<ImportOptions>();
  parser.add_option("FILE", options->file, "CSV with a header; - for standard input")->required();
  parser.add_flag("--all-or-nothing", options->all_or_nothing,
                  "Add no peer when one line is refused");
  add_json(parser, options->as_json);
  add_database_options(parser, options->database);
  return [options] { return run_import(*options); };
}

Action configure_peer_export(CLI::App& parser) {
  parser.footer(
      "A preshared key is shown as (set); an import refuses such a line until the key stands "
      "there. A peer without allowed IPs has none there.");
  const std::shared_ptr<ImportOptions> options = std::make_shared<ImportOptions>();
  add_text(parser, "--network", options->network, "Only the peers of this network");
  add_database_options(parser, options->database);
  return [options] { return run_export(*options); };
}

} // namespace provisiond::cli
