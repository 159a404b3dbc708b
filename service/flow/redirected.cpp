#include "authenticate/mac.hpp"
#include "flow/flow.hpp"

#include <algorithm>

// Initiations that the firewall redirects from another port to an interface's, behind our back.

namespace provisiond::flow {

// Which interface is meant, only mac1 tells. Two with one key are one gateway to the client, so the
// first will do. From here on it is as if it had come to the interface's own port: what is answered
// from there the kernel translates back.
void Flow::redirected(const Sighting& sighting, const Instant& now) {
  const std::vector<Interface>::const_iterator meant =
      std::ranges::find_if(wiring_.interfaces, [&](const Interface& interface) {
        return interface.is_present() && interface.listen_port != 0 &&
               authenticate::has_valid_mac1(*interface.identity, sighting.initiation);
      });
  if (meant == wiring_.interfaces.end())
    return wiring_.metrics.sighting_drops[metrics::SightingDrop::unwatched_port].add();
  wiring_.metrics.sightings[sighting.seen_by].add();
  Sighting found = sighting;
  found.interface = meant->id;
  found.local.port = meant->listen_port;
  knock_at_interface(found, now);
}

} // namespace provisiond::flow
