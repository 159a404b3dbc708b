#pragma once

#include "base/endpoint.hpp"
#include "base/result.hpp"
#include "metrics/series.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace provisiond::metrics {

// What a scrape gets, in the text format of Prometheus. Reads /proc; any thread.
std::string render(const About& about, const Metrics& metrics);

// Serves `http://LISTEN/metrics` from its own threads (one that accepts, two that answer) until it
// is destroyed. A slow or silent client holds one of the two for 5 s at most and never touches the
// rest of the daemon. No authentication: listen on loopback or behind a firewall.
//
// `metrics` must outlive the exposer. Blocks neither writers nor the loop.
class Exposer {
 public:
  // Whether the address is free, before anything is made.
  static Status try_address(const Endpoint& listen);
  // Port 0 takes a free one; see `port`.
  static Result<std::unique_ptr<Exposer>> open(const Endpoint& listen, About about,
                                               const Metrics& metrics);
  ~Exposer();
  Exposer(const Exposer&) = delete;
  Exposer& operator=(const Exposer&) = delete;

  [[nodiscard]] std::uint16_t port() const;

 private:
  struct Server;
  explicit Exposer(std::unique_ptr<Server> server);

  std::unique_ptr<Server> server_;
};

} // namespace provisiond::metrics
