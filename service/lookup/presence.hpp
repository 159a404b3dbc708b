#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace provisiond::lookup {

// What a gateway is to the database. The name is for people; a run is one daemon from its start to
// its end, told apart from all others by a random UUID.
struct Gateway {
  std::string name = "gateway";
  std::string version = "unknown"; // of this build
  std::string run{};               // empty: none, for tools that claim nothing
  std::string machine{};           // a hash of the machine id; empty where there is none
  std::string host = "localhost";
};

// Whether a run goes on after it has reported, or ends.
enum class Stay : std::uint8_t { goes_on, ends };

// Who else is alive under the name of this gateway.
struct Presence {
  std::vector<std::string> others{}; // their host names
  bool is_refused = false;           // another machine was there first: our claims are not taken
  bool operator==(const Presence&) const = default;
};

} // namespace provisiond::lookup
