#include "lookup/array_literal.hpp"

#include <sodium.h>

#include <array>
#include <string_view>

namespace provisiond::lookup {
namespace {

// {"one","two"}; within quotes only the quote and the backslash are special.
void append_quoted(std::string& literal, std::string_view value) {
  literal += literal.size() == 1 ? "\"" : ",\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') literal += '\\';
    literal += c;
  }
  literal += '"';
}

} // namespace

std::string network_array(std::span<const LookupRequest> requests,
                          std::span<const std::string> networks) {
  std::string literal = "{";
  for (const LookupRequest& request : requests) {
    const bool is_known = request.interface.value < networks.size();
    append_quoted(literal, is_known ? std::string_view{networks[request.interface.value]} : "");
  }
  return literal += '}';
}

std::string key_array(std::span<const LookupRequest> requests) {
  constexpr std::size_t quoted_length = 70;
  std::string literal = "{";
  literal.reserve(requests.size() * quoted_length + 2);
  for (const LookupRequest& request : requests) {
    std::array<char, 2 * sizeof request.key.bytes + 1> hex{};
    sodium_bin2hex(hex.data(), hex.size(), request.key.bytes.data(), request.key.bytes.size());
    append_quoted(literal, std::string{"\\x"} + hex.data());
  }
  return literal += '}';
}

} // namespace provisiond::lookup
