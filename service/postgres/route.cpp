#include "postgres/route.hpp"

#include "postgres/connection_string.hpp"

namespace provisiond::postgres {
namespace {

Defaults defaults(const RouteTimes& times, Target target) {
  return {.connect_timeout = times.connect_timeout,
          .tcp_user_timeout = times.tcp_user_timeout,
          .target = target};
}

Route nowhere(const Error& problem) {
  return {.first = {}, .fallback = {}, .problem = problem.while_doing("connect to the database")};
}

} // namespace

Route route_for_reading(const SecretString& dsn, const RouteTimes& times) {
  const Result<ConnectionString> string = ConnectionString::parse(dsn);
  if (!string) return nowhere(string.error());
  const Result<SecretString> any = string->complete(defaults(times, Target::any));
  if (!any) return nowhere(any.error());
  if (!string->leaves_choice()) return {.first = *any, .fallback = {}, .problem = {}};
  const Result<SecretString> primary = string->complete(defaults(times, Target::writable));
  if (!primary) return nowhere(primary.error());
  return {.first = *primary, .fallback = *any, .problem = {}};
}

Route route_for_writing(const SecretString& dsn, const RouteTimes& times) {
  const Result<ConnectionString> string = ConnectionString::parse(dsn);
  if (!string) return nowhere(string.error());
  const Target target = string->leaves_choice() ? Target::writable : Target::any;
  const Result<SecretString> whole = string->complete(defaults(times, target));
  if (!whole) return nowhere(whole.error());
  return {.first = *whole, .fallback = {}, .problem = {}};
}

} // namespace provisiond::postgres
