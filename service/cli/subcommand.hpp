#pragma once

#include <functional>

namespace CLI { // NOLINT(readability-identifier-naming): CLI11's own name
class App;
}

namespace provisiond::cli {

// The exit status tells scripts what to do next.
enum class ExitStatus : int {
  ok = 0,
  failure = 1,              // the work could not be done
  usage = 2,                // a wrong word, option or file: the same call will fail again
  database_unreachable = 3, // no connection: worth trying again
};

// One row of the table in main.cpp. `configure` declares the options on the subcommand's own
// parser and returns what to do once they are parsed.
struct Subcommand {
  const char* group;
  const char* name;
  const char* help;
  std::function<ExitStatus()> (*configure)(CLI::App& parser);
};

} // namespace provisiond::cli
