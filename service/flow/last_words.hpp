#pragma once

#include "base/fixed_table.hpp"
#include "handoff/explanation.hpp"
#include "handoff/peer_id.hpp"
#include "handoff/refusal.hpp"
#include "handoff/sighting.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace provisiond::flow {

// What became of each key last, for people who ask why a device does not get in. Nothing is decided
// by it. What was said to a sender that only claimed the key is kept apart, because anyone can
// claim it; and strangers, who can have any number of keys, displace each other and none that the
// database knows.
//
// Loop thread. Memory: two tables of `entries`, about 220 bytes each, fixed at construction; 4 MiB
// at the default of 8,192.
class LastWords {
 public:
  explicit LastWords(std::size_t entries = 8'192) : known_{entries}, strangers_{entries} {}

  // A sighting ended without a tunnel.
  void refused(const PeerId& id, Refusal refusal, const Sighting& sighting, TimePoint now);
  // Something happened to a peer. Both texts have static storage.
  void note(const PeerId& id, std::string_view event, std::string_view reason, TimePoint now);

  struct Found {
    std::optional<LastWord> proven{};
    std::optional<LastWord> claimed{};
  };
  [[nodiscard]] Found find(const PeerId& id) const;

 private:
  // A key of the database has a place that strangers do not reach.
  [[nodiscard]] Found& place_of(const PeerId& id, bool is_known, TimePoint now);

  FixedTable<PeerId, Found> known_;
  FixedTable<PeerId, Found> strangers_;
};

} // namespace provisiond::flow
