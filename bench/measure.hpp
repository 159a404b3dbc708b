#pragma once

#include "base/clock.hpp"
#include "base/public_key.hpp"
#include "base/result.hpp"
#include "kernel/wg_device.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace provisiond::bench {

// What the parts take when nothing else is done: the baselines of the benchmarks.

inline double microseconds(Duration duration) {
  return std::chrono::duration<double, std::micro>{duration}.count();
}
inline double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>{duration}.count();
}
inline double seconds(Duration duration) {
  return std::chrono::duration<double>{duration}.count();
}

// CPU time of one X25519: the fastest of twenty samples of a hundred.
Duration measure_x25519();

struct Database {
  std::string dsn;
  std::string network;
};

// Keys per second that PostgreSQL answers: find_peers with batches of 128 on two plain connections,
// rows not looked at.
Result<double> measure_batches(const Database& database, std::span<const PublicKey> keys);

// Peers per second that a device takes in changes of 128, each with an endpoint and a keepalive, so
// that it initiates. The peers stay.
Result<double> measure_installs(kernel::WgDevice& device, std::span<const PublicKey> keys);

// The floor of a provision, each key alone: its round trip on one idle session, and the change that
// makes it a peer with an endpoint and a keepalive, so that the device initiates, from the call to
// the device's answer. `pause` lies before each. The peers are removed at the end.
struct Floor {
  std::vector<Duration> round_trips;
  std::vector<Duration> device_sets;
};
struct FloorSetup {
  Database database;
  kernel::WgDevice& device;
  Endpoint endpoint;
  Duration pause;
};
Result<Floor> measure_floor(const FloorSetup& setup, std::span<const PublicKey> keys);

} // namespace provisiond::bench
