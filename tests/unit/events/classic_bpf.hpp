#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <span>

namespace provisiond::test {

// What the kernel knows of a packet besides its bytes.
struct PacketMetadata {
  std::uint32_t packet_type = 0; // PACKET_HOST
};

// Runs a classic BPF program as the kernel does (Documentation/networking/filter.rst), for the
// instructions that our filters use, and gives how many bytes of the packet it lets through: 0 is a
// drop. Reading behind the packet drops it, as in the kernel. Throws std::logic_error for an
// instruction that it does not know, a jump out of the program or a missing return.
std::uint32_t run_classic_bpf(std::span<const sock_filter> program,
                              std::span<const std::uint8_t> packet, PacketMetadata metadata = {});

} // namespace provisiond::test
