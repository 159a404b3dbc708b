#pragma once

#include "base/result.hpp"
#include "kernel/wg_device.hpp"
#include "kernel/wiped_buffer.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace provisiond::kernel {

// Reads the answer to `get=1` or `set=1` as it comes, in pieces of any size. Unknown keys are
// skipped, as the protocol wants; a known key with a value that does not parse, a line longer than
// `maximum_line_bytes` and more peers than the limit are Errors, after which the object is
// only good to be destroyed. Errors name the key, never the value. Holds at most one partial line,
// wiped. No I/O but the name look-up of an IPv6 zone (if_nametoindex).
class UapiAnswer {
 public:
  static constexpr std::size_t maximum_line_bytes = 1024;
  static constexpr std::size_t default_maximum_peers = std::size_t{1} << 20;

  // How far the answer has been read: the device's own lines, its peers, everything.
  enum class Progress : std::uint8_t { device, peers, complete };

  UapiAnswer() : UapiAnswer(default_maximum_peers) {}
  explicit UapiAnswer(std::size_t maximum_peers)
      : line_{maximum_line_bytes}, maximum_peers_{maximum_peers} {}

  Result<Progress> feed(std::span<const std::uint8_t> bytes);

  // The errno value that the device answered, positive; 0 is success. Valid once complete.
  [[nodiscard]] int code() const { return code_.value_or(0); }
  // True for boringtun, which alone reports its public key: a stanza inherits the preshared key,
  // the endpoint, the keepalive and even `remove` of the stanza before it (src/device/api.rs:
  // api_set_peer), so that an operation must have only one.
  [[nodiscard]] bool carries_fields_over() const { return carries_fields_over_; }
  // ifindex is not part of the protocol and stays 0.
  DeviceIdentity take_identity() { return std::move(identity_); }
  std::vector<PeerState> take_peers() { return std::move(peers_); }

 private:
  struct Field {
    std::string_view name;
    bool (UapiAnswer::*read)(std::string_view value);
  };
  static std::span<const Field> device_fields();
  static std::span<const Field> peer_fields();

  Status read_line(std::string_view line);
  Status end();
  bool read_private_key(std::string_view value);
  bool read_own_public_key(std::string_view value);
  bool read_listen_port(std::string_view value);
  bool read_fwmark(std::string_view value);
  bool read_errno(std::string_view value);
  bool begin_peer(std::string_view value);
  bool read_endpoint(std::string_view value);
  bool read_handshake_seconds(std::string_view value);
  bool read_handshake_nanoseconds(std::string_view value);
  bool read_received_bytes(std::string_view value);
  bool read_sent_bytes(std::string_view value);
  bool read_keepalive(std::string_view value);
  bool read_allowed_ip(std::string_view value);

  WipedBuffer line_;
  std::size_t maximum_peers_;
  Progress progress_ = Progress::device;
  std::optional<int> code_;
  bool carries_fields_over_ = false;
  DeviceIdentity identity_;
  std::vector<PeerState> peers_;
};

} // namespace provisiond::kernel
