#pragma once

#include "base/result.hpp"
#include "flood/order.hpp"
#include "flood/report.hpp"

#include <atomic>

namespace provisiond::flood {

// Does what was ordered and tells how it went; ends early, and tells as well, once `stop` is set.
// An error when nothing could begin: no socket, no packets, an unreadable file. Reads the clock and
// the network; one thread.
Result<Report> run(const Order& order, const std::atomic<bool>& stop);

} // namespace provisiond::flood
