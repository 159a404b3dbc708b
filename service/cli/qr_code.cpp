#include "cli/qr_code.hpp"

#include <qrencode.h>
#include <sodium.h>

#include <array>
#include <cerrno>
#include <memory>

namespace provisiond::cli {
namespace {

constexpr std::size_t quiet_zone = 4;
constexpr std::string_view black_on_white = "\x1b[38;5;16;48;5;231m";
constexpr std::string_view usual_colours = "\x1b[0m";
// By whether the upper and the lower module are dark.
constexpr std::array<std::array<std::string_view, 2>, 2> half_blocks{{{" ", "▄"}, {"▀", "█"}}};

struct FreeCode {
  void operator()(QRcode* code) const {
    const std::size_t width = static_cast<std::size_t>(code->width);
    sodium_memzero(code->data, width * width);
    QRcode_free(code);
  }
};

} // namespace

SecretText draw_modules(std::span<const std::uint8_t> modules, std::size_t width) {
  const std::size_t side = width + 2 * quiet_zone;
  const auto is_dark = [&](std::size_t row, std::size_t column) -> bool {
    if (row < quiet_zone || column < quiet_zone) return false;
    if (row >= quiet_zone + width || column >= quiet_zone + width) return false;
    return (modules[(row - quiet_zone) * width + column - quiet_zone] & 1U) != 0;
  };
  SecretText text;
  for (std::size_t row = 0; row < side; row += 2) {
    text += black_on_white;
    for (std::size_t column = 0; column < side; ++column) {
      const std::size_t upper = is_dark(row, column) ? 1 : 0;
      const std::size_t lower = is_dark(row + 1, column) ? 1 : 0;
      text += half_blocks[upper][lower];
    }
    text += usual_colours;
    text += '\n';
  }
  return text;
}

Result<SecretText> draw_qr_code(std::string_view text) {
  const std::unique_ptr<QRcode, FreeCode> code{
      QRcode_encodeData(static_cast<int>(text.size()),
                        reinterpret_cast<const unsigned char*>( // NOLINT(*-reinterpret-cast)
                            text.data()),
                        0, QR_ECLEVEL_L)};
  if (code == nullptr) return fail(Error::system("draw a QR code", errno));
  const std::size_t width = static_cast<std::size_t>(code->width);
  return draw_modules(std::span{code->data, width * width}, width);
}

} // namespace provisiond::cli
