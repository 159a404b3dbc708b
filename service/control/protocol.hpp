#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "control/question.hpp"
#include "handoff/peer_view.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// The lines on the control socket: JSON objects, one to a line, both ways. A client sends requests
//
//   {"request": "status"}
//   {"request": "peers", "interface": "wg0", "state": "live"}     (both may be left out)
//   {"request": "drain"}
//   {"request": "resume"}
//   {"request": "accept-database", "identity": "..."}
//   {"request": "explain", "key": "...", "interface": "wg0"}      (without it: all)
//   {"request": "explain", "source": "192.0.2.7"}
//   {"request": "attack-mode", "mode": "on"}                      (or off, or auto)
//
// and reads any number of lines for each. The last one is {"done": true}, or tells why the answer
// ends: {"error": "...", "code": "usage"}. What comes without it has been cut off.

namespace provisiond::control {

inline constexpr const char* default_socket = "/run/wg-provisiond/control.sock";
inline constexpr std::size_t longest_request = 4096; // bytes, the newline included

enum class Command : std::uint8_t {
  status,
  peers,
  drain,
  resume,
  accept_database,
  explain,
  attack_mode
};

struct Request {
  Command command = Command::status;
  std::string interface;          // of `peers` and of a key; empty: all
  std::string state;              // of `peers`; empty: all
  std::string identity{};         // of `accept-database`
  std::optional<PublicKey> key{}; // of `explain`: this, or a source
  std::optional<IpAddress> source{};
  std::optional<AttackOrder> mode{}; // of `attack-mode`
};

// Whatever the bytes: a request, or what is wrong with it.
Result<Request> parse_request(std::string_view line);

// A class of errors is a word for programs: usage, refused, not_found, busy.
std::string error_line(std::string_view code, std::string_view text);
std::string done_line();

std::string line_of(const Overview& overview);
std::string line_of(const DrainAnswer& answer);
std::string line_of(const AttackAnswer& answer);
// `interface` is its name; `now` tells how long ago.
std::string line_of(const PeerView& peer, std::string_view interface, TimePoint now);
std::string line_of(const KeyExplanation& explanation, std::string_view interface, TimePoint now);
std::string line_of(const SourceExplanation& explanation);

} // namespace provisiond::control
