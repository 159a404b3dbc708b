#pragma once

#include "admit/refused_keys.hpp"
#include "admit/roster.hpp"
#include "base/channel.hpp"
#include "base/guarded.hpp"
#include "flow/passage.hpp"
#include "metrics/metrics.hpp"

#include <cstdint>
#include <thread>
#include <vector>

namespace provisiond::flow {

// The key agreement of one sighting, cheap to dear: `e, es, s` tells who they claim to be; the
// roster and the negative cache stop those that need no proof; `ss, {t}` proves the rest. Any
// thread.
[[nodiscard]] Proof authenticate(const Knock& knock, const Guarded<admit::Roster>& roster,
                                 Guarded<admit::RefusedKeys>& refused_keys,
                                 metrics::Metrics& metrics);

// The threads authenticate-0..n: take knocks, give proofs, at about 60 us per X25519. They end when
// the knock channel is closed; the destructor waits for them. A proof that finds its channel full
// is counted as authenticate_queue_full.
class Authenticators {
 public:
  struct Wiring {
    Channel<Knock>& knocks; // loop -> authenticate
    Channel<Proof>& proofs; // authenticate -> loop
    const Guarded<admit::Roster>& roster;
    Guarded<admit::RefusedKeys>& refused_keys;
    metrics::Metrics& metrics;
  };

  Authenticators(const Wiring& wiring, std::uint32_t threads);
  ~Authenticators();
  Authenticators(const Authenticators&) = delete;
  Authenticators& operator=(const Authenticators&) = delete;

 private:
  void run();

  Wiring wiring_;
  std::vector<std::thread> threads_;
};

} // namespace provisiond::flow
