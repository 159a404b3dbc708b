#include "kernel/uapi_stanza.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>

namespace provisiond::kernel {

namespace {

void append_key(std::string_view name, std::span<const std::uint8_t, 32> key, WipedBuffer& out) {
  std::array<char, 65> hex{};
  sodium_bin2hex(hex.data(), hex.size(), key.data(), key.size());
  std::array<char, 96> line{};
  const std::size_t length = std::min(name.size(), line.size() - hex.size());
  std::copy_n(name.data(), length, line.data());
  std::copy_n(hex.data(), 64, line.data() + length);
  append_line({line.data(), length + 64}, out);
  sodium_memzero(hex.data(), hex.size());
  sodium_memzero(line.data(), line.size());
}

// As Endpoint::to_string, with the zone of a link-local address.
std::string endpoint_text(const Endpoint& endpoint) {
  if (endpoint.scope == 0) return endpoint.to_string();
  return fmt::format("[{}%{}]:{}", endpoint.address.to_string(), endpoint.scope, endpoint.port);
}

} // namespace

bool append_line(std::string_view line, WipedBuffer& out) {
  const std::span<std::uint8_t> room = out.room();
  if (room.size() < line.size() + 1) return false;
  if (!line.empty()) std::memcpy(room.data(), line.data(), line.size());
  room[line.size()] = '\n';
  out.commit(line.size() + 1);
  return true;
}

void append_stanza(const ChangePart& part, WipedBuffer& out) {
  const PeerChange& change = *part.change;
  append_key("public_key=", change.key.bytes, out);
  if (part.removes()) {
    append_line("remove=true", out);
    return;
  }
  if (part.only_updates()) append_line("update_only=true", out);
  if (part.is_first() && change.preshared_key) {
    append_key("preshared_key=", change.preshared_key->bytes(), out);
  }
  if (part.is_first() && change.endpoint) {
    append_line("endpoint=" + endpoint_text(*change.endpoint), out);
  }
  if (part.replaces_allowed_ips()) append_line("replace_allowed_ips=true", out);
  for (const IpPrefix& prefix : part.allowed_ips)
    append_line("allowed_ip=" + prefix.to_string(), out);
  if (part.sets_keepalive()) {
    append_line(fmt::format("persistent_keepalive_interval={}", *change.keepalive_seconds), out);
  }
}

std::size_t operation_length(std::span<const PeerChange> changes) {
  std::size_t bytes = 0;
  bool turned_on = false;
  for (std::size_t index = 0; index < changes.size(); ++index) {
    const PeerChange& change = changes[index];
    const std::size_t prefixes = change.allowed_ips ? change.allowed_ips->size() : 0;
    bytes += stanza_bytes + prefixes * allowed_ip_bytes;
    const bool inherits =
        turned_on && !change.keepalive_seconds && change.action != PeerChange::Action::remove;
    const bool fits = index < maximum_operation_changes && bytes <= maximum_operation_bytes - 64 &&
                      count_parts(change) == 1 && !inherits;
    if (!fits) return std::max<std::size_t>(1, index);
    if (change.keepalive_seconds) turned_on = *change.keepalive_seconds != 0;
  }
  return changes.size();
}

} // namespace provisiond::kernel
