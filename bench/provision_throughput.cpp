// How many provisions in a second, and what each costs: see docs/benchmarks.md. Prints JSON lines
// to standard output; standard error gets the daemon's log.

#include "bench/cpu_time.hpp"
#include "bench/gateway.hpp"
#include "bench/measure.hpp"
#include "bench/relay.hpp"
#include "bench/report.hpp"
#include "initiator/crafted_packets.hpp"
#include "initiator/initiation.hpp"
#include "initiator/key_file.hpp"
#include "support/fake_wg_device.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <functional>
#include <thread>

namespace provisiond::bench {

namespace {

constexpr const char* bench_name = "provision-throughput";

struct Options {
  Database database;
  std::string gateway_key_file;
  std::string client_keys_file;
  std::string relay;  // a UNIX socket between us and the database's
  std::string socket; // the database's; none: no distant database
  std::string distant_dsn;
  int delay_microseconds = 500; // each way
  std::string device;           // empty WireGuard interface; none: only in memory
  pid_t database_process = 0;
  pid_t device_process = 0;
  std::size_t device_count = 4'000;
  std::size_t sequential_count = 2'000;
  int rounds = 3;
  Width width{.authenticate_threads = std::max(1U, std::thread::hardware_concurrency()),
              .sessions = 2,
              .batch_size = 128,
              .window = 1'024};
};

// Everything that is made before the clock runs.
struct Prepared {
  Secret<32> gateway_key;
  std::vector<PublicKey> public_keys;
  std::vector<InitiationBytes> initiations;
  double x25519 = 0; // microseconds
};

// The CPU time of the processes behind the daemon.
struct Others {
  Duration database{};
  Duration device{};

  static Others now(const Options& options) {
    return {.database = process_cpu(options.database_process),
            .device = process_cpu(options.device_process)};
  }
};

struct Outcome {
  Run run;
  Others others;

