#pragma once

#include <string>

namespace provisiond::settings {

// One thing that is wrong with a configuration file, for a person to mend. Never holds a connection
// string, nor a piece of one.
struct Problem {
  std::string file;
  int line = 0;     // counted from 1; 0: the file as a whole
  int column = 0;   // counted from 1
  std::string key;  // "interfaces[1].max-peers"; empty: no key in particular
  std::string what; // what is wrong; what to do

  // "file:line:column: key: what".
  [[nodiscard]] std::string to_string() const;
};

} // namespace provisiond::settings
