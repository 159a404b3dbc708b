#pragma once

#include "base/clock.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace provisiond::evict {

// Why a peer is taken out again.
enum class Reason : std::uint8_t { never_connected };

inline constexpr std::array<std::string_view, 1> reason_names{"never_connected"};
constexpr std::string_view to_string(Reason reason) {
  return reason_names[static_cast<std::size_t>(reason)];
}

// What the policy needs to know of a peer.
struct Standing {
  TimePoint installed_at;
  bool has_session = false;
};

struct Limits {
  Duration greeting_deadline; // no session this long after install
};

// The reason to evict, if there is one. Counts from the install, which the daemon remembers,
// because a device reports no creation time and "no handshake" as the year 1970. Pure.
[[nodiscard]] std::optional<Reason> judge(const Standing& standing, const Limits& limits,
                                          TimePoint now);

} // namespace provisiond::evict
