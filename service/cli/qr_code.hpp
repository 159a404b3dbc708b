#pragma once

#include "base/result.hpp"
#include "cli/secret_text.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace provisiond::cli {

// A square of modules, row by row, of which the lowest bit says dark. Drawn for a terminal: two
// rows of modules in one line of half blocks, black on white whatever the terminal's colours are,
// with the four white modules around that a reader needs.
SecretText draw_modules(std::span<const std::uint8_t> modules, std::size_t width);

// `text` as a QR code.
Result<SecretText> draw_qr_code(std::string_view text);

} // namespace provisiond::cli
