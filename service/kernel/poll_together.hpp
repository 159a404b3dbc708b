#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <span>

namespace provisiond::kernel {

// One descriptor (epoll) that is readable while any of `fds` is, or has an error to tell. They must
// outlive it.
Result<UniqueFd> poll_together(std::span<const int> fds);

} // namespace provisiond::kernel
