#pragma once

#include "base/public_key.hpp"
#include "base/result.hpp"
#include "base/secret_text.hpp"
#include "cli/subcommand.hpp"

#include <optional>
#include <string>
#include <vector>

namespace provisiond::cli {

// Which database; every subcommand that asks one has these options.
struct DatabaseOptions {
  std::string dsn;
  std::string dsn_file;
};
void add_database_options(CLI::App& parser, DatabaseOptions& options);

// Empty means libpq's own defaults and PG* environment.
Result<SecretString> dsn_from(const DatabaseOptions& options);

struct Choice {
  std::vector<std::string> words; // '' may be one of them
  const char* help;
};

// An option, or a positional argument when the name has no dashes, that may be left out.
void add_text(CLI::App& parser, const std::string& name, std::optional<std::string>& target,
              const std::string& help);

// A whole number that may be left out.
void add_number(CLI::App& parser, const std::string& name, std::optional<int>& target,
                const std::string& help);

// An option that may be repeated: a list with commas, empty when given as ''.
void add_list(CLI::App& parser, const std::string& name, std::optional<std::string>& target,
              const std::string& help);

// An option that takes one of these words.
void add_choice(CLI::App& parser, const std::string& name, std::optional<std::string>& target,
                const Choice& choice);

// --json
void add_json(CLI::App& parser, bool& target);

// A public key on the command line; `word` names it in the error.
Result<PublicKey> key_from(const std::string& word, const std::string& text);

// Prints an error and says which exit status it stands for.
ExitStatus complain(const Error& error, ExitStatus status);
ExitStatus complain(const Error& error);

} // namespace provisiond::cli
