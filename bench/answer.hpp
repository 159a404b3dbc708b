#pragma once

#include "base/secret.hpp"
#include "wire/messages.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace provisiond::bench {

using ResponseBytes = std::array<std::uint8_t, wire::ResponseLayout::size>;

// What a client without a preshared key answers to a gateway's initiation (white paper, sections
// 5.4.2 and 5.4.3), so that the gateway's device has its session and does not try again. nullopt
// when `initiation` is none, or not for this key. Keeps no session: what follows is not read.
std::optional<ResponseBytes> answer(const Secret<32>& private_key,
                                    std::span<const std::uint8_t> initiation);

} // namespace provisiond::bench
