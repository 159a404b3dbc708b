#pragma once

#include "settings/cursor.hpp"
#include "settings/settings.hpp"

#include <string>
#include <vector>

namespace provisiond::settings {

// Every key that there is, in the order of the tables in keys.cpp: "interfaces.name",
// "database.dsn". config/wg-provisiond.yaml documents each; scripts/check-settings.sh compares.
std::vector<std::string> known_paths();

// Reads the whole file by the tables, then checks what concerns more than one key. Problems go to
// the context of `at`.
void read_settings(const Cursor& at, Settings& into);

} // namespace provisiond::settings
