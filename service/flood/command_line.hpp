#pragma once

#include "base/result.hpp"
#include "flood/order.hpp"

#include <cstdint>
#include <string>

namespace CLI {
class App;
} // namespace CLI

namespace provisiond::flood {

enum class Format : std::uint8_t { text, json };
enum class Target : std::uint8_t { must_be_here, is_owned };

// What the command line said, within the limits of `order.hpp` but not yet understood.
struct Arguments {
  std::string kind{};
  std::string to{};
  std::string gateway_key{};
  double rate = default_rate;
  double seconds = default_seconds;
  std::uint64_t packets = default_packets;
  std::size_t distinct = default_distinct;
  double wait_seconds = 1;
  std::string cookies = "ignore";
  std::uint16_t from_port = 0;
  std::string source_prefix{};
  std::uint32_t sources = 0; // 0: as many as the prefix has, up to 65,536
  std::string keys_file{};
  std::string claimed{};
  std::string load_file{};
  std::string save_file{};
  Format format = Format::text;
  Target target = Target::must_be_here;
};

// What it is for, and in the last line what its exit status means.
inline constexpr const char* program_help =
    "wg-handshake-flood: sends WireGuard handshake initiations to a gateway of your own and\n"
    "tells what came back: to measure handshakes a second, and how a gateway bears a flood.\n"
    "It sends to this machine and its network namespaces only, unless --i-own-the-target.\n"
    "Exit status: 0 done or interrupted, 1 failed, 2 wrong usage or a target elsewhere";

// Declares the options, with their limits, which the parser holds.
void declare(CLI::App& parser, Arguments& arguments);

// What is ordered; says what is missing or does not fit together.
Result<Order> order_of(const Arguments& arguments);

} // namespace provisiond::flood
