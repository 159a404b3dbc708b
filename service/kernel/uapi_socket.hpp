#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace provisiond::kernel {

// One connection to the socket of a userspace WireGuard interface, for one transaction: some
// implementations close after the first. Every call ends within two seconds of silence. Move-only,
// one thread.
class UapiSocket {
 public:
  // The folder where implementations make NAME.sock.
  static constexpr const char* folder = "/var/run/wireguard";
  static std::string path_of(const std::string& interface);

  // Codes: ENOENT (no socket), ENODEV (a socket that nobody serves), EPERM (not allowed to use it).
  static Result<UapiSocket> connect(const std::string& interface);

  // When the other side has stopped reading, that is no error here: its answer tells why.
  Status send(std::span<const std::uint8_t> bytes);
  // Waits for the next bytes; at least one, or an Error (ECONNRESET at the end of the stream).
  Result<std::size_t> receive(std::span<std::uint8_t> into);

 private:
  explicit UapiSocket(UniqueFd fd) : fd_{std::move(fd)} {}

  UniqueFd fd_;
};

} // namespace provisiond::kernel
