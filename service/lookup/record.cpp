#include "lookup/record.hpp"

#include "postgres/array_literal.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace provisiond::lookup {
namespace {

using postgres::read_hex;

struct VerdictWord {
  std::string_view word;
  Refusal refusal;
};

constexpr std::array<VerdictWord, 7> refusing_words{{
    {"unknown", Refusal::unknown_key},
    {"revoked", Refusal::revoked},
    {"disabled", Refusal::disabled},
    {"not_yet_valid", Refusal::not_yet_valid},
    {"expired", Refusal::expired},
    {"other_network", Refusal::other_network},
    {"not_enrolled", Refusal::not_enrolled},
}};

template <class Number>
std::optional<Number> read_number(std::string_view text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const std::from_chars_result result = std::from_chars(text.data(), end, number);
  if (result.ec != std::errc{} || result.ptr != end) return std::nullopt;
  return number;
}

// "{10.0.0.1/32,fd00::/64}"; prefixes hold nothing that PostgreSQL would quote.
std::optional<std::vector<IpPrefix>> read_prefixes(std::string_view text, std::size_t maximum) {
  if (text.size() < 2 || text.front() != '{' || text.back() != '}') return std::nullopt;
  std::string_view rest = text.substr(1, text.size() - 2);
  std::vector<IpPrefix> prefixes;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    const std::optional<IpPrefix> prefix = IpPrefix::parse(rest.substr(0, comma));
    if (!prefix || prefixes.size() == maximum) return std::nullopt;
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

// One that nobody can have had counts as the oldest: a gateway whose clock was not set may say it.
std::optional<WallTime> read_session_time(std::string_view text) {
  if (text.starts_with('-') || text == "0") return WallTime{};
  return read_expiry(text);
}

bool read_boolean(const std::optional<std::string_view>& text, bool& value) {
  value = text == "t";
  return value || text == "f";
}

bool read_session(const Row& row, PeerRecord& record) {
  constexpr std::size_t longest_gateway = 1'020; // 255 characters of UTF-8
  constexpr std::size_t longest_interface = 15;
  constexpr std::size_t uuid_length = 36;
  if (row.session_gateway.has_value() != row.session_interface.has_value()) return false;
  if (!row.session_gateway) return true;
  const std::string_view gateway = *row.session_gateway;
  const std::string_view interface = *row.session_interface;
  if (gateway.empty() || gateway.size() > longest_gateway) return false;
  if (interface.empty() || interface.size() > longest_interface) return false;
  SessionHolder& holder = record.held_by.emplace();
  holder.gateway = gateway;
  holder.interface = interface;
  if (row.session_run) {
    if (row.session_run->size() != uuid_length) return false;
    holder.run = *row.session_run;
  }
  if (!row.session_at_us) return true;
  holder.since = read_session_time(*row.session_at_us);
  return holder.since.has_value();
}

// Known also of a key that has no session, from the time of an earlier peer.
bool read_initiation(const Row& row, PeerRecord& record) {
  if (!row.newest_initiation) return true;
  return read_hex(*row.newest_initiation, record.newest_initiation.emplace());
}

// What the network says as well, so that a device on trial has it.
bool read_rules(const Row& row, PeerRecord& record) {
  constexpr std::size_t most_sources = 64;
  constexpr std::int64_t shortest_idle_s = 180;
  constexpr std::int64_t longest_idle_s = 30 * 86'400;
  if (row.idle_timeout_s) {
    const std::optional<std::int64_t> seconds = read_number<std::int64_t>(*row.idle_timeout_s);
    if (!seconds || *seconds < shortest_idle_s || *seconds > longest_idle_s) return false;
    record.idle_timeout = std::chrono::seconds{*seconds};
  }
  if (row.allowed_sources) {
    std::optional<std::vector<IpPrefix>> sources =
        read_prefixes(*row.allowed_sources, most_sources);
    if (!sources || sources->empty()) return false; // empty would mean: from anywhere
    record.allowed_sources = std::move(*sources);
  }
  return read_boolean(row.roaming, record.may_roam) &&
         read_boolean(row.several_gateways, record.may_be_on_several_gateways);
}

Verdict read_found(const Row& row, const PublicKey& asked) {
  if (!row.peer_id || !row.keepalive_seconds || !row.allowed_ips) return Refusal::invalid_row;
  const std::optional<std::int64_t> id = read_number<std::int64_t>(*row.peer_id);
  const std::optional<std::uint16_t> keepalive = read_number<std::uint16_t>(*row.keepalive_seconds);
  std::optional<std::vector<IpPrefix>> prefixes =
      read_prefixes(*row.allowed_ips, PeerRecord::maximum_allowed_ips);
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
  if (!read_session(row, record) || !read_initiation(row, record) || !read_rules(row, record))
    return Refusal::invalid_row;
  if (!read_boolean(row.evict_last, record.is_evicted_last)) return Refusal::invalid_row;
  return record;
}

Verdict read_on_trial(const Row& row, const PublicKey& asked) {
  PeerRecord record;
  record.key = asked;
  record.is_on_trial = true;
  if (row.preshared_key && !read_preshared_key(*row.preshared_key, record.preshared_key))
    return Refusal::invalid_row;
  if (!read_initiation(row, record) || !read_rules(row, record)) return Refusal::invalid_row;
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
  if (*row.verdict == "expected" || *row.verdict == "trial") return read_on_trial(row, asked);
  return *row.verdict == "found" ? read_found(row, asked) : Verdict{Refusal::invalid_row};
}

} // namespace provisiond::lookup
