// Any line as a connection string: we read in it what libpq reads, see a password where there is
// one, and what we add changes nothing that it says.

#include "fuzz/input.hpp"
#include "fuzz/targets.hpp"
#include "postgres/connection_string.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace provisiond::fuzz::fuzz_dsn {

using provisiond::postgres::ConnectionString;

namespace {

using Parameters = std::map<std::string, std::string>;

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

// What libpq reads; nothing when it refuses.
std::optional<Parameters> read(const char* dsn) {
  const std::unique_ptr<PQconninfoOption, FreeOptions> options{PQconninfoParse(dsn, nullptr)};
  if (options == nullptr) return std::nullopt;
  Parameters parameters;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) parameters.emplace(option->keyword, option->val);
  }
  return parameters;
}

void check_complete(const ConnectionString& string, const Parameters& theirs) {
  if (theirs.contains("service")) return; // which files this machine has is not the input's to say
  const Result<SecretString> complete =
      string.complete({.connect_timeout = std::chrono::milliseconds{4'500},
                       .tcp_user_timeout = std::chrono::milliseconds{2'000}});
  if (!complete) {
    require(complete.error().code() == EINVAL);
    return;
  }
  const std::optional<Parameters> together = read(complete->c_str());
  require(together.has_value() && together->contains("connect_timeout"));
  for (const Parameters::value_type& each : theirs) {
    if (!each.second.empty()) require(together->at(each.first) == each.second);
  }
}

void check(const std::string& dsn) {
  const Result<ConnectionString> string = ConnectionString::parse(SecretString{dsn});
  const std::optional<Parameters> theirs = read(dsn.c_str());
  if (!string) {
    require(string.error().code() == EINVAL && string.error().message().size() < 240);
    return;
  }
  require(theirs.has_value());
  for (const char* secret : {"password", "sslpassword"}) {
    const Parameters::const_iterator found = theirs->find(secret);
    require(found == theirs->end() || found->second.empty() || string->holds_password());
  }
  check_complete(*string, *theirs);
}

} // namespace

void run(Bytes bytes) {
  const std::string_view text = text_of(bytes);
  const bool is_one_line = std::none_of(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (is_one_line) check(std::string{text});
}

} // namespace provisiond::fuzz::fuzz_dsn
