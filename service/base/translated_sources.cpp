#include "base/translated_sources.hpp"

#include <algorithm>
#include <array>

namespace provisiond {

namespace {

constexpr std::size_t reserved_byte = 8; // RFC 6052, section 2.2: bits 64 to 71 hold nothing

IpAddress embedded_in(const IpAddress& address, std::size_t prefix_bytes) {
  IpAddress embedded;
  std::size_t from = prefix_bytes;
  for (std::size_t i = 0; i < 4; ++i) {
    if (from == reserved_byte) ++from;
    embedded.bytes[i] = address.bytes[from++];
  }
  return embedded;
}

} // namespace

bool TranslatedSources::is_possible(const IpPrefix& prefix) {
  constexpr std::array<std::uint8_t, 6> lengths{32, 40, 48, 56, 64, 96};
  return prefix.address.family == IpAddress::Family::v6 &&
         std::ranges::find(lengths, prefix.length) != lengths.end();
}

IpAddress TranslatedSources::origin_of(const IpAddress& source) const {
  if (source.family == IpAddress::Family::v4) return source;
  for (const IpPrefix& prefix : prefixes_)
    if (prefix.contains(source)) return embedded_in(source, prefix.length / 8U);
  return source;
}

} // namespace provisiond
