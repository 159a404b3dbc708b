#pragma once

#include "evict/recent.hpp"
#include "flow/interface.hpp"
#include "flow/last_words.hpp"
#include "flow/report.hpp"
#include "flow/wiring.hpp"
#include "greet/greetings.hpp"
#include "handoff/peer_id.hpp"
#include "revalidate/revalidation.hpp"

#include <optional>

namespace provisiond::flow {

// What the parts of the flow share. Loop thread.
struct Context {
  Context(const Wiring& connected, const Limits& configured)
      : wiring{connected}, limits{configured}, report{wiring.metrics},
        greetings{wiring.packet_sender, wiring.greet_budget, limits.greetings, wiring.metrics},
        revalidation{wiring.interfaces.size()} {}

  Wiring wiring;
  Limits limits;
  Report report;
  greet::Greetings greetings;
  revalidate::Revalidation revalidation;
  evict::RecentEvictions recent_evictions;
  LastWords last_words;
  bool is_another_database = false; // than the one that answered first

  [[nodiscard]] Interface& interface_of(InterfaceId id) { return wiring.interfaces[id.value]; }

  // A sighting ends without a tunnel.
  void refuse(const Sighting& sighting, Refusal refusal, std::optional<PublicKey> key,
              const Instant& now);
  // The database does not want this key: not to be asked again for a while, by us or by the kernel.
  void remember(const PeerId& id, Refusal refusal, const Instant& now);
  // Tells the database of the refusal: for approving devices and for finding out why one does not
  // get in; a sample is enough.
  void record(const Sighting& sighting, const PublicKey& key, Refusal refusal);
  // Asks the database. False when there is no room for the question or for its answer.
  [[nodiscard]] bool ask(LookupPurpose purpose, const PeerId& id, const Instant& now);
};

} // namespace provisiond::flow
