#pragma once

#include <sodium.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace provisiond::cli {

// Wipes what it gives back.
template <class T>
struct WipingAllocator {
  using value_type = T;

  WipingAllocator() = default;
  template <class U>
  explicit WipingAllocator(const WipingAllocator<U>& /*other*/) {}

  T* allocate(std::size_t count) { return std::allocator<T>{}.allocate(count); }
  void deallocate(T* memory, std::size_t count) {
    sodium_memzero(memory, count * sizeof(T));
    std::allocator<T>{}.deallocate(memory, count);
  }
  friend bool operator==(const WipingAllocator& /*a*/, const WipingAllocator& /*b*/) {
    return true;
  }
};

// Text that holds a key, wiped when it grows and when it goes. Texts of less than 16 characters
// are not, a key is longer. Append only strings: what formats, buffers elsewhere.
using SecretText = std::basic_string<char, std::char_traits<char>, WipingAllocator<char>>;

// 32 bytes as `wg` prints a key.
template <class Bytes>
SecretText base64_of(const Bytes& bytes) {
  SecretText text(sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), 32, sodium_base64_VARIANT_ORIGINAL);
  text.pop_back(); // the terminating NUL
  return text;
}

} // namespace provisiond::cli
