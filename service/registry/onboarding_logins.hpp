#pragma once

#include "base/result.hpp"
#include "base/secret_text.hpp"

#include <optional>
#include <string>
#include <vector>

// Which login may onboard for which networks; a login without a row may for all. Errors are those
// of registry.hpp.
namespace provisiond::registry {

struct OnboardingRow {
  std::string login;
  std::optional<std::string> network; // nullopt: none, or one that is gone
  bool is_gone = false;
};

// From then on the login may onboard for the networks that it was allowed, and no other.
Status allow_onboarding(const SecretString& dsn, const std::string& login,
                        const std::vector<std::string>& networks);
// Without networks, of all. A login that is left with none may onboard nowhere.
Status forbid_onboarding(const SecretString& dsn, const std::string& login,
                         const std::vector<std::string>& networks);
// It may onboard for every network again. ENOENT when it was not bound.
Status trust_onboarding(const SecretString& dsn, const std::string& login);
Result<std::vector<OnboardingRow>> list_onboarding(const SecretString& dsn);

} // namespace provisiond::registry
