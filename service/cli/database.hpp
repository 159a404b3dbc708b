#pragma once

#include "cli/subcommand.hpp"

#include <functional>

namespace provisiond::cli {

// db migrate: brings the database's schema to the newest file.
std::function<ExitStatus()> configure_migrate(CLI::App& parser);

// db status: says where the schema stands; fails when it is not the newest file's.
std::function<ExitStatus()> configure_status(CLI::App& parser);

} // namespace provisiond::cli
