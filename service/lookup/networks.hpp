#pragma once

#include "base/guarded.hpp"
#include "handoff/sighting.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace provisiond::lookup {

// A network that the database has: how to refer to it, and what it is called now.
struct FoundNetwork {
  std::string reference;
  std::string name;
};

// The networks of our interfaces, indexed by InterfaceId. The settings name each; once the database
// has been asked it is known by its id as well, so that it stays the same one when it gets another
// name. Whichever thread has a connection asks (find_networks) and says what was answered.
//
// Any thread.
class Networks {
 public:
  enum class State : std::uint8_t { unasked, unknown, found };

  explicit Networks(std::vector<std::string> configured);

  // What SQL is given: the name in the settings, or the reference.
  [[nodiscard]] std::shared_ptr<const std::vector<std::string>> references() const;
  [[nodiscard]] State state(InterfaceId interface) const;
  // What it is called in the database, or in the settings as long as it was not found.
  [[nodiscard]] std::string name(InterfaceId interface) const;
  // The interfaces of the network that the database calls so, or called so before.
  [[nodiscard]] std::vector<InterfaceId> interfaces_of(const std::string& name) const;
  [[nodiscard]] bool has_unknown() const;

  // The answer, one for each of `references`: nullopt where there is none. True when one was found
  // that had not been before.
  bool note(const std::vector<std::optional<FoundNetwork>>& answer);

 private:
  struct Network {
    std::string configured;
    std::string name;
    std::string former_name; // before the last renaming; its changes may still come
    State state = State::unasked;
  };
  struct Known {
    std::vector<Network> networks;
    std::shared_ptr<const std::vector<std::string>> references;
  };

  Guarded<Known> known_;
};

} // namespace provisiond::lookup
