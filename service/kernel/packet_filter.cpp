#include "kernel/packet_filter.hpp"

#include <linux/if_packet.h>
#include <linux/in.h>

#include <algorithm>
#include <initializer_list>

namespace provisiond::kernel {

namespace {

using Program = std::vector<sock_filter>;

constexpr std::uint32_t pass_whole = 0xffff'ffff;
constexpr std::uint32_t drop = 0;

// Offsets in an IPv4 header (RFC 791), an IPv6 header and its extensions (RFC 8200), and UDP.
constexpr std::uint32_t v4_fragment = 6;
constexpr std::uint32_t v4_fragment_offset_bits = 0x1fff;
constexpr std::uint32_t v4_protocol = 9;
constexpr std::uint32_t v6_payload_length = 4;
constexpr std::uint32_t v6_next_header = 6;
constexpr std::uint32_t v6_header_length = 40;
constexpr std::uint32_t v6_fragment_offset_bits = 0xfff8;
constexpr std::uint32_t v6_minimum_mtu = 1280;
constexpr std::uint32_t extension_fragment = 2;
constexpr std::uint32_t udp_destination = 2;
constexpr std::uint32_t udp_length = 4;
constexpr std::uint32_t udp_payload = 8;
constexpr std::uint32_t hop_by_hop_options = 0;
constexpr std::uint32_t routing_header = 43;
constexpr std::uint32_t fragment_header = 44;
constexpr std::uint32_t destination_options = 60;

// Two instructions, without the parts of their codes that are zero (BPF_W, BPF_IMM, BPF_K).
constexpr std::uint16_t set_x = BPF_LDX | BPF_IMM;
constexpr std::uint16_t add_constant = BPF_ALU | BPF_ADD;

void emit(Program& program, std::uint16_t code, std::uint32_t operand) {
  program.push_back(sock_filter{code, 0, 0, operand});
}

// How many instructions a jump leaves out.
struct Skip {
  std::uint8_t if_true = 0;
  std::uint8_t if_false = 0;
};

void emit_jump(Program& program, std::uint16_t test, std::uint32_t operand, Skip skip) {
  program.push_back(sock_filter{static_cast<std::uint16_t>(BPF_JMP | test | BPF_K), skip.if_true,
                                skip.if_false, operand});
}

void drop_unless_equal(Program& program, std::uint32_t value) {
  emit_jump(program, BPF_JEQ, value, {.if_true = 1}); // over the drop
  emit(program, BPF_RET | BPF_K, drop);
}

void drop_if_any_bit(Program& program, std::uint32_t bits) {
  emit_jump(program, BPF_JSET, bits, {.if_false = 1}); // over the drop
  emit(program, BPF_RET | BPF_K, drop);
}

// Multicast, other hosts' packets on a promiscuous device, and what this host sends are not for the
// device's port.
void require_sent_to_us(Program& program) {
  emit(program, BPF_LD | BPF_B | BPF_ABS, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_PKTTYPE));
  drop_unless_equal(program, PACKET_HOST);
}

// The end of either program: X is the offset of the UDP header. Length and type first, because
// WireGuard's data packets go to the same port and fail here.
void match_datagram(Program& program, const DatagramPattern& pattern,
                    std::span<const std::uint16_t> ports, PortMatch match) {
  emit(program, BPF_LD | BPF_H | BPF_IND, udp_length);
  drop_unless_equal(program, pattern.udp_length);
  emit(program, BPF_LD | BPF_W | BPF_IND, udp_payload);
  drop_unless_equal(program, pattern.first_word);
  emit(program, BPF_LD | BPF_H | BPF_IND, udp_destination);
  std::size_t left = ports.size();
  for (const std::uint16_t port : ports) {
    // Over the comparisons that are left and the first return, to the second.
    emit_jump(program, BPF_JEQ, port, {.if_true = static_cast<std::uint8_t>(left)});
    --left;
  }
  emit(program, BPF_RET | BPF_K, match == PortMatch::among ? drop : pass_whole);
  emit(program, BPF_RET | BPF_K, match == PortMatch::among ? pass_whole : drop);
}

void find_udp_v4(Program& program) {
  emit(program, BPF_LD | BPF_B | BPF_ABS, v4_protocol);
  drop_unless_equal(program, IPPROTO_UDP);
  emit(program, BPF_LD | BPF_H | BPF_ABS, v4_fragment);
  drop_if_any_bit(program, v4_fragment_offset_bits);
  emit(program, BPF_LDX | BPF_B | BPF_MSH, 0); // X = 4 * (low nibble of byte 0)
}

// The body of one step of the walk, entered with A = the type and X = the offset of a header that
// is not UDP; left with those of the header behind it.
Program step_over_extension() {
  Program step;
  // To the walk, 5 instructions behind the last of these comparisons: over what is left of them,
  // the drop and the three of the fragment check.
  emit_jump(step, BPF_JEQ, hop_by_hop_options, {.if_true = 7});
  emit_jump(step, BPF_JEQ, routing_header, {.if_true = 6});
  emit_jump(step, BPF_JEQ, destination_options, {.if_true = 5});
  emit_jump(step, BPF_JEQ, fragment_header, {.if_true = 1}); // over the drop
  emit(step, BPF_RET | BPF_K, drop);
  emit(step, BPF_LD | BPF_H | BPF_IND, extension_fragment);
  drop_if_any_bit(step, v6_fragment_offset_bits);
  // The walk: A = next header, X += 8 * (length byte + 1). A fragment header has a reserved zero
  // where others have their length, and is 8 bytes long.
  emit(step, BPF_LD | BPF_B | BPF_IND, 0);
  emit(step, BPF_ST, 0);
  emit(step, BPF_LD | BPF_B | BPF_IND, 1);
  emit(step, add_constant, 1);
  emit(step, BPF_ALU | BPF_LSH | BPF_K, 3);
  emit(step, BPF_ALU | BPF_ADD | BPF_X, 0);
  emit(step, BPF_MISC | BPF_TAX, 0);
  emit(step, BPF_LD | BPF_MEM, 0);
  return step;
}

void find_udp_v6(Program& program, const DatagramPattern& pattern) {
  emit(program, BPF_LD | BPF_B | BPF_ABS, v6_next_header);
  emit(program, set_x, v6_header_length);
  // Classic BPF cannot jump back, so the loop is written out. At UDP each step is skipped.
  const Program step = step_over_extension();
  for (unsigned i = 0; i < maximum_filter_extensions; ++i) {
    emit_jump(program, BPF_JEQ, IPPROTO_UDP, {.if_true = static_cast<std::uint8_t>(step.size())});
    program.insert(program.end(), step.begin(), step.end());
  }
  emit_jump(program, BPF_JEQ, IPPROTO_UDP, {.if_true = 5}); // to the code behind this function
  // More headers than we walk: pass it if the length leaves room for the pattern, else drop.
  emit(program, BPF_LD | BPF_H | BPF_ABS, v6_payload_length);
  emit_jump(program, BPF_JGE, pattern.udp_length, {.if_false = 2});               // to the drop
  emit_jump(program, BPF_JGT, v6_minimum_mtu - v6_header_length, {.if_true = 1}); // to the drop
  emit(program, BPF_RET | BPF_K, pass_whole);
  emit(program, BPF_RET | BPF_K, drop);
}

} // namespace

Program datagram_filter(IpAddress::Family family, const DatagramPattern& pattern,
                        std::span<const std::uint16_t> ports, PortMatch match) {
  Program program;
  if (ports.empty()) {
    emit(program, BPF_RET | BPF_K, drop);
    return program;
  }
  require_sent_to_us(program);
  if (family == IpAddress::Family::v4) {
    find_udp_v4(program);
  } else {
    find_udp_v6(program, pattern);
  }
  match_datagram(program, pattern, ports.first(std::min(ports.size(), maximum_filter_ports)),
                 match);
  return program;
}

} // namespace provisiond::kernel
