#pragma once

#include "settings/cursor.hpp"
#include "settings/settings.hpp"

namespace provisiond::settings {

// What a value cannot say about itself alone: keys that must be there, shapes of names, and keys
// that must fit each other. Each `at` is the section that the struct was read from.

void check_gateway(const Cursor& at, const std::string& name);
void check_interface(const Cursor& at, const Interface& interface);
// `at`: the list of interfaces.
void check_names_differ(const Cursor& at);
void check_database(const Cursor& at, const Database& database);
void check_events(const Cursor& at, const Events& events);
void check_admission(const Cursor& at, const Admission& admission);
void check_attack(const Cursor& at, const Attack& attack);
void check_greet(const Cursor& at, const Greet& greet);
void check_evict(const Cursor& at, const Evict& evict);
void check_control(const Cursor& at, const Control& control);
// `at`: the whole file.
void check_sections(const Cursor& at, const Settings& settings);

} // namespace provisiond::settings
