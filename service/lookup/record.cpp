#include "lookup/record.hpp"

#include <sodium.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

namespace provisiond::lookup {
namespace {

struct VerdictWord {
  std::string_view word;
  Refusal refusal;
};

constexpr std::array<VerdictWord, 5> refusing_words{{
    {"unknown", Refusal::unknown_key},
    {"disabled", Refusal::disabled},
    {"not_yet_valid", Refusal::not_yet_valid},
    {"expired", Refusal::expired},
    {"other_network", Refusal::other_network},
}};

bool read_hex(std::string_view text, std::span<std::uint8_t, 32> bytes) {
  std::size_t length = 0;
  const char* end = nullptr;
  const int status =
      sodium_hex2bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &length, &end);
  return status == 0 && length == bytes.size() && end == text.data() + text.size();
}

template <class Number>
std::optional<Number> read_number(std::string_view text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const std::from_chars_result result = std::from_chars(text.data(), end, number);
  if (result.ec != std::errc{} || result.ptr != end) return std::nullopt;
  return number;
}

// "{10.0.0.1/32,fd00::/64}"; prefixes hold nothing that PostgreSQL would quote.
std::optional<std::vector<IpPrefix>> read_prefixes(std::string_view text) {
  if (text.size() < 2 || text.front() != '{' || text.back() != '}') return std::nullopt;
  std::string_view rest = text.substr(1, text.size() - 2);
  std::vector<IpPrefix> prefixes;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    const std::optional<IpPrefix> prefix = IpPrefix::parse(rest.substr(0, comma));
    if (!prefix || prefixes.size() == PeerRecord::maximum_allowed_ips) return std::nullopt;
    prefixes.push_back(*prefix);
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
    if (rest.empty()) return std::nullopt;
  }
  return prefixes;
}

bool read_preshared_key(std::string_view hex, std::optional<PresharedKey>& key) {
  key.emplace();
  return read_hex(hex, key->writable()) && !key->is_zero();
}

std::optional<WallTime> read_expiry(std::string_view text) {
  constexpr std::int64_t last = std::numeric_limits<std::int64_t>::max() / 1'000;
  const std::optional<std::int64_t> microseconds = read_number<std::int64_t>(text);
  if (!microseconds || *microseconds <= 0 || *microseconds > last) return std::nullopt;
  return WallTime{std::chrono::nanoseconds{std::chrono::microseconds{*microseconds}}};
}

Verdict read_found(const Row& row, const PublicKey& asked) {
  if (!row.peer_id || !row.keepalive_seconds || !row.allowed_ips) return Refusal::invalid_row;
  const std::optional<std::int64_t> id = read_number<std::int64_t>(*row.peer_id);
  const std::optional<std::uint16_t> keepalive = read_number<std::uint16_t>(*row.keepalive_seconds);
  std::optional<std::vector<IpPrefix>> prefixes = read_prefixes(*row.allowed_ips);
  if (!id || *id <= 0 || !keepalive || !prefixes) return Refusal::invalid_row;

  PeerRecord record;
  record.id = *id;
  record.key = asked;
  record.keepalive_seconds = *keepalive;
  record.allowed_ips = std::move(*prefixes);
  if (row.preshared_key && !read_preshared_key(*row.preshared_key, record.preshared_key))
    return Refusal::invalid_row;
  if (row.expires_at_us) {
    record.expires_at = read_expiry(*row.expires_at_us);
    if (!record.expires_at) return Refusal::invalid_row;
  }
  return record;
}

} // namespace

Verdict read_row(const Row& row, const PublicKey& asked) {
  if (!row.verdict || !row.public_key) return Refusal::invalid_row;
  PublicKey key;
  if (!read_hex(*row.public_key, key.bytes) || key != asked || key == PublicKey{})
    return Refusal::invalid_row;
  for (const VerdictWord& refusing : refusing_words) {
    if (*row.verdict == refusing.word) return refusing.refusal;
  }
  return *row.verdict == "found" ? read_found(row, asked) : Verdict{Refusal::invalid_row};
}

} // namespace provisiond::lookup
