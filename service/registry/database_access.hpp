#pragma once

#include "base/result.hpp"
#include "base/secret_text.hpp"

#include <cstdint>
#include <string>

namespace provisiond::registry {

enum class AccessChange : std::uint8_t { none, closed };

// Takes the rights that PUBLIC has to the database itself (CREATE, CONNECT, TEMPORARY) and lets the
// roles of the schema connect; the schema must be there. Error code EPERM when this login may not:
// the owner of the database or a superuser does it.
Result<AccessChange> close_database(const SecretString& dsn);

} // namespace provisiond::registry
