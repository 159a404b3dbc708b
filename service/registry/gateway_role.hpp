#pragma once

#include "base/result.hpp"
#include "base/secret_text.hpp"

#include <cstdint>
#include <string>

namespace provisiond::registry {

enum class RoleChange : std::uint8_t { none, made, granted };

// Sees to it that there is a role of this name that may log in and is a member of
// wg_provision_daemon; the schema must be there. An existing role is not changed but for the
// membership. Error code EINVAL when no role can have the name, EPERM when the role cannot log in.
Result<RoleChange> ensure_gateway_role(const SecretString& dsn, const std::string& name);

} // namespace provisiond::registry
