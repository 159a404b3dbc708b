#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <string>

namespace provisiond::daemon {

// Before anything secret is in memory: no core dumps, no ptrace by processes of the same user, file
// mode creation mask 0077, libsodium ready. Fails when libsodium cannot start.
Status harden_process();

// Tells systemd (sd_notify(3)); without it, nothing happens.
void notify_ready();
void notify_status(const std::string& status);
void notify_stopping();
void notify_alive();

// How often systemd wants `notify_alive`, halved; zero when it does not watch us.
Duration watchdog_interval();

} // namespace provisiond::daemon
