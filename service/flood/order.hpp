#pragma once

#include "base/clock.hpp"
#include "base/endpoint.hpp"
#include "base/public_key.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace provisiond::flood {

// What one run of the load generator sends: how many of which initiations, how fast, to whom. Data
// only; `order_of` makes it from a command line and has checked it.

enum class Kind : std::uint8_t {
  valid,    // of registered devices, that answer what comes back
  unknown,  // of random key pairs that prove themselves
  forged,   // another's public key, without its private key
  replayed, // one initiation, again and again
  garbage,  // noise, wrong sizes, wrong mac1
};
inline constexpr std::array<std::string_view, 5> kind_names{"valid", "unknown", "forged",
                                                            "replayed", "garbage"};
inline constexpr std::size_t kind_count = kind_names.size();

constexpr std::size_t index_of(Kind kind) {
  return static_cast<std::size_t>(kind);
}
constexpr std::string_view to_string(Kind kind) {
  return kind_names[index_of(kind)];
}

// What is done with a cookie reply: nothing, or the same again with mac2.
enum class Cookies : std::uint8_t { ignore, answer };

// A run ends at whichever bound it meets first. Both are always there, and each has a limit.
inline constexpr double default_rate = 100;
inline constexpr double highest_rate = 200'000;
inline constexpr double default_seconds = 10;
inline constexpr double most_seconds = 3'600;
inline constexpr std::uint64_t default_packets = 10'000;
inline constexpr std::uint64_t most_packets = 50'000'000;
// Different initiations that are made before the first one is sent, some 0.2 KiB each.
inline constexpr std::size_t default_distinct = 10'000;
inline constexpr std::size_t most_distinct = 500'000;
// Devices of the kind valid: each has a socket.
inline constexpr std::size_t most_devices = 20'000;
inline constexpr std::uint32_t most_sources = 1U << 24U;

struct Order {
  std::vector<Kind> kinds{}; // in turn; never empty
  Endpoint to{};
  PublicKey gateway{};
  double rate = default_rate; // a second
  Duration duration = std::chrono::seconds{10};
  std::uint64_t packets = default_packets;
  std::size_t distinct = default_distinct;
  Duration patience = std::chrono::seconds{1}; // for the last answers
  Cookies cookies = Cookies::ignore;

  std::uint16_t from_port = 0; // 0: any
  std::optional<IpPrefix> source_prefix{};
  std::uint32_t sources = 1;

  std::string keys_file{};            // private keys of the devices
  std::optional<PublicKey> claimed{}; // by the forged ones
  std::string load_file{};            // initiations made earlier, for unknown, forged or replayed
};

} // namespace provisiond::flood
