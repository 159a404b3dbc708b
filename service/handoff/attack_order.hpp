#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace provisiond {

// What the operator wants of the attack mode. The text is the word on the control socket.
enum class AttackOrder : std::uint8_t { automatic, on, off };
inline constexpr std::array<std::string_view, 3> attack_order_names{"auto", "on", "off"};
constexpr std::string_view to_string(AttackOrder order) {
  return attack_order_names[static_cast<std::size_t>(order)];
}

} // namespace provisiond
