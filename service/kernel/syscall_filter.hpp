#pragma once

#include "base/result.hpp"
#include "kernel/confinement.hpp"

namespace provisiond::kernel {

// The system calls' part of `confine`: installs the filter for all threads of this process, those
// to come included. It cannot be taken back. Costs each call some tens of nanoseconds.
Status filter_system_calls(Calls calls);

} // namespace provisiond::kernel
