#pragma once

#include <string>
#include <vector>

namespace provisiond::cli {

// What the daemon's lines (control/protocol.hpp) look like to people, and with --json to programs:
// as text that ends with a newline. A line or value that is not as expected is shown empty.
std::string peers_table(const std::vector<std::string>& lines);
std::string status_text(const std::vector<std::string>& lines);
std::string live_key_text(const std::vector<std::string>& lines);
std::string live_source_text(const std::vector<std::string>& lines);
std::string array_of_lines(const std::vector<std::string>& lines);
std::string object_of_line(const std::vector<std::string>& lines);

} // namespace provisiond::cli
