#pragma once

#include "base/result.hpp"
#include "base/secret_text.hpp"

#include <string>
#include <vector>

namespace provisiond::registry {

// Something in a database that is in use which lets somebody do more than was meant.
struct Finding {
  std::string check;  // a word for programs
  std::string text;   // what is unsafe
  std::string remedy; // the SQL command that ends it; where there is none, what to do
};

// Asks the catalogues; changes nothing, and needs no right but to connect. ENOENT when the database
// has no schema of ours.
Result<std::vector<Finding>> check_database(const SecretString& dsn);

} // namespace provisiond::registry
