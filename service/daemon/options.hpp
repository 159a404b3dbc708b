#pragma once

#include <string>

namespace CLI {
class App;
}

namespace provisiond::daemon {

// What the command line of wg-provisiond says.
struct Options {
  std::string config = "/etc/wg-provisiond/wg-provisiond.yaml";
  bool only_check = false;
  bool only_list_sources = false;
  bool only_load_probe = false;
};

inline constexpr const char* program_help =
    "wg-provisiond: WireGuard peers from PostgreSQL, installed when they knock";

// Parsing with `app` fills `options`, which outlives it.
void declare_options(CLI::App& app, Options& options);

} // namespace provisiond::daemon
