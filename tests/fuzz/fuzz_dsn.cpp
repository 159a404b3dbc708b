// Any line as a connection string: whatever libpq itself reads in it, we see a password where there
// is one, and our defaults change nothing that it says.

#include "fuzz/input.hpp"
#include "lookup/dsn.hpp"
#include "settings/dsn.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace provisiond::fuzz {
namespace {

using Parameters = std::map<std::string, std::string>;

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

void check_complaint(const char* message) {
  const Error error = lookup::connect_error(message);
  require(error.code() == EINVAL && error.message().size() < 120); // it quotes nothing
}

// What libpq reads; nothing when it refuses.
std::optional<Parameters> read(const std::string& dsn) {
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> options{
      PQconninfoParse(dsn.c_str(), &message)};
  if (options == nullptr) {
    if (message != nullptr) check_complaint(message);
    PQfreemem(message);
    return std::nullopt;
  }
  Parameters parameters;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) parameters.emplace(option->keyword, option->val);
  }
  return parameters;
}

bool has_secret(const Parameters& parameters) {
  const auto is_set = [&](const char* keyword) {
    const Parameters::const_iterator found = parameters.find(keyword);
    return found != parameters.end() && !found->second.empty();
  };
  return is_set("password") || is_set("sslpassword");
}

bool names_several_hosts(const Parameters& parameters) {
  return std::any_of(parameters.begin(), parameters.end(), [](const Parameters::value_type& each) {
    return (each.first == "host" || each.first == "hostaddr") &&
           each.second.find(',') != std::string::npos;
  });
}

void check_defaults(const std::string& dsn, const Parameters& theirs) {
  using std::chrono::milliseconds;
  const std::string ours = lookup::with_defaults(
      dsn, {.connect_timeout = milliseconds{4'500}, .tcp_user_timeout = milliseconds{2'000}});
  const std::optional<Parameters> together = read(ours);
  require(together.has_value() && together->contains("connect_timeout"));
  for (const Parameters::value_type& each : theirs)
    require(together->at(each.first) == each.second);
}

void check(const std::string& dsn) {
  const bool shows_password = lookup::holds_password(dsn) && settings::has_password(dsn);
  const bool leaves_choice = lookup::leaves_choice(dsn);
  const std::optional<Parameters> theirs = read(dsn);
  if (!theirs) return;
  require(shows_password || !has_secret(*theirs));
  require(!leaves_choice || names_several_hosts(*theirs));
  check_defaults(dsn, *theirs);
}

} // namespace
} // namespace provisiond::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = provisiond::fuzz::text_of({data, size});
  const bool is_one_line = std::none_of(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (is_one_line) provisiond::fuzz::check(std::string{text});
  return 0;
}
