#pragma once

#include "base/result.hpp"
#include "events/probe_loader.hpp"
#include "settings/settings.hpp"

#include <sys/types.h>

#include <vector>

namespace provisiond::daemon {

// The capabilities that the daemon needs once it has started as `user`: CAP_NET_ADMIN and
// CAP_NET_RAW; CAP_NET_BIND_SERVICE where the metrics are below port 1024; and CAP_DAC_OVERRIDE
// where a user that is not root was given it for the sockets of userspace devices, which are
// root's.
std::vector<int> needed_capabilities(const settings::Settings& settings, uid_t user);

// Confines this process to these and to the system calls of a service, and logs what it has kept.
// Before the first thread.
Status confine(const settings::Settings& settings, const events::ProbeLoader& loader);

} // namespace provisiond::daemon
