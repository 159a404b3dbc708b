#pragma once

#include "base/error.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace provisiond::lookup {

// Connection strings as libpq takes them: "host=db user=x" or "postgresql://x@db/name". Both forms
// may name several hosts and target_session_attrs. Pure functions, any thread.

// Which server a session wants, where the connection string names several.
enum class Target : std::uint8_t { any, writable };

struct DsnDefaults {
  std::chrono::milliseconds connect_timeout; // rounded up to seconds, which is what libpq counts
  std::chrono::milliseconds tcp_user_timeout;
  Target target = Target::any;
};

// `dsn` with connect_timeout, TCP keepalives, tcp_user_timeout and the application name put in
// front of its own parameters: libpq lets the later one win, so whatever the operator set stays.
// Without them a dead peer holds libpq for minutes.
std::string with_defaults(std::string_view dsn, const DsnDefaults& defaults);

// True when `dsn` names several hosts and leaves it to us which of them a session is to have.
bool leaves_choice(std::string_view dsn);

// True when a password stands in the string itself. Errs towards true.
bool holds_password(std::string_view dsn);

// A message of libpq or the server, as one line.
std::string one_line(std::string_view message);

// Why a connection could not be opened, from what libpq says. Its complaints about the connection
// string itself quote it, password included: they are replaced by words of ours and get the code
// EINVAL; all others get ENOTCONN.
Error connect_error(std::string_view message);

} // namespace provisiond::lookup
