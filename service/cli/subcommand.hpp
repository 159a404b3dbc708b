#pragma once

#include <functional>

namespace CLI { // NOLINT(readability-identifier-naming): CLI11's own name
class App;
}

namespace provisiond::cli {

// The exit status tells scripts what to do next.
enum class ExitStatus : int {
  ok = 0,
  failure = 1,     // the work could not be done
  usage = 2,       // a wrong word, option or file: the same call will fail again
  unreachable = 3, // no connection to the database or the daemon: worth trying again
  refused = 4,     // against the database's rules, or not allowed to ask the daemon
  not_found = 5,   // no such peer, network or interface
};

// What a subcommand does once its options are parsed.
using Action = std::function<ExitStatus()>;

// One row of the table in subcommands.cpp. `configure` declares the options on the subcommand's
// own parser.
struct Subcommand {
  const char* group; // empty: the subcommand is a word by itself
  const char* name;
  const char* help;
  Action (*configure)(CLI::App& parser);
};

} // namespace provisiond::cli
