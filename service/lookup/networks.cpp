#include "lookup/networks.hpp"

#include <algorithm>
#include <utility>

namespace provisiond::lookup {

Networks::Networks(std::vector<std::string> configured) {
  known_.with([&](Known& known) {
    for (const std::string& name : configured)
      known.networks.push_back({.configured = name, .name = name, .former_name = name});
    known.references = std::make_shared<const std::vector<std::string>>(std::move(configured));
  });
}

std::shared_ptr<const std::vector<std::string>> Networks::references() const {
  return known_.with([](const Known& known) { return known.references; });
}

Networks::State Networks::state(InterfaceId interface) const {
  return known_.with([&](const Known& known) { return known.networks[interface.value].state; });
}

std::string Networks::name(InterfaceId interface) const {
  return known_.with([&](const Known& known) { return known.networks[interface.value].name; });
}

std::vector<InterfaceId> Networks::interfaces_of(const std::string& name) const {
  return known_.with([&](const Known& known) {
    std::vector<InterfaceId> interfaces;
    for (std::size_t i = 0; i < known.networks.size(); ++i) {
      if (known.networks[i].name == name || known.networks[i].former_name == name)
        interfaces.push_back({static_cast<std::uint16_t>(i)});
    }
    return interfaces;
  });
}

bool Networks::has_unknown() const {
  return known_.with([](const Known& known) {
    return std::ranges::any_of(
        known.networks, [](const Network& network) { return network.state != State::found; });
  });
}

bool Networks::note(const std::vector<std::optional<FoundNetwork>>& answer) {
  return known_.with([&](Known& known) {
    bool is_new = false;
    std::vector<std::string> references;
    for (std::size_t i = 0; i < known.networks.size(); ++i) {
      Network& network = known.networks[i];
      const bool is_there = i < answer.size() && answer[i].has_value();
      is_new = is_new || (is_there && network.state != State::found);
      network.state = is_there ? State::found : State::unknown;
      references.push_back(is_there ? answer[i]->reference : network.configured);
      const std::string& name = is_there ? answer[i]->name : network.configured;
      if (name != network.name) network.former_name = std::exchange(network.name, name);
    }
    if (references != *known.references)
      known.references = std::make_shared<const std::vector<std::string>>(std::move(references));
    return is_new;
  });
}

} // namespace provisiond::lookup
