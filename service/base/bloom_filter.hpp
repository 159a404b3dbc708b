#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace provisiond {

// A set that may be asked for what is not in it: about one in a hundred of such values seems to be
// there when the filter holds as many as it was made for, and more when it holds more. What is in
// it is always found, and nothing can be taken out.
//
// A value is 64 bits of a keyed hash, so that nobody outside can choose values that fall together.
// It sets one bit in each of the eight words of one block of 32 bytes (a split block Bloom filter),
// so a question touches one line of the processor's cache.
//
// Memory: 10.5 bits a value, taken at construction: 1.3 MB for a million. Not for concurrent use.
class BloomFilter {
 public:
  explicit BloomFilter(std::size_t values);

  // True when it seemed not to be there.
  bool add(std::uint64_t value);
  [[nodiscard]] bool may_hold(std::uint64_t value) const;

  [[nodiscard]] std::size_t bytes() const { return blocks_.size() * sizeof(Block); }

 private:
  using Block = std::array<std::uint32_t, 8>;

  [[nodiscard]] std::size_t block_of(std::uint64_t value) const;
  [[nodiscard]] static Block bits_of(std::uint64_t value);

  std::vector<Block> blocks_;
};

} // namespace provisiond
