// Writes the manual pages into a folder; part of the build, not installed.

#include "cli/subcommands.hpp"
#include "daemon/options.hpp"
#include "flood/command_line.hpp"
#include "manual/pages.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace {

bool write_page(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file{path, std::ios::binary};
  file << text;
  return static_cast<bool>(file.flush());
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: manual_pages FOLDER SETTINGS\n");
    return 2;
  }
  const std::filesystem::path folder{argv[1]};
  std::ifstream file{argv[2], std::ios::binary};
  const std::string settings{std::istreambuf_iterator<char>{file},
                             std::istreambuf_iterator<char>{}};
  if (settings.empty()) {
    std::fprintf(stderr, "manual_pages: %s cannot be read\n", argv[2]);
    return 1;
  }
  constexpr const char* version = PROVISIOND_VERSION;

  provisiond::daemon::Options options;
  CLI::App daemon{provisiond::daemon::program_help};
  provisiond::daemon::declare_options(daemon, options);
  provisiond::cli::Action chosen;
  CLI::App administration{provisiond::cli::program_help};
  provisiond::cli::declare_subcommands(administration, chosen);

  provisiond::flood::Arguments arguments;
  CLI::App load_generator{provisiond::flood::program_help};
  provisiond::flood::declare(load_generator, arguments);

  using namespace provisiond::manual;
  const bool is_written =
      write_page(folder / "wg-provisiond.8", daemon_page(daemon, version)) &&
      write_page(folder / "wg-provisionctl.8", administration_page(administration, version)) &&
      write_page(folder / "wg-handshake-flood.8", load_generator_page(load_generator, version)) &&
      write_page(folder / "wg-provisiond.yaml.5", settings_page(settings, version));
  if (!is_written) std::fprintf(stderr, "manual_pages: %s cannot be written to\n", argv[1]);
  return is_written ? 0 : 1;
}
