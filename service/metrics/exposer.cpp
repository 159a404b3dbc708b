#include "metrics/exposer.hpp"

#include "base/unique_fd.hpp"

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <sys/socket.h>

#include <cerrno>
#include <exception>
#include <utility>
#include <vector>

namespace provisiond::metrics {
namespace {

double to_seconds(Duration duration) {
  return std::chrono::duration<double>{duration}.count();
}

prometheus::ClientMetric::Histogram convert(const Histogram::Snapshot& snapshot) {
  prometheus::ClientMetric::Histogram converted;
  converted.sample_count = snapshot.cumulative.back();
  converted.sample_sum = to_seconds(snapshot.sum);
  converted.bucket.reserve(Histogram::bounds.size());
  for (std::size_t i = 0; i < Histogram::bounds.size(); ++i)
    converted.bucket.push_back({snapshot.cumulative[i], to_seconds(Histogram::bounds[i])});
  return converted;
}

prometheus::ClientMetric convert(const Series& series, const Reading& reading) {
  prometheus::ClientMetric converted;
  if (!series.label.empty())
    converted.label.push_back({std::string{series.label}, reading.label_value});
  if (const Histogram::Snapshot* snapshot = std::get_if<Histogram::Snapshot>(&reading.value))
    converted.histogram = convert(*snapshot);
  else if (series.kind == Kind::counter)
    converted.counter.value = std::get<double>(reading.value);
  else
    converted.gauge.value = std::get<double>(reading.value);
  return converted;
}

prometheus::MetricType convert(Kind kind) {
  switch (kind) {
  case Kind::counter:
    return prometheus::MetricType::Counter;
  case Kind::gauge:
    return prometheus::MetricType::Gauge;
  case Kind::histogram:
    return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

std::vector<prometheus::MetricFamily> collect(const About& about, const Metrics& metrics) {
  const ProcessReadings process = read_process();
  const Scrape scrape{metrics, about, process};
  std::vector<prometheus::MetricFamily> families;
  families.reserve(all_series().size());
  for (const Series& series : all_series()) {
    prometheus::MetricFamily& family = families.emplace_back();
    family.name = series.name;
    family.help = series.help;
    family.type = convert(series.kind);
    for (const Reading& reading : series.read(scrape))
      family.metric.push_back(convert(series, reading));
  }
  return families;
}

class Collector : public prometheus::Collectable {
 public:
  Collector(About about, const Metrics& metrics) : about_{std::move(about)}, metrics_{metrics} {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    return collect(about_, metrics_);
  }

 private:
  About about_;
  const Metrics& metrics_;
};

constexpr const char* remedy = "; set metrics.listen or metrics.enabled: false";

std::string operation_of(const Endpoint& listen) {
  return "metrics: " + listen.to_string();
}

// The web server does not say why it could not listen; asking the kernel again does.
Error why_not(const Endpoint& listen) {
  const Status is_free = Exposer::try_address(listen);
  if (!is_free) return is_free.error();
  if (listen.address.family == IpAddress::Family::v6)
    return Error{operation_of(listen) + ": this web server library has no IPv6" + remedy,
                 EAFNOSUPPORT};
  return Error{operation_of(listen) + ": the web server does not start" + remedy};
}

} // namespace

Status Exposer::try_address(const Endpoint& listen) {
  sockaddr_storage address{};
  const socklen_t length = listen.to_sockaddr(address);
  const UniqueFd probe{::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const int reuse = 1;
  if (!probe) return fail(Error::system(operation_of(listen), errno));
  ::setsockopt(probe.get(), SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
  if (::bind(probe.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0 &&
      ::listen(probe.get(), 1) == 0)
    return {};
  const int code = errno;
  return fail(Error{Error::system(operation_of(listen), code).message() + remedy, code});
}

struct Exposer::Server {
  std::shared_ptr<Collector> collector;
  prometheus::Exposer http;
};

std::string render(const About& about, const Metrics& metrics) {
  return prometheus::TextSerializer{}.Serialize(collect(about, metrics));
}

Result<std::unique_ptr<Exposer>> Exposer::open(const Endpoint& listen, About about,
                                               const Metrics& metrics) {
  const std::vector<std::string> options{
      "listening_ports",    listen.to_string(),
      "num_threads",        "2",
      "enable_keep_alive",  "no",
      "request_timeout_ms", "5000",
  };
  try {
    std::unique_ptr<Server> server{new Server{
        std::make_shared<Collector>(std::move(about), metrics), prometheus::Exposer{options}}};
    server->http.RegisterCollectable(server->collector);
    return std::unique_ptr<Exposer>{new Exposer{std::move(server)}};
  } catch (const std::exception&) {
    return fail(why_not(listen));
  }
}

Exposer::Exposer(std::unique_ptr<Server> server) : server_{std::move(server)} {}
Exposer::~Exposer() = default;

std::uint16_t Exposer::port() const {
  const std::vector<int> ports = server_->http.GetListeningPorts();
  return ports.empty() ? std::uint16_t{0} : static_cast<std::uint16_t>(ports.front());
}

} // namespace provisiond::metrics
