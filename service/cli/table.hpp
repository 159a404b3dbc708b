#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace provisiond::cli {

// `text` for a terminal: control characters, and bytes that are not UTF-8, become \xNN, so that
// nothing that stands in a row can move the cursor or pass for another row.
std::string printable(std::string_view text);

// Rows of equal length under their titles, in columns as wide as their widest cell (in code
// points), two blanks apart; no blanks at the end of a line. Cells are made printable.
std::string draw_table(const std::vector<std::string>& titles,
                       const std::vector<std::vector<std::string>>& rows);

} // namespace provisiond::cli
