#pragma once

#include "base/result.hpp"
#include "base/secret_text.hpp"
#include "postgres/query_watch.hpp"
#include "postgres/raw_connection.hpp"

#include <memory>

namespace provisiond::postgres {

// Opens a connection by a complete connection string; blocks, for connect_timeout per address, and
// no longer than that once the watch is cut: what still blocks then is the system's resolver. The
// code of an error is EINVAL when the string is at fault, else ENOTCONN; it never shows a password.
Result<std::unique_ptr<RawConnection>> connect(const SecretString& dsn, QueryWatch& watch);

} // namespace provisiond::postgres
