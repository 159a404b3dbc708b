#pragma once

#include <sodium.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace provisiond::kernel {

// Memory of a fixed size for messages that may carry keys: never grows, so it leaves no copies
// behind, and what was written is wiped (sodium_memzero) by `clear` and when it goes. Aligned for
// netlink headers. Callers check `room` before they write.
class WipedBuffer {
 public:
  explicit WipedBuffer(std::size_t capacity)
      : bytes_{std::make_unique<std::uint8_t[]>(capacity)}, capacity_{capacity} {}
  WipedBuffer(WipedBuffer&& other) noexcept
      : bytes_{std::move(other.bytes_)}, capacity_{std::exchange(other.capacity_, 0)},
        size_{std::exchange(other.size_, 0)} {}
  WipedBuffer& operator=(WipedBuffer&&) = delete;
  WipedBuffer(const WipedBuffer&) = delete;
  WipedBuffer& operator=(const WipedBuffer&) = delete;
  ~WipedBuffer() { clear(); }

  [[nodiscard]] std::span<const std::uint8_t> filled() const { return {bytes_.get(), size_}; }
  [[nodiscard]] std::span<std::uint8_t> room() { return {bytes_.get() + size_, capacity_ - size_}; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  // Counts the first `count` bytes of `room` as written; no more than there are.
  void commit(std::size_t count) { size_ += count < capacity_ - size_ ? count : capacity_ - size_; }
  void clear() {
    if (size_ > 0) sodium_memzero(bytes_.get(), size_);
    size_ = 0;
  }

 private:
  std::unique_ptr<std::uint8_t[]> bytes_;
  std::size_t capacity_;
  std::size_t size_ = 0;
};

} // namespace provisiond::kernel
