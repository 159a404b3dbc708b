#include "bench/measure.hpp"

#include "bench/cpu_time.hpp"
#include "initiator/packet_sender.hpp"
#include "lookup/parameters.hpp"
#include "lookup/peer_queries.hpp"
#include "lookup/sql.hpp"
#include "postgres/connection.hpp"
#include "postgres/pqxx_calls.hpp"
#include "postgres/query_watch.hpp"

#include <fmt/format.h>
#include <pqxx/pqxx>
#include <sodium.h>

#include <algorithm>
#include <future>
#include <memory>
#include <thread>

namespace provisiond::bench {

namespace {

constexpr std::size_t batch_size = 128;
constexpr const char* statement = "find_peers";

std::vector<LookupRequest> requests_for(std::span<const PublicKey> keys) {
  std::vector<LookupRequest> requests;
  requests.reserve(keys.size());
  for (const PublicKey& key : keys)
    requests.push_back({.interface = {}, .key = key, .number = 0, .asked_at = {}});
  return requests;
}

// The arrays are made beforehand; what is left is the server's work and the wire.
struct Batch {
  std::string networks;
  std::string keys;
  std::size_t size = 0;
};

std::vector<Batch> batches_of(const Database& database, std::span<const PublicKey> keys) {
  const std::vector<std::string> networks{database.network};
  std::vector<Batch> batches;
  while (!keys.empty()) {
    const std::size_t size = std::min(batch_size, keys.size());
    const std::vector<LookupRequest> requests = requests_for(keys.first(size));
    batches.push_back({.networks = lookup::network_array(requests, networks),
                       .keys = lookup::key_array(requests),
                       .size = size});
    keys = keys.subspan(size);
  }
  return batches;
}

Status ask(pqxx::connection& connection, std::span<const Batch> batches) {
  try {
    pqxx::nontransaction query{connection};
    for (const Batch& batch : batches) {
      const pqxx::result rows =
          postgres::exec_prepared(query, statement, batch.networks, batch.keys);
      if (static_cast<std::size_t>(rows.size()) != batch.size)
        return fail(Error{"find_peers: rows are missing"});
    }
  } catch (const std::exception& cause) {
    return fail(Error{cause.what()});
  }
  return {};
}

kernel::PeerChange greeted_peer(const PublicKey& key, const Endpoint& endpoint, std::size_t index) {
  const IpPrefix prefix = IpPrefix::parse("10.99.0.0/16").value();
  kernel::PeerChange change;
  change.key = key;
  change.endpoint = endpoint;
  change.keepalive_seconds = 25;
  change.allowed_ips.emplace();
  change.allowed_ips->push_back(IpPrefix::covering(initiator::address_at(prefix, index + 1), 32));
  return change;
}

} // namespace

Duration measure_x25519() {
  constexpr int samples = 20;
  constexpr int rounds = 100;
  std::array<std::uint8_t, 32> scalar{};
  std::array<std::uint8_t, 32> point{};
  randombytes_buf(scalar.data(), scalar.size());
  crypto_scalarmult_base(point.data(), scalar.data());
  Duration fastest = Duration::max();
  int failures = 0;
  for (int sample = 0; sample < samples; ++sample) {
    const Duration before = thread_cpu();
    for (int round = 0; round < rounds; ++round)
      failures += crypto_scalarmult(point.data(), scalar.data(), point.data());
    fastest = std::min(fastest, (thread_cpu() - before) / rounds);
  }
  return failures == 0 ? fastest : Duration::zero();
}

Result<double> measure_batches(const Database& database, std::span<const PublicKey> keys) {
  const std::vector<Batch> batches = batches_of(database, keys);
  std::vector<std::unique_ptr<pqxx::connection>> connections;
  try {
    for (int i = 0; i < 2; ++i) {
      connections.push_back(std::make_unique<pqxx::connection>(database.dsn));
      connections.back()->prepare(statement, lookup::sql::find_peers);
    }
  } catch (const std::exception& cause) {
    return fail(Error{cause.what()});
  }
  // Once unmeasured, so that caches are as warm as for everybody else.
  const Status warm = ask(*connections.front(), batches);
  if (!warm) return fail(warm.error());

  const std::size_t half = batches.size() / 2;
  const TimePoint begin = Clock::now();
  std::future<Status> other = std::async(
      std::launch::async, [&] { return ask(*connections[1], std::span{batches}.subspan(half)); });
  const Status mine = ask(*connections[0], std::span{batches}.first(half));
  const Status theirs = other.get();
  const double elapsed = seconds(Clock::now() - begin);
  if (!mine) return fail(mine.error());
  if (!theirs) return fail(theirs.error());
  return static_cast<double>(keys.size()) / elapsed;
}

Result<double> measure_installs(kernel::WgDevice& device, std::span<const PublicKey> keys) {
  const IpPrefix sources = IpPrefix::parse("198.18.0.0/15").value();
  std::vector<kernel::PeerChange> changes;
  for (const PublicKey& key : keys) {
    const Endpoint endpoint{.address = initiator::address_at(sources, changes.size() + 1),
                            .port = 51820};
    changes.push_back(greeted_peer(key, endpoint, changes.size()));
  }
  const TimePoint begin = Clock::now();
  for (std::span<const kernel::PeerChange> left{changes}; !left.empty();) {
    const std::size_t size = std::min(batch_size, left.size());
    for (const Status& status : device.apply(left.first(size))) {
      if (!status) return fail(status.error());
    }
    left = left.subspan(size);
  }
  return static_cast<double>(keys.size()) / seconds(Clock::now() - begin);
}

Result<Floor> measure_floor(const FloorSetup& setup, std::span<const PublicKey> keys) {
  postgres::QueryWatch watch{std::chrono::seconds{2}};
  const Result<std::unique_ptr<postgres::Connection>> connection =
      postgres::Connection::open({.first = setup.database.dsn, .fallback = {}}, watch);
  if (!connection) return fail(connection.error());
  if (const Status prepared = lookup::prepare_look_up(**connection); !prepared)
    return fail(prepared.error());
  const std::vector<std::string> networks{setup.database.network};
  Floor floor;
  std::vector<kernel::PeerChange> removals;
  for (const LookupRequest& request : requests_for(keys)) {
    std::this_thread::sleep_for(setup.pause);
    const TimePoint begin = Clock::now();
    const Result<std::vector<lookup::Verdict>> verdicts =
        lookup::find_peers(**connection, std::span{&request, 1}, networks);
    const TimePoint answered = Clock::now();
    if (!verdicts) return fail(verdicts.error());
    if (!std::holds_alternative<PeerRecord>(verdicts->front()))
      return fail(Error{"find_peers: the key is not there"});
    floor.round_trips.push_back(answered - begin);

    const kernel::PeerChange change = greeted_peer(request.key, setup.endpoint, removals.size());
    const TimePoint handed_over = Clock::now();
    const std::vector<Status> statuses = setup.device.apply(std::span{&change, 1});
    floor.device_sets.push_back(Clock::now() - handed_over);
    if (!statuses.front()) return fail(statuses.front().error());
    removals.emplace_back().key = request.key;
    removals.back().action = kernel::PeerChange::Action::remove;
  }
  static_cast<void>(setup.device.apply(removals));
  return floor;
}

} // namespace provisiond::bench
