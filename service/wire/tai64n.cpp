#include "wire/tai64n.hpp"

#include "wire/bytes.hpp"

#include <chrono>
#include <limits>
#include <span>

namespace provisiond::wire {

namespace {

constexpr std::uint64_t epoch_seconds = (std::uint64_t{1} << 62U) + 10;
constexpr std::uint32_t nanoseconds_per_second = 1'000'000'000;

} // namespace

Tai64nBytes to_tai64n(WallTime time) {
  const std::chrono::nanoseconds since_epoch = time.time_since_epoch();
  const std::chrono::seconds seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
  Tai64nBytes bytes{};
  const std::span<std::uint8_t, timestamp_size> out{bytes};
  store_be(out.first<8>(), epoch_seconds + static_cast<std::uint64_t>(seconds.count()));
  store_be(out.last<4>(), static_cast<std::uint64_t>((since_epoch - seconds).count()));
  return bytes;
}

std::optional<WallTime> to_wall_time(const Tai64nBytes& timestamp) {
  const std::span<const std::uint8_t, timestamp_size> in{timestamp};
  const std::int64_t seconds = static_cast<std::int64_t>(load_be64(in.first<8>()) - epoch_seconds);
  const std::uint32_t nanoseconds = load_be32(in.last<4>());
  constexpr std::int64_t range =
      std::numeric_limits<std::int64_t>::max() / nanoseconds_per_second - 1;
  if (nanoseconds >= nanoseconds_per_second || seconds > range || seconds < -range) {
    return std::nullopt;
  }
  return WallTime{std::chrono::seconds{seconds} + std::chrono::nanoseconds{nanoseconds}};
}

} // namespace provisiond::wire
