#pragma once

#include "cli/subcommand.hpp"

namespace provisiond::cli {

// pending: devices that asked to be let in; approve: makes one of them a peer.
Action configure_pending(CLI::App& parser);
Action configure_approve(CLI::App& parser);

// expect: a device that was not met yet becomes a peer when it connects first.
Action configure_expect(CLI::App& parser);

} // namespace provisiond::cli
