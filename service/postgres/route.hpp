#pragma once

#include "base/error.hpp"
#include "base/secret_text.hpp"

#include <chrono>
#include <optional>

namespace provisiond::postgres {

// How a session finds its server. A session that writes wants the primary. One that reads prefers
// it, and takes a standby while there is no primary. One host is no different from several: behind
// a name stands one server now and another later, so what the server says of itself decides. Where
// the operator has set target_session_attrs, there is nothing to choose.
struct Route {
  SecretString first;
  SecretString fallback; // tried when `first` leads nowhere; empty: nothing else to try

  std::optional<Error> problem = std::nullopt; // why the connection string leads nowhere

  [[nodiscard]] bool has_choice() const { return !fallback.empty(); }
};

struct RouteTimes {
  std::chrono::milliseconds connect_timeout;
  std::chrono::milliseconds tcp_user_timeout;
};

// Both ask environment and service file.
Route route_for_reading(const SecretString& dsn, const RouteTimes& times);
Route route_for_writing(const SecretString& dsn, const RouteTimes& times);

} // namespace provisiond::postgres
