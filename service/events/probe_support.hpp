#pragma once

#include "base/error.hpp"

#include <optional>

namespace provisiond::events {

// Why the running kernel cannot take the probe, as far as that can be told beforehand; no BPF is
// loaded. Each names the remedy: no module, no BTF, lockdown.
[[nodiscard]] std::optional<Error> probe_obstacle();

// What is said where the rights to load it are missing.
[[nodiscard]] Error probe_not_permitted();

} // namespace provisiond::events
