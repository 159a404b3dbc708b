#pragma once

#include <sodium.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

namespace provisiond {

// N secret bytes held in place: cannot be copied, printed or compared with ==, and are wiped when
// they go (sodium_memzero). A moved-from Secret is all zero. For secrets that pass through, such as
// a preshared key on its way from a row to the device. Long-lived ones belong in LockedSecret.
template <std::size_t N>
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::span<const std::uint8_t, N> bytes) {
    std::memcpy(bytes_.data(), bytes.data(), N);
  }
  Secret(Secret&& other) noexcept : bytes_{other.bytes_} { other.wipe(); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      bytes_ = other.bytes_;
      other.wipe();
    }
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { wipe(); }

  [[nodiscard]] Secret clone() const { return Secret{bytes()}; }
  [[nodiscard]] std::span<const std::uint8_t, N> bytes() const { return bytes_; }
  [[nodiscard]] std::span<std::uint8_t, N> writable() { return bytes_; }

  // In time that does not depend on the contents.
  [[nodiscard]] bool equals(const Secret& other) const {
    return sodium_memcmp(bytes_.data(), other.bytes_.data(), N) == 0;
  }
  [[nodiscard]] bool is_zero() const { return sodium_is_zero(bytes_.data(), N) == 1; }
  void wipe() { sodium_memzero(bytes_.data(), N); }

 private:
  std::array<std::uint8_t, N> bytes_{};
};

// N secret bytes in memory that is locked (never swapped), fenced by guard pages and left out of
// core dumps (sodium_malloc). Costs about four pages: for the few keys that live as long as an
// interface.
template <std::size_t N>
class LockedSecret {
 public:
  explicit LockedSecret(std::span<const std::uint8_t, N> bytes)
      : bytes_{static_cast<std::uint8_t*>(sodium_malloc(N))} {
    if (bytes_ == nullptr) throw std::bad_alloc{};
    std::memcpy(bytes_.get(), bytes.data(), N);
  }

  [[nodiscard]] std::span<const std::uint8_t, N> bytes() const {
    return std::span<const std::uint8_t, N>{bytes_.get(), N};
  }

 private:
  struct Free {
    void operator()(std::uint8_t* bytes) const { sodium_free(bytes); }
  };
  std::unique_ptr<std::uint8_t, Free> bytes_;
};

// As many secret bytes as are asked for, zero at first, in memory of the same kind.
class LockedMemory {
 public:
  explicit LockedMemory(std::size_t size)
      : bytes_{static_cast<std::uint8_t*>(sodium_malloc(size))}, size_{size} {
    if (bytes_ == nullptr) throw std::bad_alloc{};
    std::memset(bytes_.get(), 0, size);
  }

  [[nodiscard]] std::span<std::uint8_t> bytes() { return {bytes_.get(), size_}; }

 private:
  struct Free {
    void operator()(std::uint8_t* bytes) const { sodium_free(bytes); }
  };
  std::unique_ptr<std::uint8_t, Free> bytes_;
  std::size_t size_;
};

} // namespace provisiond
