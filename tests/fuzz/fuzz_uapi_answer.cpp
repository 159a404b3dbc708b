// Any bytes as a userspace device's answer, in pieces of any size (the first byte says which): it
// is understood the same way in one piece, keeps to its limits, and what was understood, written
// anew, says the same.

#include "fuzz/input.hpp"
#include "fuzz/peers.hpp"
#include "fuzz/targets.hpp"
#include "kernel/uapi_answer.hpp"
#include "kernel/wall_seconds.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <string>

namespace provisiond::fuzz::fuzz_uapi_answer {

using provisiond::kernel::DeviceIdentity;
using provisiond::kernel::PeerState;
using provisiond::kernel::UapiAnswer;

namespace {

constexpr std::size_t maximum_peers = 6;

struct Understood {
  UapiAnswer::Progress progress{};
  int code = 0;
  bool carries_fields_over = false;
  DeviceIdentity identity;
  std::vector<PeerState> peers;
};

// Nothing when the answer is refused.
std::optional<Understood> read(Bytes bytes, std::size_t piece_length) {
  UapiAnswer answer{maximum_peers};
  Pieces pieces{bytes, piece_length};
  Result<UapiAnswer::Progress> progress = answer.feed({});
  for (Bytes piece = pieces.next(); progress && !piece.empty(); piece = pieces.next())
    progress = answer.feed(piece);
  if (!progress) {
    require(progress.error().code() == EPROTO && progress.error().message().size() < 80);
    return std::nullopt;
  }
  return Understood{.progress = *progress,
                    .code = answer.code(),
                    .carries_fields_over = answer.carries_fields_over(),
                    .identity = answer.take_identity(),
                    .peers = answer.take_peers()};
}

std::string hex(std::span<const std::uint8_t> bytes) {
  std::string text(2 * bytes.size() + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
  text.pop_back();
  return text;
}

std::string text_of(const Endpoint& endpoint) {
  if (endpoint.scope == 0) return endpoint.to_string();
  return fmt::format("[{}%{}]:{}", endpoint.address.to_string(), endpoint.scope, endpoint.port);
}

std::string text_of(const PeerState& peer) {
  const std::chrono::nanoseconds time = peer.last_handshake.time_since_epoch();
  const std::chrono::seconds seconds = std::chrono::floor<std::chrono::seconds>(time);
  std::string text = fmt::format("public_key={}\n", hex(peer.key.bytes));
  if (peer.endpoint) text += fmt::format("endpoint={}\n", text_of(*peer.endpoint));
  text += fmt::format("last_handshake_time_sec={}\nlast_handshake_time_nsec={}\ntx_bytes={}\n"
                      "rx_bytes={}\npersistent_keepalive_interval={}\n",
                      seconds.count(), (time - seconds).count(), peer.sent_bytes,
                      peer.received_bytes, peer.keepalive_seconds);
  for (const IpPrefix& prefix : peer.allowed_ips)
    text += fmt::format("allowed_ip={}\n", prefix.to_string());
  return text;
}

std::string text_of(const Understood& answer) {
  std::string text;
  if (answer.identity.private_key)
    text += fmt::format("private_key={}\n", hex(answer.identity.private_key->bytes()));
  if (answer.carries_fields_over) text += "own_public_key=\n";
  text += fmt::format("listen_port={}\nfwmark={}\n", answer.identity.listen_port,
                      answer.identity.fwmark);
  for (const PeerState& peer : answer.peers)
    text += text_of(peer);
  return text + fmt::format("errno={}\n\n", answer.code);
}

void require_same(const Understood& one, const Understood& other) {
  require(one.code == other.code && one.carries_fields_over == other.carries_fields_over);
  require(one.identity.listen_port == other.identity.listen_port);
  require(one.identity.fwmark == other.identity.fwmark);
  const bool has_key = one.identity.private_key.has_value();
  require(has_key == other.identity.private_key.has_value());
  require(!has_key || one.identity.private_key->equals(*other.identity.private_key));
  require(one.peers.size() == other.peers.size());
  for (std::size_t i = 0; i < one.peers.size(); ++i)
    fuzz::require_same(one.peers[i], other.peers[i]);
}

void check(Bytes bytes, std::size_t piece_length) {
  const std::optional<Understood> whole = read(bytes, bytes.size());
  const std::optional<Understood> cut = read(bytes, piece_length);
  require(whole.has_value() == cut.has_value());
  if (!whole) return;
  require(whole->progress == cut->progress);
  require_same(*whole, *cut);

  require(whole->code >= 0 && whole->code <= 4095);
  require(whole->identity.ifindex == 0 && whole->peers.size() <= maximum_peers);
  require(!whole->identity.private_key || !whole->identity.private_key->is_zero());
  for (const PeerState& peer : whole->peers)
    require_sound(peer);
  if (whole->progress != UapiAnswer::Progress::complete) return;
  const std::string written = text_of(*whole);
  const std::optional<Understood> again =
      read({reinterpret_cast<const std::uint8_t*>(written.data()), written.size()}, piece_length);
  require(again.has_value() && again->progress == UapiAnswer::Progress::complete);
  require_same(*whole, *again);
}

} // namespace

void run(Bytes bytes) {
  Input input{bytes};
  const std::size_t piece_length = input.number<std::uint8_t>();
  check(input.rest(), piece_length);
}

} // namespace provisiond::fuzz::fuzz_uapi_answer
