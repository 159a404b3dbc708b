#pragma once

#include <sodium.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace provisiond {

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

// A connection string, or a piece of one: may hold a password, so it is never printed, and wiped
// when it goes, however short it is. What it was made from is the caller's to wipe. Made from any
// text without a word, because a text becomes no less secret by it.
class SecretString {
 public:
  SecretString() = default;
  SecretString(std::string_view text) // NOLINT(google-explicit-constructor)
      : bytes_(text.size() + 1) {
    std::copy(text.begin(), text.end(), bytes_.begin());
  }
  SecretString(const std::string& text) // NOLINT(google-explicit-constructor)
      : SecretString{std::string_view{text}} {}
  SecretString(const char* text) // NOLINT(google-explicit-constructor)
      : SecretString{std::string_view{text}} {}

  [[nodiscard]] std::string_view view() const {
    return bytes_.empty() ? std::string_view{} : std::string_view{bytes_.data(), bytes_.size() - 1};
  }
  [[nodiscard]] const char* c_str() const { return bytes_.empty() ? "" : bytes_.data(); }
  [[nodiscard]] bool empty() const { return view().empty(); }

  friend bool operator==(const SecretString& a, const SecretString& b) {
    return a.view() == b.view();
  }

 private:
  std::vector<char, WipingAllocator<char>> bytes_; // with the terminating NUL
};

} // namespace provisiond
