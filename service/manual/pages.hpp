#pragma once

#include <string>
#include <string_view>

namespace CLI {
class App;
}

// The manual pages, made of what the programs say by --help and of the annotated settings, so that
// they cannot disagree.
namespace provisiond::manual {

// wg-provisiond(8). `app` has the daemon's options.
std::string daemon_page(const CLI::App& app, std::string_view version);
// wg-provisionctl(8). `app` has all subcommands; its description has the exit statuses behind its
// first line.
std::string administration_page(const CLI::App& app, std::string_view version);
// wg-handshake-flood(8). `app` has its options; its description has the exit statuses in its last
// line.
std::string load_generator_page(const CLI::App& app, std::string_view version);
// wg-provisiond.yaml(5). `annotated` is the text of config/wg-provisiond.yaml: each setting behind
// the comment that explains it, and commented out without a space where it stands at its default.
std::string settings_page(std::string_view annotated, std::string_view version);

} // namespace provisiond::manual
