#include "flow/authenticators.hpp"

#include "authenticate/responder.hpp"

#include <pthread.h>

#include <string>
#include <utility>

namespace provisiond::flow {

using authenticate::Claim;
using authenticate::Responder;

namespace {

// How many knocks a thread takes at once: small, so that several threads share a burst.
constexpr std::size_t knocks_per_take = 8;

Proof refused(const Knock& knock, Refusal refusal, std::optional<PublicKey> claimed = {}) {
  return Proof{.sighting = knock.sighting, .verdict = refusal, .claimed = claimed};
}

} // namespace

Proof authenticate(const Knock& knock, const Guarded<admit::Roster>& roster,
                   Guarded<admit::RefusedKeys>& refused_keys, metrics::Metrics& metrics) {
  std::variant<Claim, Refusal> claim = Responder::claim(*knock.identity, knock.sighting.initiation);
  if (const Refusal* refusal = std::get_if<Refusal>(&claim)) return refused(knock, *refusal);
  metrics.claims.add();

  const PublicKey key = std::get<Claim>(claim).claimed().key;
  const PeerId id{.interface = knock.sighting.interface, .key = key};
  const bool is_installed = roster.with([&](const admit::Roster& r) { return r.contains(id); });
  if (is_installed) return refused(knock, Refusal::already_installed, key);

  const bool was_refused = refused_keys.with(
      [&](admit::RefusedKeys& keys) { return keys.find(id, knock.sighting.seen_at).has_value(); });
  if (was_refused) return refused(knock, Refusal::known_refused, key);

  std::variant<ProvenKey, Refusal> proven = Responder::prove(
      *knock.identity, knock.sighting.initiation, std::get<Claim>(std::move(claim)));
  if (std::holds_alternative<ProvenKey>(proven)) metrics.proofs.add();
  return Proof{.sighting = knock.sighting, .verdict = std::move(proven), .claimed = key};
}

Authenticators::Authenticators(const Wiring& wiring, std::uint32_t threads) : wiring_{wiring} {
  for (std::uint32_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { run(); });
    pthread_setname_np(threads_.back().native_handle(),
                       ("authenticate-" + std::to_string(i)).c_str());
  }
}

Authenticators::~Authenticators() {
  wiring_.knocks.close();
  for (std::thread& thread : threads_)
    thread.join();
}

void Authenticators::run() {
  while (true) {
    const std::vector<Knock> knocks = wiring_.knocks.take(knocks_per_take);
    if (knocks.empty()) return;
    for (const Knock& knock : knocks) {
      const TimePoint begin = Clock::now();
      Proof proof = authenticate(knock, wiring_.roster, wiring_.refused_keys, wiring_.metrics);
      wiring_.metrics.authenticate_duration.observe(Clock::now() - begin);
      if (!wiring_.proofs.push(std::move(proof))) {
        wiring_.metrics.refusals[Refusal::authenticate_queue_full].add();
      }
    }
  }
}

} // namespace provisiond::flow
