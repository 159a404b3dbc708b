#pragma once

#include <string>
#include <string_view>

namespace provisiond::registry {

// `text` with "(a key)" for whatever could be one: a word of 40 and more characters of base64. For
// messages that quote what somebody wrote into the wrong column.
std::string without_keys(std::string_view text);

} // namespace provisiond::registry
