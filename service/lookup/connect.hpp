#pragma once

#include "base/result.hpp"
#include "base/secret_text.hpp"

#include <pqxx/connection>

#include <memory>

namespace provisiond::lookup {

// Opens a connection by a complete connection string; blocks, for connect_timeout per host. The
// code of an error is EINVAL when the string is at fault, else ENOTCONN; it never shows a password.
Result<std::unique_ptr<pqxx::connection>> connect(const SecretString& dsn);

} // namespace provisiond::lookup
