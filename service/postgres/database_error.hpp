#pragma once

#include "base/error.hpp"

#include <exception>
#include <string>
#include <string_view>

namespace provisiond::postgres {

// What the server says, on one line: its message, and its hint when there is one. Not its DETAIL,
// which quotes whole rows with their keys, nor its CONTEXT.
std::string server_message(std::string_view report);

// The code for an SQLSTATE: EPERM when the rules for data refused (classes 21 to 23, and errors
// that a function of ours raised), ENOENT for no_data_found, ENOTCONN when the server went away,
// else 0.
int code_of_sqlstate(std::string_view sqlstate);

// True of what may go well another time, because others stood in the way: a deadlock, a lock, a
// time that ran out, a server without room.
bool is_passing(std::string_view sqlstate);

// An error for whatever pqxx has thrown, with the code of its SQLSTATE.
Error database_error(const std::exception& cause);

} // namespace provisiond::postgres
