#include "lookup/route.hpp"

#include "lookup/dsn.hpp"

namespace provisiond::lookup {
namespace {

std::string complete(std::string_view dsn, const RouteTimes& times, Target target) {
  return with_defaults(dsn, {.connect_timeout = times.connect_timeout,
                             .tcp_user_timeout = times.tcp_user_timeout,
                             .target = target});
}

} // namespace

Route route_for_reading(std::string_view dsn, const RouteTimes& times) {
  const std::string any = complete(dsn, times, Target::any);
  if (!leaves_choice(dsn)) return {.first = any, .stand_in = {}};
  return {.first = complete(dsn, times, Target::writable), .stand_in = any};
}

Route route_for_writing(std::string_view dsn, const RouteTimes& times) {
  const Target target = leaves_choice(dsn) ? Target::writable : Target::any;
  return {.first = complete(dsn, times, target), .stand_in = {}};
}

} // namespace provisiond::lookup
