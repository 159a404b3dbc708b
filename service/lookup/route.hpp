#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace provisiond::lookup {

// How a session finds its server where a connection string names several. A session that writes
// wants the primary. One that reads prefers it, and takes a standby while there is no primary.
// Where the operator has set target_session_attrs, or named one host, there is nothing to choose.
struct Route {
  std::string first;
  std::string stand_in; // tried when `first` leads nowhere; empty: nothing else to try

  [[nodiscard]] bool has_choice() const { return !stand_in.empty(); }
};

struct RouteTimes {
  std::chrono::milliseconds connect_timeout;
  std::chrono::milliseconds tcp_user_timeout;
};

Route route_for_reading(std::string_view dsn, const RouteTimes& times);
Route route_for_writing(std::string_view dsn, const RouteTimes& times);

} // namespace provisiond::lookup
