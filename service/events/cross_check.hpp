#pragma once

#include "base/clock.hpp"
#include "base/keyed_hash.hpp"
#include "handoff/sighting.hpp"
#include "metrics/metrics.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

namespace provisiond::events {

// Compares what two sources say about the same interface: each initiation that one of them reports
// is expected from the other within the window, from the same endpoint and, where both know it,
// with the same key. Moves `cross_checks`; changes nothing else.
//
// Only sightings with their bytes can be compared, and only such belong here whose mac1 is valid.
// Capture sees more than the kernel reports (handshakes of installed peers, keys that the kernel
// drops by itself, and, while the device is under load, those without a cookie): `excuse` takes the
// first two back when the flow finds out; the rest counts as only_capture.
//
// Loop thread. At most `entries` initiations wait, about 160 bytes each; when there are more, the
// oldest is judged early.
class CrossCheck {
 public:
  struct Limits {
    std::size_t entries = 4'096;
    Duration window = std::chrono::seconds{1};
  };

  CrossCheck(const Limits& limits, metrics::Metrics& metrics)
      : limits_{limits}, metrics_{metrics} {}

  void note(const Sighting& sighting, TimePoint now);
  // Nobody else could have seen this one.
  void excuse(const Sighting& sighting);
  // Judges those whose window is over.
  void expire(TimePoint now);

  [[nodiscard]] std::size_t size() const { return waiting_.size(); }

 private:
  struct Entry {
    SourceKind first = SourceKind::capture;
    Endpoint source;
    std::optional<PublicKey> claimed;
    bool is_settled = false; // nothing left to say: agreed, differed or excused
  };
  struct Due {
    std::uint64_t id;
    TimePoint at;
  };

  [[nodiscard]] std::uint64_t id_of(const Sighting& sighting) const;
  void judge_oldest();

  Limits limits_;
  KeyedHash hash_;
  std::unordered_map<std::uint64_t, Entry> waiting_;
  std::deque<Due> due_; // in the order of arrival; one for each in `waiting_`
  metrics::Metrics& metrics_;
};

} // namespace provisiond::events
