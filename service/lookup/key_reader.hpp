#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "handoff/peer_id.hpp"
#include "lookup/known_keys.hpp"
#include "lookup/networks.hpp"
#include "metrics/metrics.hpp"
#include "postgres/connection.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace provisiond::lookup {

// Keeps `KnownKeys` in step: reads the keys of an interface page by page between two looks at what
// has changed, and takes up what the change feed tells meanwhile. An interface whose keys are to be
// read again lets everything pass until they are, because any of them may be new.
//
// A page that takes long makes the next one smaller. One that fails costs the connection, and makes
// the keys wait for half a minute, the next one for twice as long and so on up to an hour, so that
// changes are heard of whatever becomes of the keys. Nor are they read more than a tenth of the
// time.
//
// The change feed's thread; time is an argument. Memory beside the filters: 8 bytes for each key of
// the interface that is being read.
//
// Moves known_key_reads.
class KeyReader {
 public:
  // Without `keys` it does nothing.
  KeyReader(const Networks& networks, KnownKeys* keys, metrics::Metrics& metrics);

  void read_anew(InterfaceId interface);
  void heard(const PeerId& id);

  // How long until there is something to be read; zero: a page is.
  [[nodiscard]] Duration pause(TimePoint now) const;
  // One page, one round trip. Fails as the connection does.
  Status step(postgres::Connection& connection);

 private:
  struct Reading {
    InterfaceId interface;
    std::optional<PublicKey> after{}; // the last key of the page before
    std::vector<std::uint64_t> values{};
    Duration took{};
  };
  // What an interface is waiting for.
  struct Wanted {
    std::optional<TimePoint> due{}; // none: until something is told
    TimePoint rests_until{};
  };

  [[nodiscard]] std::optional<TimePoint> time_of(InterfaceId interface) const;
  [[nodiscard]] std::optional<InterfaceId> next(TimePoint now) const;
  void failed(TimePoint now);
  void note_duration(Duration took);
  void take(const std::vector<std::optional<PublicKey>>& page, std::size_t asked, TimePoint now);

  const Networks& networks_;
  KnownKeys* keys_;
  metrics::Metrics& metrics_;
  std::vector<Wanted> wanted_; // by InterfaceId
  std::optional<Reading> reading_;
  TimePoint resumes_at_{}; // after a failure
  Duration after_failure_;
  std::size_t page_;
};

} // namespace provisiond::lookup
