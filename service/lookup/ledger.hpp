#pragma once

#include "base/clock.hpp"
#include "handoff/peer_id.hpp"
#include "handoff/peer_record.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace provisiond::lookup {

// The questions to the database that are under way. A place is taken before a question is sent, and
// freed by its answer. There are as many places as the answers' channel has room for, so that no
// answer can find it full. A question whose answer does not come is given up at its deadline; an
// answer that comes later is of no use.
//
// No purpose can keep the others from the database: peers that are on devices take half of the
// places at most, mere claims a quarter.
//
// Loop thread; pure but for its memory, about 130 bytes a place.
class Ledger {
 public:
  struct Limits {
    std::size_t places = 0;
    // Longer than any query may take: a pool answers before, as long as it answers at all.
    Duration deadline = std::chrono::minutes{2};
  };
  struct Question {
    std::uint64_t number = 0;
    LookupPurpose purpose{};
    PeerId id;
    TimePoint asked_at{};
  };

  explicit Ledger(const Limits& limits) : limits_{limits} {}

  // The number for the request; nullopt when there is no place for it.
  [[nodiscard]] std::optional<std::uint64_t> take(LookupPurpose purpose, const PeerId& id,
                                                  TimePoint now);
  // False when the question is not under way: answered, or given up.
  [[nodiscard]] bool free(std::uint64_t number);
  // Those whose deadline has passed; their places are free.
  [[nodiscard]] std::vector<Question> give_up(TimePoint now);

  [[nodiscard]] std::size_t under_way() const { return questions_.size(); }
  [[nodiscard]] std::size_t under_way(LookupPurpose purpose) const {
    return counts_[static_cast<std::size_t>(purpose)];
  }

 private:
  [[nodiscard]] std::size_t most(LookupPurpose purpose) const;
  void count_down(const Question& question);

  Limits limits_;
  std::map<std::uint64_t, Question> questions_; // in the order in which they were asked
  std::array<std::size_t, lookup_purposes> counts_{};
  std::uint64_t last_number_ = 0;
};

} // namespace provisiond::lookup
