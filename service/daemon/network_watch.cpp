#include "daemon/network_watch.hpp"

#include "base/log.hpp"

#include <optional>
#include <utility>

namespace provisiond::daemon {

using State = lookup::Networks::State;

void NetworkWatch::tell() {
  for (const flow::Interface& interface : interfaces_) {
    View now = view(interface);
    View& said = said_[interface.id.value];
    if (now == said) continue;
    tell(interface, now, said);
    said = std::move(now);
  }
}

void NetworkWatch::tell(const flow::Interface& interface, const View& now, const View& said) {
  if (now.state == State::unknown) {
    return log::warning("the database has no such network, peers on the interface stay as they are",
                        {{"interface", interface.name},
                         {"network", interface.network},
                         {"remedy", "correct it in the settings, add it (wg-provisionctl "
                                    "network add), or let this login serve it (gateway allow)"}});
  }
  if (now.state == State::unasked) return;
  if (said.state == State::unknown) {
    log::info("network found", {{"interface", interface.name}, {"network", now.name}});
  } else if (now.name != interface.network) {
    log::warning(
        "network has another name now, the settings have to follow before a restart",
        {{"interface", interface.name}, {"network", interface.network}, {"name", now.name}});
  }
}

std::vector<control::NetworkOverview> NetworkWatch::overview() const {
  std::vector<control::NetworkOverview> networks;
  for (const flow::Interface& interface : interfaces_) {
    View now = view(interface);
    control::NetworkOverview& network = networks.emplace_back();
    network.name = std::move(now.name);
    if (now.state != State::unasked) network.is_found = now.state == State::found;
  }
  return networks;
}

NetworkWatch::View NetworkWatch::view(const flow::Interface& interface) const {
  return {.state = networks_.state(interface.id), .name = networks_.name(interface.id)};
}

} // namespace provisiond::daemon
