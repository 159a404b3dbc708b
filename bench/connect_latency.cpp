// How long an unknown key waits for the gateway: see docs/benchmarks.md. Runs in the gateway's
// network namespace. Prints JSON lines to standard output.

#include "bench/knocker.hpp"
#include "bench/measure.hpp"
#include "bench/report.hpp"
#include "bench/wire_tap.hpp"
#include "initiator/initiation.hpp"
#include "initiator/key_file.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <thread>

namespace provisiond::bench {

namespace {

constexpr const char* bench_name = "connect-latency";

struct Options {
  Database database;
  std::string device;           // WireGuard interface
  std::string tapped = "up0";   // the gateway's end of the cable
  std::string client_namespace; // where the knocks come from
  std::string gateway = "192.0.2.1:51820";
  std::string client = "192.0.2.2:51820"; // where the floor's initiations go
  std::string responder;
  std::string client_keys_file;
  std::size_t sequential = 200;
  std::size_t at_once = 50;
  int pause_milliseconds = 20;
  double floor_ms = 0;
  double hook_per_second = 0;

  [[nodiscard]] Duration pause() const { return std::chrono::milliseconds{pause_milliseconds}; }
};

void say(const std::string& metric, double value, std::string_view unit, double baseline = 0) {
  print(bench_name, {.metric = metric,
                     .value = value,
                     .unit = unit,
                     .baseline = baseline > 0 ? std::optional<double>{baseline} : std::nullopt});
}

// Bursts of `at_once` until all have knocked.
Result<BurstResult> knock_in_bursts(const Options& options, std::span<Knocker> knockers,
                                    std::size_t at_once) {
  Result<WireTap> tap = WireTap::open(options.tapped);
  if (!tap) return fail(tap.error());
  BurstResult all;
  while (!knockers.empty()) {
    const std::size_t count = std::min(at_once, knockers.size());
    const Result<BurstResult> burst = knock_together(*tap, knockers.first(count));
    if (!burst) return fail(burst.error());
    all.latencies.insert(all.latencies.end(), burst->latencies.begin(), burst->latencies.end());
    all.elapsed += burst->elapsed;
    knockers = knockers.subspan(count);
    std::this_thread::sleep_for(options.pause() * static_cast<int>(count));
  }
  return all;
}

Status measure_wire(const Options& options) {
  const std::optional<PublicKey> responder = PublicKey::parse(options.responder);
  const std::optional<Endpoint> gateway = Endpoint::parse(options.gateway);
  if (!responder || !gateway) return fail(Error{"--responder or --gateway: not readable"});
  Result<std::vector<Knocker>> knockers =
      make_knockers({.private_keys_file = options.client_keys_file,
                     .network_namespace = options.client_namespace,
                     .gateway = *gateway,
                     .responder = *responder});
  if (!knockers) return fail(knockers.error());
  const std::span<Knocker> all{*knockers};
  const std::size_t sequential = std::min(options.sequential, all.size());

  const Result<BurstResult> alone = knock_in_bursts(options, all.first(sequential), 1);
  if (!alone) return fail(alone.error());
  say("one_by_one.p50", percentile(alone->latencies, 0.5), "ms", options.floor_ms);
  say("one_by_one.p99", percentile(alone->latencies, 0.99), "ms", options.floor_ms);
  say("one_by_one.unanswered", static_cast<double>(sequential - alone->latencies.size()), "keys");

  const std::span<Knocker> rest = all.subspan(sequential);
  const Result<BurstResult> together = knock_in_bursts(options, rest, options.at_once);
  if (!together) return fail(together.error());
  const std::string name = fmt::format("{}_at_once", options.at_once);
  say(name + ".p50", percentile(together->latencies, 0.5), "ms", options.floor_ms);
  say(name + ".p99", percentile(together->latencies, 0.99), "ms", options.floor_ms);
  say(name + ".unanswered", static_cast<double>(rest.size() - together->latencies.size()), "keys");
  const double answered = static_cast<double>(together->latencies.size());
  if (together->elapsed > Duration::zero())
    say(name + ".throughput", answered / seconds(together->elapsed), "1/s",
        options.hook_per_second);
  return {};
}

std::vector<double> to_milliseconds(const std::vector<Duration>& durations) {
  std::vector<double> values;
  values.reserve(durations.size());
  for (const Duration duration : durations)
    values.push_back(milliseconds(duration));
  return values;
}

Status report_floor(const Options& options) {
  const Result<std::vector<Secret<32>>> keys =
      initiator::read_private_keys(options.client_keys_file);
  if (!keys) return fail(keys.error());
  std::vector<PublicKey> public_keys;
  for (const Secret<32>& key : *keys)
    public_keys.push_back(initiator::key_pair_of(key).public_key);
  const Result<std::unique_ptr<kernel::WgDevice>> device =
      kernel::open_device(options.device, kernel::Backend::automatic);
  if (!device) return fail(device.error());
  const std::optional<Endpoint> client = Endpoint::parse(options.client);
  if (!client) return fail(Error{"--client: not an address and port"});
  const Result<Floor> floor = measure_floor({.database = options.database,
                                             .device = **device,
                                             .endpoint = *client,
                                             .pause = options.pause()},
                                            public_keys);
  if (!floor) return fail(floor.error());
  const std::vector<double> round_trips = to_milliseconds(floor->round_trips);
  const std::vector<double> sets = to_milliseconds(floor->device_sets);
  std::vector<double> sums;
  std::transform(round_trips.begin(), round_trips.end(), sets.begin(), std::back_inserter(sums),
                 std::plus<>{});
  say("floor.round_trip.p50", percentile(round_trips, 0.5), "ms");
  say("floor.device_set.p50", percentile(sets, 0.5), "ms");
  say("floor.p50", percentile(sums, 0.5), "ms");
  say("floor.p99", percentile(sums, 0.99), "ms");
  return {};
}

int run(int argc, char** argv) {
  Options options;
  CLI::App app{"From a client's initiation to the gateway's."};
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--client-keys", options.client_keys_file, "private keys, one per line")
      ->required();
  app.add_option("--pause", options.pause_milliseconds, "milliseconds between two keys");
  CLI::App* floor = app.add_subcommand("floor", "one database round trip and one device set");
  floor->add_option("--dsn", options.database.dsn, "database, as the daemon's role")->required();
  floor->add_option("--network", options.database.network, "network of the keys")->required();
  floor->add_option("--device", options.device, "WireGuard interface")->required();
  floor->add_option("--client", options.client, "where the initiations go");
  CLI::App* wire = app.add_subcommand("wire", "knocks at a gateway with a running daemon");
  wire->add_option("--tap", options.tapped, "network device of the gateway");
  wire->add_option("--client-namespace", options.client_namespace, "where knocks come from")
      ->required();
  wire->add_option("--gateway", options.gateway, "where they go");
  wire->add_option("--responder", options.responder, "public key of the gateway")->required();
  wire->add_option("--sequential", options.sequential, "how many knock one after the other");
  wire->add_option("--at-once", options.at_once, "how many of the rest knock together");
  wire->add_option("--floor-ms", options.floor_ms, "baseline of the latencies");
  wire->add_option("--hook-rate", options.hook_per_second, "baseline of the throughput");
  CLI11_PARSE(app, argc, argv);
  if (sodium_init() < 0) return 1;
  const Status status = floor->parsed() ? report_floor(options) : measure_wire(options);
  if (!status) fmt::print(stderr, "connect_latency: {}\n", status.error().message());
  return status ? 0 : 1;
}

} // namespace

} // namespace provisiond::bench

int main(int argc, char** argv) {
  return provisiond::bench::run(argc, argv);
}
