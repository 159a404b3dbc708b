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

// The problems that were logged and last, so that each is logged once, not at every attempt.
struct DatabaseProblems {
  std::string lost;       // why a session that looks up, or the one that listens, is not there
  std::string unreported; // why the reporter does not report
  std::string unenrolled; // why a device was not enrolled
};

// Logs what happened to a database session, unless it is among `known`, the caller's memory.
void remark_on(const lookup::PoolEvent& event, DatabaseProblems& known);

// The same for the session that listens: how changes reach the daemon now, or that they do not.
void remark_on(const lookup::FeedEvent& event, DatabaseProblems& known);

// Logs which source an interface has, or has lost, and why, or that a source loses events;
// `interface` is its name, where there is one.
void remark_on(const events::SourceRemark& remark, const std::string& interface);

// Warns when the kernel granted less capture buffer than was asked for.
void remark_on_buffer(const events::CaptureSource& source);

} // namespace provisiond::daemon
