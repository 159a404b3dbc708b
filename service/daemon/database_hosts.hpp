#pragma once

#include "base/clock.hpp"
#include "base/endpoint.hpp"
#include "base/secret_text.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace provisiond::daemon {

// The addresses behind the hosts of the database's connection string, so that no route takes them.
// Names are looked up at the beginning and once per interval, on a thread that nobody waits for: a
// resolver which does not answer holds up neither the loop nor a stop. What a name led to before
// counts until it leads elsewhere.
//
// Any thread.
class DatabaseHosts {
 public:
  // A connection string without hosts, such as one of a socket, takes no thread.
  DatabaseHosts(const SecretString& dsn, Duration interval);
  ~DatabaseHosts();
  DatabaseHosts(const DatabaseHosts&) = delete;
  DatabaseHosts& operator=(const DatabaseHosts&) = delete;

  // Sorted; nullopt until each name has been looked up once, with or without success.
  [[nodiscard]] std::optional<std::vector<IpAddress>> addresses() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

} // namespace provisiond::daemon
