#include "base/bloom_filter.hpp"

namespace provisiond {

namespace {

// Odd, with their bits well mixed; any such will do. Each makes five other bits of the same 32.
constexpr std::array<std::uint32_t, 8> multipliers{0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f,
                                                   0x165667b1, 0xd3a2646d, 0xfd7046c5, 0xb55a4f09};

constexpr std::size_t block_bits = 256;

std::size_t blocks_for(std::size_t values) {
  constexpr std::size_t tenths_of_a_bit = 105;
  return (values * tenths_of_a_bit / 10 + block_bits - 1) / block_bits + 1;
}

} // namespace

BloomFilter::BloomFilter(std::size_t values) : blocks_(blocks_for(values)) {}

bool BloomFilter::add(std::uint64_t value) {
  const Block bits = bits_of(value);
  Block& block = blocks_[block_of(value)];
  bool is_new = false;
  for (std::size_t i = 0; i < bits.size(); ++i) {
    is_new = is_new || (block[i] & bits[i]) == 0;
    block[i] |= bits[i];
  }
  return is_new;
}

bool BloomFilter::may_hold(std::uint64_t value) const {
  const Block bits = bits_of(value);
  const Block& block = blocks_[block_of(value)];
  bool has_all = true;
  for (std::size_t i = 0; i < bits.size(); ++i)
    has_all = has_all && (block[i] & bits[i]) != 0;
  return has_all;
}

// The upper half of the value chooses the block, the lower half the bits.
std::size_t BloomFilter::block_of(std::uint64_t value) const {
  return static_cast<std::size_t>((value >> 32) * blocks_.size() >> 32);
}

BloomFilter::Block BloomFilter::bits_of(std::uint64_t value) {
  const std::uint32_t lower = static_cast<std::uint32_t>(value);
  Block bits{};
  for (std::size_t i = 0; i < bits.size(); ++i)
    bits[i] = std::uint32_t{1} << (lower * multipliers[i] >> 27);
  return bits;
}

} // namespace provisiond
