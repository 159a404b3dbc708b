#pragma once

#include "base/bloom_filter.hpp"
#include "base/guarded.hpp"
#include "base/keyed_hash.hpp"
#include "base/public_key.hpp"
#include "handoff/peer_id.hpp"
#include "handoff/sighting.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace provisiond::lookup {

// Of which keys the database could answer with a peer, for each interface, so that others need not
// be asked about: an approximate set that has all of them and about one in a hundred strangers
// (BloomFilter). It lags behind the database by what the change feed lags; a key that is missing is
// therefore no refusal yet (flow::KnownKeyGate).
//
// An interface whose keys are not read, or not read again since any of them may have changed, knows
// nothing: every key passes. So does one whose network takes devices on trial.
//
// Any thread. Costs one SipHash, a lock and one line of the cache. Memory: 1.4 MB for a million
// keys, room for a sixteenth more included.
class KnownKeys {
 public:
  enum class Answer : std::uint8_t { may_be_known, unknown, passes };
  enum class Room : std::uint8_t { enough, used_up }; // then they are to be read again

  explicit KnownKeys(std::size_t interfaces) : filters_(interfaces) {}

  [[nodiscard]] Answer find(const PeerId& id) const;
  // Nothing where everything passes.
  Room add(const PeerId& id);

  void pass_everything(InterfaceId interface);
  // All keys of an interface, as `value_of` has them.
  void replace(InterfaceId interface, std::span<const std::uint64_t> values);
  [[nodiscard]] std::uint64_t value_of(const PublicKey& key) const { return hash_(key.bytes); }

  struct Overview {
    std::size_t interfaces = 0; // whose keys are known
    std::size_t keys = 0;
    std::size_t bytes = 0;
  };
  [[nodiscard]] Overview overview() const;

 private:
  struct Filter {
    BloomFilter keys;
    std::size_t size = 0;
    std::size_t most = 0;
  };

  KeyedHash hash_;
  Guarded<std::vector<std::optional<Filter>>> filters_; // by InterfaceId; none: everything passes
};

} // namespace provisiond::lookup
