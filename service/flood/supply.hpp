#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "flood/order.hpp"
#include "initiator/crafted_packets.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace provisiond::flood {

// A packet made before the run, and what became of it when it was sent last.
struct Prepared {
  initiator::Payload bytes{};
  TimePoint sent_at{};
  std::uint32_t source = 0;
  bool is_answered = false;
};

// The packets of all kinds but `valid`, made before the clock starts: making an unknown key's takes
// four X25519, some 0.2 ms, which nobody shall take for the gateway's own time. Each kind's are
// taken in turn and from the beginning again. At most `most_distinct` of each.
class Supply {
 public:
  struct Place {
    Kind kind = Kind::unknown;
    std::size_t number = 0;
  };

  static Result<Supply> make(const Order& order);

  // The next one of a kind that was ordered.
  [[nodiscard]] Place next(Kind kind);
  [[nodiscard]] Prepared& at(Place place) { return packets_[index_of(place.kind)][place.number]; }
  // Which initiation an answer is about, by the index that it names; nullptr when none.
  [[nodiscard]] const Place* sent_with_index(std::uint32_t sender) const;

  [[nodiscard]] std::size_t distinct() const;
  // The initiations of a kind, as `--save` writes them.
  [[nodiscard]] std::vector<InitiationBytes> initiations(Kind kind) const;

 private:
  Status fill(Kind kind, const Order& order);
  void keep(Kind kind, std::vector<initiator::Payload> payloads);

  std::array<std::vector<Prepared>, kind_count> packets_{};
  std::array<std::size_t, kind_count> next_{};
  std::unordered_map<std::uint32_t, Place> by_sender_{};
};

// Noise shaped like initiations, other noise, cut off, too long, and with a wrong mac1: a fifth
// each.
std::vector<initiator::Payload> garbage_of_all_sorts(std::size_t count, const PublicKey& gateway);

} // namespace provisiond::flood
