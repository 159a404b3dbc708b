#include "flow/authenticators.hpp"

#include "authenticate/responder.hpp"

#include <pthread.h>

#include <string>
#include <utility>

namespace provisiond::flow {

using authenticate::Claim;
using authenticate::Responder;
using metrics::SharedSecret;

namespace {

// How many handshakes a thread takes at once: small, so that several threads share a burst.
constexpr std::size_t handshakes_per_take = 8;

Authenticated refused(const PendingHandshake& handshake, Refusal refusal,
                      std::optional<PublicKey> claimed = {}) {
  return Authenticated{.sighting = handshake.sighting, .verdict = refusal, .claimed = claimed};
}

// Why a key needs no proof; nullopt: it does.
std::optional<Refusal> stopped(const PeerId& id, const Sighting& sighting,
                               const KeyChecks& checks) {
  const bool is_installed = checks.installed_keys.with(
      [&](const peers::InstalledKeys& keys) { return keys.contains(id); });
  if (is_installed) return Refusal::already_installed;
  const bool was_refused = checks.negative_cache.with(
      [&](admit::NegativeCache& keys) { return keys.find(id, sighting.seen_at).has_value(); });
  if (was_refused) return Refusal::known_refused;
  return checks.known_key_gate.admit(id, sighting);
}

} // namespace

Authenticated authenticate(const PendingHandshake& handshake, const KeyChecks& checks,
                           metrics::Metrics& metrics) {
  std::variant<Claim, Refusal> claim =
      Responder::claim(*handshake.identity, handshake.sighting.initiation);
  if (const Refusal* unread = std::get_if<Refusal>(&claim)) return refused(handshake, *unread);
  metrics.claims.add();

  const PublicKey key = std::get<Claim>(claim).claimed().key;
  const PeerId id{.interface = handshake.sighting.interface, .key = key};
  const std::optional<Refusal> refusal = stopped(id, handshake.sighting, checks);
  if (refusal) return refused(handshake, *refusal, key);

  const bool is_recalled = Responder::recall(*handshake.identity, std::get<Claim>(claim));
  metrics.shared_secrets[is_recalled ? SharedSecret::recalled : SharedSecret::computed].add();
  std::variant<ProvenKey, Refusal> proven = Responder::prove(
      *handshake.identity, handshake.sighting.initiation, std::get<Claim>(std::move(claim)));
  if (std::holds_alternative<ProvenKey>(proven)) metrics.proofs.add();
  return Authenticated{
      .sighting = handshake.sighting, .verdict = std::move(proven), .claimed = key};
}

Authenticators::Authenticators(const Wiring& wiring, std::uint32_t threads) : wiring_{wiring} {
  for (std::uint32_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { run(); });
    pthread_setname_np(threads_.back().native_handle(),
                       ("authenticate-" + std::to_string(i)).c_str());
  }
}

Authenticators::~Authenticators() {
  wiring_.handshakes.close();
  for (std::thread& thread : threads_)
    thread.join();
}

void Authenticators::run() {
  while (true) {
    const std::vector<PendingHandshake> handshakes = wiring_.handshakes.take(handshakes_per_take);
    if (handshakes.empty()) return;
    for (const PendingHandshake& handshake : handshakes) {
      const TimePoint begin = Clock::now();
      Authenticated result = authenticate(handshake, wiring_.checks, wiring_.metrics);
      wiring_.metrics.authenticate_duration.observe(Clock::now() - begin);
      if (!wiring_.authenticated.push(std::move(result))) {
        wiring_.metrics.refusals[Refusal::authenticate_queue_full].add();
      }
    }
  }
}

} // namespace provisiond::flow
