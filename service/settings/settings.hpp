// Longer than other headers, because everything that an operator can set stands in one place.
#pragma once

#include "base/endpoint.hpp"
#include "base/rate.hpp"
#include "base/secret_text.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace provisiond::settings {

enum class Backend : std::uint8_t { automatic, netlink, userspace };
enum class Greeting : std::uint8_t { reverse, resubmit, automatic };
enum class EventSource : std::uint8_t { automatic, probe, netlink, capture };
enum class CookieMode : std::uint8_t { under_load, never };
enum class StalePolicy : std::uint8_t { keep, remove };
enum class LogLevel : std::uint8_t { debug, info, warning, error };

// A routing table of the kernel's; `main` where nothing else is said.
struct RouteTable {
  std::uint32_t number = 254;
  bool operator==(const RouteTable&) const = default;
};

// Unicast address space that nobody routes between networks (RFC 1918, 4193, 6598, 2544, 5737,
// 3849).
std::vector<IpPrefix> not_global_prefixes();

struct Interface {
  std::string name;    // as in `ip link`, at most 15 bytes
  std::string network; // wg_provision.networks.name
  Backend backend = Backend::automatic;
  Greeting greeting = Greeting::reverse;
  std::uint32_t max_peers = 100'000; // on the device, adopted ones included; at most 2^20
  EventSource event_source = EventSource::automatic;
  bool cross_check = false; // a second source watches beside the first
  bool exclusive = false;   // peers that the database does not know are taken off
  bool routes = false;      // kernel routes to what peers have beyond the interface's subnets
  RouteTable route_table{};
  // Routes are made inside these only.
  std::vector<IpPrefix> route_within = not_global_prefixes();
  bool dry_run = false; // everything is decided and counted, and nothing is done
  bool operator==(const Interface&) const = default;
};

struct Database {
  SecretString dsn; // libpq connection string or URI; may hold a password
  std::uint32_t sessions = 2;
  std::uint32_t batch_size = 128;    // keys per query
  std::uint32_t queue_length = 4096; // look-ups that may wait
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds query_deadline{2'000};
  std::chrono::milliseconds reconnect_minimum{100};
  std::chrono::milliseconds reconnect_maximum{10'000};
  std::chrono::milliseconds poll_interval{5'000}; // for changes, where no notification comes
  std::chrono::milliseconds max_stale{0};         // without an answer; 0: for ever
  StalePolicy when_stale = StalePolicy::keep;     // the peers, after max_stale
  std::chrono::milliseconds max_missing{
      86'400'000}; // a peer without row and tombstone; 0: for ever
  // Which database is ours, over restarts; empty: in the service's state directory.
  std::string identity_file{};
  bool operator==(const Database&) const = default;
};

struct Events {
  std::uint32_t probe_buffer_kib = 1'024;    // of the ring buffer; a power of two
  std::uint32_t probe_refused_keys = 65'536; // remembered in the kernel
  std::uint32_t netlink_buffer_kib = 8'192;  // receive queue
  bool operator==(const Events&) const = default;
};

struct Admission {
  Rate per_address{5, 20};     // IPv4 /32, IPv6 /64: handshakes of unknown keys
  Rate per_prefix{200, 1'000}; // IPv4 /24, IPv6 /48
  Rate total{10'000, 10'000};
  std::vector<IpPrefix> shared_prefixes; // carrier-grade NAT: no per-address budget here
  // NAT64 and SIIT-DC: the IPv4 address within counts.
  std::vector<IpPrefix> translated_prefixes{IpPrefix::parse("64:ff9b::/96").value()};
  std::uint32_t source_entries = 65'536;
  std::chrono::milliseconds refused_key_ttl{30'000};
  std::uint32_t refused_key_entries = 262'144;
  Rate per_key{0.5, 3};   // proven handshakes of one key that reach the database
  Rate per_claim{0.2, 2}; // claims of one key from one IPv4 /24 or IPv6 /48
  Rate claims{100, 200};  // all claims that reach the database
  std::uint32_t key_entries = 131'072;
  Rate lookups{20'000, 20'000}; // all keys together
  bool known_key_filter = true; // the database is not asked for others, but for these:
  Rate second_chances{50, 50};
  Rate second_chances_per_prefix{5, 10}; // IPv4 /24, IPv6 /48
  CookieMode cookies = CookieMode::under_load;
  std::uint32_t cookie_threshold = 512; // handshakes waiting for key agreement that mean load
  bool operator==(const Admission&) const = default;
};

// When the gateway takes itself for being under attack (flow::AttackMode).
struct Attack {
  std::uint32_t refused = 500; // in a second, of senders without a cookie
  std::uint32_t share = 50;    // per cent of these
  std::chrono::milliseconds enter_after{10'000};
  std::uint32_t calm = 100; // senders without a cookie in a second
  std::chrono::milliseconds leave_after{30'000};
  bool operator==(const Attack&) const = default;
};

struct Authenticate {
  std::uint32_t threads = 1;
  std::uint32_t queue_length = 4'096;
  // Of keys that were proven, for all interfaces together, 64 bytes each; 0: none.
  std::uint32_t shared_secrets = 16'384;
  bool operator==(const Authenticate&) const = default;
};

struct Greet {
  std::chrono::milliseconds deadline{15'000}; // no session by then: the peer is removed
  // No session by then: greeted again, twice at most; `greeting: auto` turns to reverse.
  std::chrono::milliseconds patience{1'000};
  Rate per_prefix{50, 200}; // reverse handshakes, IPv4 /24, IPv6 /48
  Rate total{5'000, 5'000};
  bool operator==(const Greet&) const = default;
};

struct Watch {
  std::chrono::milliseconds interval{10'000};         // pass over the device's peers
  std::chrono::milliseconds identity_interval{1'000}; // private key and port
  bool operator==(const Watch&) const = default;
};

struct Evict {
  // No handshake for so long: the peer is taken off; 0: never. Networks may have their own.
  std::chrono::milliseconds idle_timeout{600'000};
  bool operator==(const Evict&) const = default;
};

struct Metrics {
  bool enabled = true;
  Endpoint listen{.address = {.bytes = {127, 0, 0, 1}}, .port = 9587};
  bool operator==(const Metrics&) const = default;
};

// Of the socket at which wg-provisionctl asks.
struct Control {
  bool enabled = true;
  std::string socket = "/run/wg-provisiond/control.sock";
  std::string group; // whose members may ask, beside root; empty: nobody
  bool operator==(const Control&) const = default;
};

struct Log {
  LogLevel level = LogLevel::info;
  bool operator==(const Log&) const = default;
};

// Everything that an operator can set, validated. Immutable after start.
struct Settings {
  std::vector<Interface> interfaces;
  std::string gateway{}; // its name in the database; empty: made from the machine id
  Database database;
  Events events;
  Admission admission;
  Attack attack;
  Authenticate authenticate;
  Greet greet;
  Watch watch;
  Evict evict;
  Metrics metrics;
  Control control;
  Log log;
  bool operator==(const Settings&) const = default;
};

} // namespace provisiond::settings
