#include "cli/pool.hpp"

#include "cli/json.hpp"
#include "cli/options.hpp"
#include "cli/table.hpp"
#include "registry/registry.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <memory>

namespace provisiond::cli {
namespace {

struct PoolOptions {
  DatabaseOptions database;
  registry::NewPool pool;
  std::optional<std::string> network;
  bool as_json = false;
};

ExitStatus run_pool_add(const PoolOptions& options) {
  const Result<SecretString> dsn = dsn_from(options.database);
  if (!dsn) return complain(dsn.error(), ExitStatus::usage);
  const Status added = registry::add_pool(*dsn, options.pool);
  if (!added) return complain(added.error());
  fmt::print("added pool {} of network {}\n", printable(options.pool.prefix),
             printable(options.pool.network));
  return ExitStatus::ok;
}

ExitStatus run_pool_list(const PoolOptions& options) {
  const Result<SecretString> dsn = dsn_from(options.database);
  if (!dsn) return complain(dsn.error(), ExitStatus::usage);
  const Result<std::vector<registry::PoolRow>> pools = registry::list_pools(*dsn, options.network);
  if (!pools) return complain(pools.error());
  if (options.as_json) {
    fmt::print("{}", json_of(*pools));
    return ExitStatus::ok;
  }
  std::vector<std::vector<std::string>> rows;
  for (const registry::PoolRow& pool : *pools)
    rows.push_back({pool.network, pool.prefix, pool.method, pool.first_address.value_or("-"),
                    pool.last_address.value_or("-"), fmt::format("{}", pool.held),
                    pool.first_address ? pool.hold_time : "-"});
  fmt::print("{}",
             draw_table({"NETWORK", "PREFIX", "METHOD", "FIRST", "LAST", "HELD", "HOLD"}, rows));
  return ExitStatus::ok;
}

} // namespace

Action configure_pool_add(CLI::App& parser) {
  const std::shared_ptr<PoolOptions> options = std::make_shared<PoolOptions>();
  registry::NewPool& pool = options->pool;
  parser.add_option("NETWORK", pool.network, "Whose peers get the addresses")->required();
  parser.add_option("PREFIX", pool.prefix, "Where the addresses lie, as 10.0.0.0/16")->required();
  CLI::Option* const derived = parser.add_flag(
      "--derived", pool.is_derived, "Addresses follow from the keys: IPv6, /64 or shorter");
  add_text(parser, "--first", pool.first_address, "Default: the third, after the gateway's");
  add_text(parser, "--last", pool.last_address, "Default: the last that a device can have");
  add_text(parser, "--hold", pool.hold_time,
           "How long a returned address waits before another peer may get it; default: 7d");
  for (const char* name : {"--first", "--last", "--hold"})
    parser.get_option(name)->excludes(derived);
  add_database_options(parser, options->database);
  return [options] { return run_pool_add(*options); };
}

Action configure_pool_list(CLI::App& parser) {
  const std::shared_ptr<PoolOptions> options = std::make_shared<PoolOptions>();
  add_text(parser, "--network", options->network, "Only those of this network");
  add_json(parser, options->as_json);
  add_database_options(parser, options->database);
  return [options] { return run_pool_list(*options); };
}

} // namespace provisiond::cli
