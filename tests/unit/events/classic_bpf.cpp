#include "unit/events/classic_bpf.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <stdexcept>

namespace provisiond::test {

namespace {

struct Machine {
  std::span<const std::uint8_t> packet;
  PacketMetadata metadata;
  std::uint32_t a = 0;
  std::uint32_t x = 0;
  std::array<std::uint32_t, BPF_MEMWORDS> memory{};

  // Big-endian; nullopt behind the end of the packet.
  [[nodiscard]] std::optional<std::uint32_t> load(std::uint32_t offset, std::uint16_t code) const {
    if (offset == static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_PKTTYPE)) {
      return metadata.packet_type;
    }
    const std::size_t size = BPF_SIZE(code) == BPF_W ? 4 : BPF_SIZE(code) == BPF_H ? 2 : 1;
    if (offset + std::uint64_t{size} > packet.size()) return std::nullopt;
    std::uint32_t value = 0;
    for (const std::uint8_t byte : packet.subspan(offset, size)) {
      value = value << 8 | byte;
    }
    return value;
  }
};

// False: the packet was too short, which drops it.
bool load_a(Machine& machine, const sock_filter& instruction) {
  std::optional<std::uint32_t> value;
  switch (BPF_MODE(instruction.code)) {
  case BPF_ABS:
    value = machine.load(instruction.k, instruction.code);
    break;
  case BPF_IND:
    value = machine.load(machine.x + instruction.k, instruction.code);
    break;
  case BPF_MEM:
    value = machine.memory.at(instruction.k);
    break;
  default:
    throw std::logic_error{"unknown load"};
  }
  machine.a = value.value_or(0);
  return value.has_value();
}

bool load_x(Machine& machine, const sock_filter& instruction) {
  if (BPF_MODE(instruction.code) == BPF_IMM) {
    machine.x = instruction.k;
    return true;
  }
  if (BPF_MODE(instruction.code) != BPF_MSH) throw std::logic_error{"unknown load of X"};
  const std::optional<std::uint32_t> value = machine.load(instruction.k, BPF_B);
  machine.x = 4 * (value.value_or(0) & 0x0f);
  return value.has_value();
}

void calculate(Machine& machine, const sock_filter& instruction) {
  const std::uint32_t operand = BPF_SRC(instruction.code) == BPF_X ? machine.x : instruction.k;
  switch (BPF_OP(instruction.code)) {
  case BPF_ADD:
    machine.a += operand;
    break;
  case BPF_LSH:
    machine.a <<= operand;
    break;
  default:
    throw std::logic_error{"unknown arithmetic"};
  }
}

bool condition_holds(const Machine& machine, const sock_filter& instruction) {
  switch (BPF_OP(instruction.code)) {
  case BPF_JEQ:
    return machine.a == instruction.k;
  case BPF_JGT:
    return machine.a > instruction.k;
  case BPF_JGE:
    return machine.a >= instruction.k;
  case BPF_JSET:
    return (machine.a & instruction.k) != 0;
  default:
    throw std::logic_error{"unknown jump"};
  }
}

} // namespace

std::uint32_t run_classic_bpf(std::span<const sock_filter> program,
                              std::span<const std::uint8_t> packet, PacketMetadata metadata) {
  Machine machine{.packet = packet, .metadata = metadata};
  for (std::size_t at = 0; at < program.size(); ++at) {
    const sock_filter& instruction = program[at];
    switch (BPF_CLASS(instruction.code)) {
    case BPF_LD:
      if (!load_a(machine, instruction)) return 0;
      break;
    case BPF_LDX:
      if (!load_x(machine, instruction)) return 0;
      break;
    case BPF_ST:
      machine.memory.at(instruction.k) = machine.a;
      break;
    case BPF_ALU:
      calculate(machine, instruction);
      break;
    case BPF_JMP:
      at += condition_holds(machine, instruction) ? instruction.jt : instruction.jf;
      break;
    case BPF_RET:
      return instruction.k;
    case BPF_MISC:
      machine.x = machine.a;
      break;
    default:
      throw std::logic_error{"unknown instruction"};
    }
  }
  throw std::logic_error{"ran past the end of the program"};
}

} // namespace provisiond::test
