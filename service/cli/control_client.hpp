#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace provisiond::cli {

// One request to the daemon on its control socket. Each line of the answer goes to `take_line`, the
// last one excepted. An error that the daemon tells has the code that options.hpp makes an exit
// status of; ENOTCONN: there is no daemon, or it went away in the middle.
Status ask_daemon(const std::string& socket, std::string_view request,
                  const std::function<void(std::string_view line)>& take_line);

} // namespace provisiond::cli
