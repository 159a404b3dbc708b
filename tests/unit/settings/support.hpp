#pragma once

#include "settings/load.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace provisiond::settings {

inline constexpr std::string_view minimal_yaml = "interfaces:\n"
                                                 "  - name: wg0\n"
                                                 "    network: example\n"
                                                 "database:\n"
                                                 "  dsn: host=/run/postgresql\n";

// The valid minimum and `more`, which begins in line 6.
inline std::string with(std::string_view more) {
  return std::string{minimal_yaml} + std::string{more};
}

inline std::vector<std::string> texts(const std::vector<Problem>& problems) {
  std::vector<std::string> lines;
  lines.reserve(problems.size());
  for (const Problem& problem : problems)
    lines.push_back(problem.to_string());
  return lines;
}

// Every problem as text; empty when the settings are valid.
inline std::vector<std::string> problems_of(std::string_view yaml) {
  const Loaded loaded = parse(yaml, "f.yaml");
  if (const std::vector<Problem>* problems = std::get_if<std::vector<Problem>>(&loaded))
    return texts(*problems);
  return {};
}

inline Settings settings_of(std::string_view yaml) {
  const Loaded loaded = parse(yaml, "f.yaml");
  if (const Settings* settings = std::get_if<Settings>(&loaded)) return *settings;
  ADD_FAILURE() << texts(std::get<std::vector<Problem>>(loaded)).front();
  return {};
}

} // namespace provisiond::settings
