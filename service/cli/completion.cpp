#include "cli/completion.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <vector>

namespace provisiond::cli {
namespace {

std::vector<const CLI::App*> subcommands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* /*any*/) { return true; });
}

std::string words_after(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::App* subcommand : subcommands_of(app))
    words.push_back(subcommand->get_name());
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames())
      words.push_back("--" + name);
  }
  return fmt::format("{}", fmt::join(words, " "));
}

// The longest path first, because the first pattern that fits is taken.
void append_cases(std::string& script, const CLI::App& app, const std::string& path) {
  for (const CLI::App* subcommand : subcommands_of(app))
    append_cases(script, *subcommand, path + subcommand->get_name() + " ");
  script += fmt::format("    '{}'*) words='{}' ;;\n", path, words_after(app));
}

} // namespace

std::string bash_completion(const CLI::App& app) {
  std::string script = "# bash completion for wg-provisionctl; made by `wg-provisionctl completion "
                       "bash`\n"
                       "_wg_provisionctl() {\n"
                       "  local words='' before=\"${COMP_WORDS[*]:1:COMP_CWORD-1}\"\n"
                       "  case \"${before:+$before }\" in\n";
  append_cases(script, app, "");
  script += "  esac\n"
            "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\")\n"
            "}\n"
            "complete -o default -F _wg_provisionctl wg-provisionctl\n";
  return script;
}

Action configure_completion(CLI::App& parser) {
  return [&parser] {
    const CLI::App* app = &parser;
    while (app->get_parent() != nullptr)
      app = app->get_parent();
    fmt::print("{}", bash_completion(*app));
    return ExitStatus::ok;
  };
}

} // namespace provisiond::cli
