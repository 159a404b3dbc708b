#include "manual/pages.hpp"
#include "manual/roff.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <sstream>
#include <string>
#include <vector>

namespace provisiond::manual {
namespace {

std::vector<const CLI::App*> subcommands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* /*any*/) { return true; });
}

// "-c, --config", or the name of a positional argument.
std::string names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames())
    names.push_back("-" + name);
  for (const std::string& name : option.get_lnames())
    names.push_back("--" + name);
  if (names.empty()) return option.get_name(true);
  return fmt::format("{}", fmt::join(names, ", "));
}

// What is to be given with it, and that it must be there.
std::string rest_of(const CLI::Option& option) {
  std::string rest;
  if (option.get_expected_max() > 0 && option.get_type_size() != 0)
    rest = " " + option.get_type_name();
  if (!option.get_default_str().empty()) rest += fmt::format(" ({})", option.get_default_str());
  if (option.get_required()) rest += ", required";
  return rest;
}

void add_options(Page& page, const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    if (app.get_help_ptr() == option && app.get_parent() != nullptr) continue; // said once
    std::istringstream lines{option->get_description()};
    std::string line;
    std::getline(lines, line);
    page.item(names_of(*option), rest_of(*option), line);
    while (std::getline(lines, line))
      page.line(line);
    std::vector<std::string> others;
    for (const CLI::Option* other : option->get_excludes())
      others.push_back(names_of(*other));
    if (!others.empty()) page.line(fmt::format("Not with {}.", fmt::join(others, ", ")));
  }
}

// Of a program: what each of their pages begins with.
Page begun(const Page::Title& title, std::string_view synopsis, std::string_view description) {
  Page page{title};
  page.section("Synopsis");
  page.paragraph(synopsis);
  page.section("Description");
  page.paragraph(description);
  return page;
}

// Every subcommand without further ones, with the words that lead to it.
void add_subcommands(Page& page, const CLI::App& app, const std::string& path) {
  const std::vector<const CLI::App*> further = subcommands_of(app);
  for (const CLI::App* subcommand : further)
    add_subcommands(page, *subcommand, path + " " + subcommand->get_name());
  if (!further.empty()) return;
  page.subsection(path);
  page.paragraph(app.get_description() + ".");
  add_options(page, app);
}

void add_files(Page& page) {
  page.section("Files");
  page.item("/etc/wg-provisiond/wg-provisiond.yaml", "",
            "The settings, explained in wg-provisiond.yaml(5).");
  page.item("/run/wg-provisiond/control.sock", "", "Where wg-provisionctl asks the daemon.");
  page.item("/usr/share/wg-provisiond/schema", "", "What makes and updates the database's schema.");
}

} // namespace

std::string daemon_page(const CLI::App& app, std::string_view version) {
  Page page =
      begun({.name = "wg-provisiond",
             .section = 8,
             .version = version,
             .summary = "WireGuard peers from PostgreSQL, installed when they knock"},
            "wg-provisiond [OPTIONS]",
            "A WireGuard interface has to know every peer before the peer's first packet. The "
            "daemon turns that round: when a key that the interface does not know begins a "
            "handshake, it looks the key up in PostgreSQL, installs the peer and brings its "
            "tunnel up. It is started by systemd as wg-provisiond.service, and its peers stay on "
            "their devices when it stops.");
  page.section("Options");
  add_options(page, app);
  page.section("Exit status");
  page.item("0", "", "It was told to stop, or the check found nothing.");
  page.item("1", "", "It cannot start; the last line on standard error says why.");
  page.item("2", "",
            "The command line or the settings are wrong; each problem is named with its line.");
  add_files(page);
  page.section("See also");
  page.paragraph("wg-provisiond.yaml(5), wg-provisionctl(8), wg(8)");
  return page.text();
}

std::string administration_page(const CLI::App& app, std::string_view version) {
  const std::string help = app.get_description();
  const std::string statuses = help.substr(help.find('\n') + 1);
  Page page =
      begun({.name = "wg-provisionctl",
             .section = 8,
             .version = version,
             .summary = "administration of wg-provisiond"},
            "wg-provisionctl SUBCOMMAND [OPTIONS]",
            "Makes the database's schema, administers networks and peers in it, and asks the "
            "daemon on this machine how it is. Every subcommand explains itself with --help.");
  page.section("Subcommands");
  add_subcommands(page, app, "wg-provisionctl");
  page.section("Exit status");
  page.paragraph(statuses + ".");
  page.section("Environment");
  page.item("PGHOST, PGDATABASE, PGUSER, PGSERVICE, ...", "",
            "Where the database is, as for psql, where neither --dsn nor --dsn-file says it.");
  page.item("WG_PROVISIOND_SCHEMA_DIR", "", "Where the migrations are.");
  add_files(page);
  page.section("See also");
  page.paragraph("wg-provisiond(8), psql(1)");
  return page.text();
}

std::string load_generator_page(const CLI::App& app, std::string_view version) {
  const std::string help = app.get_description();
  const std::size_t last_line = help.rfind('\n');
  Page page = begun({.name = "wg-handshake-flood",
                     .section = 8,
                     .version = version,
                     .summary = "load generator for WireGuard gateways"},
                    "wg-handshake-flood KIND --to ADDRESS:PORT --gateway-key KEY [OPTIONS]",
                    help.substr(0, last_line));
  page.section("Options");
  add_options(page, app);
  page.section("Exit status");
  page.paragraph(help.substr(last_line + 1) + ".");
  page.section("See also");
  page.paragraph("/usr/share/doc/wg-provisiond/docs/wg-handshake-flood.md, wg-provisiond(8)");
  return page.text();
}

} // namespace provisiond::manual
