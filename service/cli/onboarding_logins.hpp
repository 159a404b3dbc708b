#pragma once

#include "cli/subcommand.hpp"

namespace provisiond::cli {

// Which login may onboard for which networks.
Action configure_onboarding_allow(CLI::App& parser);
Action configure_onboarding_forbid(CLI::App& parser);
Action configure_onboarding_trust(CLI::App& parser);
Action configure_onboarding_list(CLI::App& parser);

} // namespace provisiond::cli
