#pragma once

#include "base/error.hpp"
#include "base/result.hpp"
#include "base/secret_text.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace provisiond::postgres {

// Which server a session wants, where the connection string leads to several.
enum class Target : std::uint8_t { any, writable };

struct Defaults {
  std::chrono::milliseconds connect_timeout; // rounded up to seconds, which is what libpq counts
  std::chrono::milliseconds tcp_user_timeout;
  Target target = Target::any;
  const char* application = "wg-provisiond"; // as the server's log and the audit trail show it
};

// A connection string, "host=db user=x" or "postgresql://x@db/name", as libpq itself reads it: key
// words, URI, escapes, lists of hosts and names of services, and nothing that libpq would not take.
// The only place where one is read.
//
// `parse` is pure. What asks for the environment and the service file is marked; it opens files and
// blocks, but sends nothing.
class ConnectionString {
 public:
  // EINVAL when libpq does not take it, and for a URI with an @ that does not end its user part:
  // libpq takes the first one for the end of the password, and the rest of it for the host. The
  // error repeats nothing of the text.
  static Result<ConnectionString> parse(const SecretString& text);

  // True when a password stands in the string itself.
  [[nodiscard]] bool holds_password() const;

  // True when it is left to us which server a session is to have. How many there are is not in the
  // text: one name may lead to another server tomorrow. Asks environment and service file.
  [[nodiscard]] bool leaves_choice() const;

  // The hosts that a session may be with, as names or addresses, without sockets. Asks environment
  // and service file.
  [[nodiscard]] std::vector<std::string> hosts() const;

  // Why whoever stands between here and the database can be the database, and what to do; nullopt
  // when nobody can: only hosts of this machine, or TLS that proves the server. Asks environment
  // and service file.
  [[nodiscard]] std::optional<std::string> weakness() const;

  // In key words, with what the string, the environment and the service leave to us:
  // connect_timeout, TCP keepalives and tcp_user_timeout (without them a dead peer holds libpq for
  // minutes), the application name, the target. Where a host is beyond this machine, TLS that
  // proves the server (sslmode=verify-full), by the system's certificate authorities where libpq
  // knows those (16); there the server may not ask for the password in clear text either. EINVAL
  // when libpq refuses a value. Asks environment and service file.
  [[nodiscard]] Result<SecretString> complete(const Defaults& defaults) const;

  // A string for each address that this one leads to, in the order in which they are to be tried:
  // libpq's own, where a name with several addresses stands for all of them (`every_address`), so
  // that the server that is wanted is found behind any. With target_session_attrs=prefer-standby
  // there are two for each. Asks environment, service file and resolver, so it may block.
  [[nodiscard]] std::vector<SecretString> each_server() const;

  // How long each of them may take, as libpq reads connect_timeout; nullopt: for ever. Asks
  // environment and service file.
  [[nodiscard]] std::optional<std::chrono::seconds> connect_timeout() const;

  // Why a connection could not be opened, from what libpq or the server says, unless that holds a
  // secret of the string. Code ENOTCONN.
  [[nodiscard]] Error connect_error(std::string_view message) const;

 private:
  using Values = std::map<std::string, SecretString>;

  explicit ConnectionString(Values given) : given_{std::move(given)} {}
  [[nodiscard]] Result<Values> resolve() const;

  Values given_; // in the string itself
};

// A message of libpq or the server, as one line.
std::string one_line(std::string_view message);

} // namespace provisiond::postgres
