#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <string>

namespace provisiond::daemon {

// Before anything secret is in memory: no core dumps, no ptrace by processes of the same user, file
// mode creation mask 0077, libsodium ready. Fails when libsodium cannot start.
Status harden_process();

// The process survives what goes on around its standard error: a reader that has gone (SIGPIPE), a
// file at its limit (SIGXFSZ), a terminal that is another's or hangs up (SIGTTOU, SIGHUP).
void survive_signals();

// How often systemd wants to hear `Notifier::alive`, halved; zero when it does not watch us.
Duration watchdog_interval();

} // namespace provisiond::daemon
