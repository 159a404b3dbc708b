#include "kernel/uapi_answer.hpp"

#include "kernel/wall_seconds.hpp"

#include <fmt/format.h>
#include <net/if.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string>

namespace provisiond::kernel {

namespace {

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const char* end = text.data() + text.size();
  const std::from_chars_result parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return value;
}

bool parse_key(std::string_view hex, std::span<std::uint8_t, 32> key) {
  std::size_t length = 0;
  const char* end = nullptr;
  const int status =
      sodium_hex2bin(key.data(), key.size(), hex.data(), hex.size(), nullptr, &length, &end);
  return status == 0 && length == key.size() && end == hex.data() + hex.size();
}

std::optional<std::uint32_t> parse_zone(std::string_view zone) {
  if (const std::optional<std::uint32_t> index = parse_number<std::uint32_t>(zone)) return index;
  const unsigned index = if_nametoindex(std::string{zone}.c_str());
  return index == 0 ? std::nullopt : std::optional<std::uint32_t>{index};
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t percent = text.find('%');
  if (percent == std::string_view::npos) return Endpoint::parse(text);
  const std::size_t bracket = text.find(']', percent);
  if (bracket == std::string_view::npos) return std::nullopt;
  const std::string without_zone =
      std::string{text.substr(0, percent)}.append(text.substr(bracket));
  std::optional<Endpoint> endpoint = Endpoint::parse(without_zone);
  if (!endpoint) return std::nullopt;
  const std::optional<std::uint32_t> zone =
      parse_zone(text.substr(percent + 1, bracket - percent - 1));
  if (!zone) return std::nullopt;
  endpoint->scope = *zone;
  return endpoint;
}

// Host bits are nobody's fault here: implementations report what they were given.
std::optional<IpPrefix> parse_prefix(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::optional<IpAddress> address = IpAddress::parse(text.substr(0, slash));
  const std::optional<unsigned> length = parse_number<unsigned>(text.substr(slash + 1));
  if (!address || !length || *length > address->bits()) return std::nullopt;
  return IpPrefix::covering(*address, *length);
}

template <class Number>
bool read_number(std::string_view text, Number& into) {
  const std::optional<Number> value = parse_number<Number>(text);
  if (value) into = *value;
  return value.has_value();
}

} // namespace

Result<UapiAnswer::Progress> UapiAnswer::feed(std::span<const std::uint8_t> bytes) {
  while (!bytes.empty() && progress_ != Progress::complete) {
    const std::span<const std::uint8_t>::iterator newline =
        std::find(bytes.begin(), bytes.end(), std::uint8_t{'\n'});
    const std::size_t length = static_cast<std::size_t>(newline - bytes.begin());
    if (length > line_.room().size()) {
      return fail(Error{fmt::format("a line is longer than {} bytes", maximum_line_bytes), EPROTO});
    }
    if (length > 0) std::memcpy(line_.room().data(), bytes.data(), length);
    line_.commit(length);
    if (newline == bytes.end()) break;
    bytes = bytes.subspan(length + 1);
    const std::span<const std::uint8_t> filled = line_.filled();
    const Status status = read_line({reinterpret_cast<const char*>(filled.data()), filled.size()});
    line_.clear();
    if (!status) return fail(status.error());
  }
  return progress_;
}

Status UapiAnswer::read_line(std::string_view line) {
  if (line.empty()) return end();
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) return fail(Error{"a line has no '='", EPROTO});
  const std::string_view name = line.substr(0, equals);
  if (name == "public_key" && peers_.size() >= maximum_peers_) {
    return fail(Error{fmt::format("more than {} peers", maximum_peers_), EPROTO});
  }
  const std::span<const Field> fields =
      progress_ == Progress::device ? device_fields() : peer_fields();
  for (const Field& field : fields) {
    if (field.name != name) continue;
    if ((this->*field.read)(line.substr(equals + 1))) return {};
    return fail(Error{fmt::format("the value of {} is malformed", name), EPROTO});
  }
  return {};
}

Status UapiAnswer::end() {
  if (!code_) return fail(Error{"the answer ends without errno", EPROTO});
  progress_ = Progress::complete;
  return {};
}

