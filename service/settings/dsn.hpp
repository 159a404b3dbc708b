#pragma once

#include "settings/values.hpp"

namespace provisiond::settings {

// The three ways to say how to reach the database. Each puts the connection string into
// `into.dsn`; no message repeats any of it.
void read_dsn(const Cursor& at, const Limits& limits, Database& into);
void read_dsn_file(const Cursor& at, const Limits& limits, Database& into);
void read_dsn_credential(const Cursor& at, const Limits& limits, Database& into);

// Exactly one of them; `at` is the database section.
void check_dsn(const Cursor& at);

} // namespace provisiond::settings
