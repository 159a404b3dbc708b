#pragma once

#include "events/capture_source.hpp"
#include "lookup/pool.hpp"

#include <string>

// What the daemon has to say of things that go on beside the flow.

namespace provisiond::daemon {

// Logs what happened to a database session. A problem that lasts is logged once, not at every
// attempt of every session; `last_problem` is the caller's memory of it.
void remark_on(const lookup::PoolEvent& event, std::string& last_problem);

// Warns when the kernel granted less capture buffer than was asked for.
void remark_on_buffer(const events::CaptureSource& source);

} // namespace provisiond::daemon