  [[nodiscard]] double per_second() const {
    return static_cast<double>(run.installed) / seconds(run.elapsed);
  }
};

using MakeDevice = std::function<Result<std::unique_ptr<kernel::WgDevice>>()>;

// A database and a kind of device, which is empty whenever it is made.
struct Arena {
  std::string name;
  std::string dsn;
  MakeDevice make_device;
  std::size_t count = 0; // provisions at full width
};

void say(const std::string& metric, double value, std::string_view unit,
         std::optional<double> baseline = std::nullopt) {
  print(bench_name, {.metric = metric, .value = value, .unit = unit, .baseline = baseline});
}

Result<Prepared> prepare(const Options& options) {
  const Result<std::vector<Secret<32>>> own =
      initiator::read_private_keys(options.gateway_key_file);
  if (!own) return fail(own.error());
  const Result<std::vector<Secret<32>>> clients =
      initiator::read_private_keys(options.client_keys_file);
  if (!clients) return fail(clients.error());
  if (own->size() != 1 || clients->empty()) return fail(Error{"the key files hold no keys"});

  Prepared prepared{.gateway_key = own->front().clone(), .public_keys = {}, .initiations = {}};
  const PublicKey gateway = initiator::key_pair_of(prepared.gateway_key).public_key;
  for (const Secret<32>& client : *clients)
    prepared.public_keys.push_back(initiator::key_pair_of(client).public_key);
  prepared.initiations =
      initiator::initiations_of(*clients, gateway, initiator::TimestampKind::now);
  prepared.x25519 = microseconds(measure_x25519());
  return prepared;
}

// One run with a fresh gateway over the first `count` initiations.
Result<Outcome> run_once(const Options& options, const Prepared& prepared, const Arena& arena,
                         const Width& width) {
  Result<std::unique_ptr<kernel::WgDevice>> device = arena.make_device();
  if (!device) return fail(device.error());
  const Result<std::unique_ptr<Gateway>> gateway = Gateway::make(
      {.interface = "bench", .network = options.database.network, .dsn = arena.dsn, .width = width},
      prepared.gateway_key, std::move(*device));
  if (!gateway) return fail(gateway.error());
  const std::size_t count = width.window == 1 ? options.sequential_count : arena.count;
  const Others before = Others::now(options);
  const Result<Run> run = (*gateway)->run(
      std::span{prepared.initiations}.first(std::min(count, prepared.initiations.size())));
  if (!run) return fail(run.error());
  const Others after = Others::now(options);
  fmt::print(stderr, "bench: {}: {} provisions in {:.3f} s, {} queries\n", arena.name,
             run->installed, seconds(run->elapsed), (*gateway)->metrics().lookup_batches.value());
  return Outcome{.run = *run,
                 .others = {.database = after.database - before.database,
                            .device = after.device - before.device}};
}

// The fastest of some runs: whatever else the machine does makes a run slower, never faster.
Result<Outcome> run_best(const Options& options, const Prepared& prepared, const Arena& arena,
                         const Width& width) {
  std::optional<Outcome> best;
  for (int round = 0; round < options.rounds; ++round) {
    const Result<Outcome> outcome = run_once(options, prepared, arena, width);
    if (!outcome) return fail(outcome.error().while_doing(arena.name));
    if (!best || outcome->per_second() > best->per_second()) best = *outcome;
  }
  if (!best) return fail(Error{"no rounds to run"});
  return *best;
}

// What a provision cost, by thread and by step.
void report_costs(const std::string& name, const Outcome& outcome, double x25519) {
  const Run& run = outcome.run;
  const auto per_provision = [&](const char* part, Duration cost) {
    const double each = microseconds(cost) / static_cast<double>(run.installed);
    say(fmt::format("{}.{}", name, part), each, "us");
    return each;
  };
  per_provision("cpu", run.loop_cpu + run.authenticate_cpu + run.lookup_cpu);
  const double authenticate = per_provision("cpu.authenticate", run.authenticate_cpu);
  say(name + ".cpu.authenticate.beyond_x25519", authenticate - 2 * x25519, "us");
  per_provision("cpu.lookup", run.lookup_cpu);
  per_provision("cpu.loop", run.loop_cpu);
  per_provision("cpu.loop.knock", run.knock_cpu);
  per_provision("cpu.loop.proven", run.proven_cpu);
  per_provision("cpu.loop.answered", run.answered_cpu);
  per_provision("cpu.loop.commit", run.commit_cpu);
  per_provision("others.postgresql", outcome.others.database);
  per_provision("others.device", outcome.others.device);
}

// Both widths on one kind of device.
Status compare(const Options& options, const Prepared& prepared, const Arena& arena) {
  const Result<Outcome> sequential = run_best(options, prepared, arena, Width::sequential());
  if (!sequential) return fail(sequential.error());
  const Result<Outcome> wide = run_best(options, prepared, arena, options.width);
  if (!wide) return fail(wide.error());
  say(arena.name + ".sequential.provisions", sequential->per_second(), "1/s");
  say(arena.name + ".provisions", wide->per_second(), "1/s", sequential->per_second());
  report_costs(arena.name + ".sequential", *sequential, prepared.x25519);
  report_costs(arena.name, *wide, prepared.x25519);
  return {};
}

Result<std::unique_ptr<kernel::WgDevice>> memory_device() {
  return std::make_unique<test::FakeWgDevice>(test::FakeWgDevice::Options{.keeps_history = false});
}

// The same with the database on another machine, as it usually is.
Status compare_with_distant_database(const Options& options, const Prepared& prepared) {
  if (options.socket.empty()) return {};
  const Result<std::unique_ptr<Relay>> relay =
      Relay::open({.near = options.relay,
                   .far = options.socket,
                   .delay = std::chrono::microseconds{options.delay_microseconds}});
  if (!relay) return fail(relay.error());
  return compare(options, prepared,
                 {.name = "distant",
                  .dsn = options.distant_dsn,
                  .make_device = memory_device,
                  .count = prepared.initiations.size()});
}

// Opens the device and takes all peers out of it.
Result<std::unique_ptr<kernel::WgDevice>> emptied(const std::string& name) {
  Result<std::unique_ptr<kernel::WgDevice>> device =
      kernel::open_device(name, kernel::Backend::automatic);
  if (!device) return device;
  const Result<kernel::PeerList> found = (*device)->peers();
  if (!found) return fail(found.error());
  std::vector<kernel::PeerChange> removals(found->peers.size());
  for (std::size_t i = 0; i < found->peers.size(); ++i) {
    removals[i].key = found->peers[i].key;
    removals[i].action = kernel::PeerChange::Action::remove;
  }
  static_cast<void>((*device)->apply(removals));
  return device;
}

Status compare_on_device(const Options& options, const Prepared& prepared) {
  if (options.device.empty()) return {};
  const Arena arena{.name = "wireguard",
                    .dsn = options.database.dsn,
                    .make_device = [&options] { return emptied(options.device); },
                    .count = options.device_count};
  Status compared = compare(options, prepared, arena);
  if (!compared) return compared;
  const Result<std::unique_ptr<kernel::WgDevice>> device = arena.make_device();
  if (!device) return fail(device.error());
  const Result<double> alone =
      measure_installs(**device, std::span{prepared.public_keys}.first(
                                     std::min(options.device_count, prepared.public_keys.size())));
  if (!alone) return fail(alone.error().while_doing("the device alone"));
  say("wireguard.alone.peers", *alone, "1/s");
  return {};
}

Status measure(const Options& options) {
  const Result<Prepared> prepared = prepare(options);
  if (!prepared) return fail(prepared.error().while_doing("prepare initiations"));
  say("x25519", prepared->x25519, "us");

  const Arena memory{.name = "memory",
                     .dsn = options.database.dsn,
                     .make_device = memory_device,
                     .count = prepared->initiations.size()};
  Status in_memory = compare(options, *prepared, memory);
  if (!in_memory) return in_memory;
  Status distant = compare_with_distant_database(options, *prepared);
  if (!distant) return distant;
  Status on_device = compare_on_device(options, *prepared);
  if (!on_device) return on_device;

  const Result<double> batches = measure_batches(options.database, prepared->public_keys);
  if (!batches) return fail(batches.error().while_doing("ask PostgreSQL alone"));
  say("postgresql.alone.keys", *batches, "1/s");
  return {};
}

int run(int argc, char** argv) {
  Options options;
  CLI::App app{"Provisions per second, and CPU time per provision."};
  app.add_option("--dsn", options.database.dsn, "database, as the daemon's role")->required();
  app.add_option("--network", options.database.network, "network of the keys")->required();
  app.add_option("--gateway-key", options.gateway_key_file, "private key file")->required();
  app.add_option("--client-keys", options.client_keys_file, "private keys, one per line")
      ->required();
  app.add_option("--device", options.device, "WireGuard interface; loses all its peers");
  app.add_option("--database-process", options.database_process, "process id of PostgreSQL");
  app.add_option("--device-process", options.device_process, "process id of wireguard-go");
  app.add_option("--device-count", options.device_count, "provisions into --device");
  app.add_option("--sequential-count", options.sequential_count, "provisions of the baseline");
  app.add_option("--socket", options.socket, "the database's UNIX socket");
  app.add_option("--relay", options.relay, "another one, to be made, at a distance from it");
  app.add_option("--distant-dsn", options.distant_dsn, "database, through --relay");
  app.add_option("--delay", options.delay_microseconds, "microseconds from one to the other");
  app.add_option("--rounds", options.rounds, "runs of which the fastest counts");
  app.add_option("--threads", options.width.authenticate_threads, "authenticate threads");
  app.add_option("--sessions", options.width.sessions, "database sessions");
  app.add_option("--batch", options.width.batch_size, "keys in one query");
  app.add_option("--window", options.width.window, "initiations under way at once");
  CLI11_PARSE(app, argc, argv);
  if (sodium_init() < 0) return 1;
  const Status status = measure(options);
  if (!status) fmt::print(stderr, "provision_throughput: {}\n", status.error().message());
  return status ? 0 : 1;
}

} // namespace

} // namespace provisiond::bench

int main(int argc, char** argv) {
  return provisiond::bench::run(argc, argv);
}
