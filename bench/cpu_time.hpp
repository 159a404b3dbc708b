#pragma once

#include "base/clock.hpp"

#include <sys/types.h>

#include <string_view>

namespace provisiond::bench {

// CPU time, user and system together.

// Of the calling thread. One system call.
Duration thread_cpu();

// Of this process's threads whose name begins with `prefix`, those that have ended left out.
Duration threads_cpu(std::string_view prefix);

// Of another process and its children, counted in ticks of 10 ms; zero when it is gone.
Duration process_cpu(pid_t pid);

} // namespace provisiond::bench
