#pragma once

#include "base/clock.hpp"
#include "flood/latency.hpp"
#include "flood/order.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace provisiond::flood {

// What the gateway did first after an initiation.
enum class Answer : std::uint8_t {
  response,
  initiation, // its own, to a device that it has just installed
  cookie,
};
inline constexpr std::size_t answer_count = 3;
inline constexpr std::array<std::string_view, answer_count> answer_names{"responses", "initiations",
                                                                         "cookies"};

struct KindTally {
  std::uint64_t sent = 0;        // those with a cookie included
  std::uint64_t with_cookie = 0; // sent again, with mac2
  std::array<std::uint64_t, answer_count> answers{};

  [[nodiscard]] std::uint64_t unanswered() const;
};

// What has been sent and heard so far. Handshakes are those of the kind valid: a session that the
// device has, from its first initiation on.
struct Tally {
  std::array<KindTally, kind_count> kinds{};
  std::uint64_t bytes_sent = 0; // of UDP payload, as the next
  std::uint64_t bytes_received = 0;
  std::uint64_t unexpected = 0;     // packets that answer nothing that was sent
  std::uint64_t cookies_unused = 0; // more came at once than are kept
  LatencyHistogram answered{};
  LatencyHistogram handshakes{};

  [[nodiscard]] std::uint64_t sent() const;
  void note_sent(Kind kind, std::size_t bytes);
  void note_answer(Kind kind, Answer answer, Duration after);
};

enum class Ended : std::uint8_t { packets, time, interrupted, failed };
inline constexpr std::array<std::string_view, 4> ended_names{"packets", "time", "interrupted",
                                                             "failed"};

struct Report {
  Tally tally{};
  Duration sending{}; // from the first packet to the last
  double offered = 0; // a second, as ordered
  std::size_t distinct = 0;
  Ended ended = Ended::packets;
  std::string failure{}; // why it failed

  [[nodiscard]] double per_second(std::uint64_t count) const;
};

// For people, and as one JSON object on one line.
std::string to_text(const Report& report);
std::string to_json(const Report& report);

} // namespace provisiond::flood
