#include "daemon/options.hpp"

#include <CLI/CLI.hpp>

namespace provisiond::daemon {

void declare_options(CLI::App& app, Options& options) {
  app.add_option("-c,--config", options.config, "Configuration file")->capture_default_str();
  app.add_flag("--check-config", options.only_check, "Check the configuration and exit");
  app.add_flag("--list-event-sources", options.only_list_sources,
               "Try each event source on this machine, say which work or why not, and exit");
  app.add_flag("--load-probe", options.only_load_probe,
               "Load the kernel probe for the daemon at the socket that is standard input");
  app.set_version_flag("--version", "wg-provisiond " PROVISIOND_VERSION);
}

} // namespace provisiond::daemon
