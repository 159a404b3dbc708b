#include "daemon/database_hosts.hpp"

#include "postgres/connection_string.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace provisiond::daemon {

namespace {

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

// Empty when the name leads nowhere, or nothing answers.
std::vector<IpAddress> look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, FreeAddresses> list{found};
  std::vector<IpAddress> addresses;
  for (const addrinfo* one = list.get(); one != nullptr; one = one->ai_next)
    if (const std::optional<Endpoint> endpoint = Endpoint::from(one->ai_addr, one->ai_addrlen))
      addresses.push_back(endpoint->address);
  return addresses;
}

} // namespace

// Outlives its owner while a look-up is under way.
struct DatabaseHosts::State {
  std::mutex mutex;
  std::condition_variable stopped;
  bool is_stopped = false;
  std::vector<std::string> hosts;
  std::map<std::string, std::vector<IpAddress>> known; // by host, with those looked up once

  void run(Duration interval) {
    while (true) {
      for (const std::string& host : hosts) {
        std::vector<IpAddress> addresses = look_up(host);
        const std::lock_guard lock{mutex};
        std::vector<IpAddress>& entry = known[host];
        if (!addresses.empty()) entry = std::move(addresses);
      }
      std::unique_lock lock{mutex};
      if (stopped.wait_for(lock, interval, [this] { return is_stopped; })) return;
    }
  }
};

DatabaseHosts::DatabaseHosts(const SecretString& dsn, Duration interval)
    : state_{std::make_shared<State>()} {
  const Result<postgres::ConnectionString> string = postgres::ConnectionString::parse(dsn);
  if (string) state_->hosts = string->hosts();
  if (state_->hosts.empty()) return;
  std::thread{[state = state_, interval] { state->run(interval); }}.detach();
}

DatabaseHosts::~DatabaseHosts() {
  {
    const std::lock_guard lock{state_->mutex};
    state_->is_stopped = true;
  }
  state_->stopped.notify_all();
}

std::optional<std::vector<IpAddress>> DatabaseHosts::addresses() const {
  const std::lock_guard lock{state_->mutex};
  std::vector<IpAddress> all;
  for (const std::string& host : state_->hosts) {
    const std::map<std::string, std::vector<IpAddress>>::const_iterator known =
        state_->known.find(host);
    if (known == state_->known.end()) return std::nullopt;
    all.insert(all.end(), known->second.begin(), known->second.end());
  }
  std::ranges::sort(all);
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

} // namespace provisiond::daemon
