#pragma once

#include "events/capture_source.hpp"
#include "events/source_set.hpp"
#include "lookup/change_feed.hpp"
#include "lookup/pool.hpp"

#include <string>

// What the daemon has to say of things that go on beside the flow.

namespace provisiond::daemon {

// Logs what we are called in the database; `configured` is what the settings say of it.
void remark_on(const lookup::Gateway& gateway, const std::string& configured);

// Logs what happened to a database session. A problem that lasts is logged once, not at every
// attempt of every session; `last_problem` is the caller's memory of it.
void remark_on(const lookup::PoolEvent& event, std::string& last_problem);

// The same for the session that listens: how changes reach the daemon now, or that they do not.
// Shares that memory, because they have most problems together.
void remark_on(const lookup::FeedEvent& event, std::string& last_problem);

// Logs which source an interface has, or has lost, and why, or that a source loses events;
// `interface` is its name, where there is one.
void remark_on(const events::SourceRemark& remark, const std::string& interface);

// Warns when the kernel granted less capture buffer than was asked for.
void remark_on_buffer(const events::CaptureSource& source);

} // namespace provisiond::daemon
