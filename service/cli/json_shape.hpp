#pragma once

#include <string_view>

namespace provisiond::cli {

// Whether `text` is JSON of at most so many levels: one is an object or array of plain values. What
// shows JSON takes stack for each level, so text from outside is asked this first; asking takes
// none.
bool is_json(std::string_view text, int most_levels);

} // namespace provisiond::cli