std::span<const UapiAnswer::Field> UapiAnswer::device_fields() {
  static constexpr std::array<Field, 6> fields{{
      {"private_key", &UapiAnswer::read_private_key},
      {"own_public_key", &UapiAnswer::read_own_public_key},
      {"listen_port", &UapiAnswer::read_listen_port},
      {"fwmark", &UapiAnswer::read_fwmark},
      {"public_key", &UapiAnswer::begin_peer},
      {"errno", &UapiAnswer::read_errno},
  }};
  return fields;
}

std::span<const UapiAnswer::Field> UapiAnswer::peer_fields() {
  static constexpr std::array<Field, 9> fields{{
      {"allowed_ip", &UapiAnswer::read_allowed_ip},
      {"public_key", &UapiAnswer::begin_peer},
      {"endpoint", &UapiAnswer::read_endpoint},
      {"last_handshake_time_sec", &UapiAnswer::read_handshake_seconds},
      {"last_handshake_time_nsec", &UapiAnswer::read_handshake_nanoseconds},
      {"tx_bytes", &UapiAnswer::read_sent_bytes},
      {"rx_bytes", &UapiAnswer::read_received_bytes},
      {"persistent_keepalive_interval", &UapiAnswer::read_keepalive},
      {"errno", &UapiAnswer::read_errno},
  }};
  return fields;
}

bool UapiAnswer::read_private_key(std::string_view value) {
  Secret<32>& key = identity_.private_key.emplace();
  if (!parse_key(value, key.writable())) return false;
  if (key.is_zero()) identity_.private_key.reset();
  return true;
}

bool UapiAnswer::read_own_public_key(std::string_view) {
  carries_fields_over_ = true;
  return true;
}

bool UapiAnswer::read_listen_port(std::string_view value) {
  return read_number(value, identity_.listen_port);
}

bool UapiAnswer::read_fwmark(std::string_view value) {
  return read_number(value, identity_.fwmark);
}

// Implementations disagree about the sign.
bool UapiAnswer::read_errno(std::string_view value) {
  const std::optional<int> code = parse_number<int>(value);
  if (!code || *code < -4095 || *code > 4095) return false;
  code_ = *code < 0 ? -*code : *code;
  return true;
}

bool UapiAnswer::begin_peer(std::string_view value) {
  progress_ = Progress::peers;
  return parse_key(value, peers_.emplace_back().key.bytes);
}

bool UapiAnswer::read_endpoint(std::string_view value) {
  peers_.back().endpoint = parse_endpoint(value);
  return peers_.back().endpoint.has_value();
}

bool UapiAnswer::read_handshake_seconds(std::string_view value) {
  std::int64_t seconds = 0;
  if (!read_number(value, seconds) || seconds < 0 || seconds > maximum_wall_seconds) return false;
  peers_.back().last_handshake = WallTime{std::chrono::seconds{seconds}};
  return true;
}

bool UapiAnswer::read_handshake_nanoseconds(std::string_view value) {
  std::int64_t nanoseconds = 0;
  if (!read_number(value, nanoseconds) || nanoseconds < 0 || nanoseconds > 999'999'999)
    return false;
  WallTime& time = peers_.back().last_handshake;
  time = std::chrono::floor<std::chrono::seconds>(time) + std::chrono::nanoseconds{nanoseconds};
  return true;
}

bool UapiAnswer::read_received_bytes(std::string_view value) {
  return read_number(value, peers_.back().received_bytes);
}

bool UapiAnswer::read_sent_bytes(std::string_view value) {
  return read_number(value, peers_.back().sent_bytes);
}

bool UapiAnswer::read_keepalive(std::string_view value) {
  return read_number(value, peers_.back().keepalive_seconds);
}

bool UapiAnswer::read_allowed_ip(std::string_view value) {
  const std::optional<IpPrefix> prefix = parse_prefix(value);
  if (prefix) peers_.back().allowed_ips.push_back(*prefix);
  return prefix.has_value();
}

} // namespace provisiond::kernel
