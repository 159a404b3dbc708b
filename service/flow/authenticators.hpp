#pragma once

#include "admit/negative_cache.hpp"
#include "base/channel.hpp"
#include "base/guarded.hpp"
#include "flow/known_key_gate.hpp"
#include "flow/passage.hpp"
#include "metrics/metrics.hpp"
#include "peers/installed_keys.hpp"

#include <cstdint>
#include <thread>
#include <vector>

namespace provisiond::flow {

// What may stop a claimed key before it costs a proof.
struct KeyChecks {
  const Guarded<peers::InstalledKeys>& installed_keys;
  Guarded<admit::NegativeCache>& negative_cache;
  KnownKeyGate& known_key_gate;
};

// The key agreement of one sighting, cheap to dear: `e, es, s` tells which key it claims; the
// checks stop those that need no proof, or that the database would not know; `ss, {t}` proves the
// rest. Any thread.
[[nodiscard]] Authenticated authenticate(const PendingHandshake& handshake, const KeyChecks& checks,
                                         metrics::Metrics& metrics);

// The threads authenticate-0..n: take handshakes and prove keys, at about 60 us per X25519. They
// end when the channel of handshakes is closed; the destructor waits for them. A result that finds
// its channel full is counted as authenticate_queue_full.
class Authenticators {
 public:
  struct Wiring {
    Channel<PendingHandshake>& handshakes; // loop -> authenticate
    Channel<Authenticated>& authenticated; // authenticate -> loop
    KeyChecks checks;
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
