#pragma once

#include "lookup/presence.hpp"
#include "settings/settings.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace provisiond::daemon {

// A number of the machine that stays, made from its machine id for us alone: whoever sees it learns
// nothing of the id. nullopt where the machine has none, as in a container or an initramfs.
using MachineNumber = std::array<std::uint8_t, 16>;
[[nodiscard]] std::optional<MachineNumber> machine_number();

// A name that can be read aloud: "gateway-lusab-babad-gutih". Pure.
[[nodiscard]] std::string readable_name(const MachineNumber& machine);

// What we are to the database, with a run that no other daemon has. The name is the one in the
// settings; or it is made from the machine, which keeps it over a change of its host name; or it is
// the host name, where there is no machine id.
[[nodiscard]] lookup::Gateway make_gateway(const settings::Settings& settings,
                                           const std::optional<MachineNumber>& machine);

} // namespace provisiond::daemon
