#pragma once

#include "cli/subcommand.hpp"

namespace provisiond::cli {

// db migrate: brings the database's schema to the newest file.
Action configure_migrate(CLI::App& parser);

// db init: the same, and a role for a gateway to log in with.
Action configure_init(CLI::App& parser);

// db status: says where the schema stands; fails when it is not the newest file's.
Action configure_status(CLI::App& parser);

// db check: says what is unsafe in it, and how to end that.
Action configure_check(CLI::App& parser);

} // namespace provisiond::cli
