#pragma once

#include "base/fixed_table.hpp"
#include "handoff/peer_id.hpp"
#include "handoff/refusal.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

namespace provisiond::admit {

// The negative cache: keys that the database refused a short while ago, so that a second knock
// costs a table look-up instead of proof and query. Only answers of the database are remembered,
// never errors, and only for a key that was proven: nobody can have a victim's key remembered by
// claiming it.
//
// Shared by the loop and the authenticate threads inside Guarded<>. Memory: 64 bytes an entry,
// fixed at construction; 16 MiB at the default of 262,144. When full, the refusal seen longest ago
// gives way.
class NegativeCache {
 public:
  struct Limits {
    Duration ttl;
    std::size_t entries = 262'144;
  };

  struct Refused {
    TimePoint until{};
    Refusal refusal{};
  };

  explicit NegativeCache(Limits limits) : limits_{limits}, keys_{limits.entries} {}

  // Why the database refused `id`, and until when that holds, if it was less than `ttl` ago.
  [[nodiscard]] std::optional<Refused> find(const PeerId& id, TimePoint now);

  // The same for people to look at; changes nothing.
  [[nodiscard]] std::optional<Refused> look(const PeerId& id, TimePoint now) const;

  // Returns until when it holds.
  TimePoint remember(const PeerId& id, Refusal refusal, TimePoint now);

  // The database may say something else now, of this key or of any that knocked at the interface.
  // Neither takes longer the more is remembered: what is forgotten as a whole keeps its memory
  // until it is asked for or gives way.
  void forget(const PeerId& id) { keys_.erase(id); }
  void forget_all(InterfaceId interface) { ++rounds_[interface]; }

  // Those that were forgotten as a whole among them.
  [[nodiscard]] std::size_t size() const { return keys_.size(); }
  [[nodiscard]] std::uint64_t displaced() const { return keys_.displaced(); }

 private:
  struct Entry {
    TimePoint until{};
    Refusal refusal{};
    std::uint32_t round = 0; // of its interface; an earlier one is forgotten
  };

  Limits limits_;
  FixedTable<PeerId, Entry> keys_;
  std::map<InterfaceId, std::uint32_t> rounds_; // how often all keys of it were forgotten
};

} // namespace provisiond::admit
