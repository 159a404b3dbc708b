// Opens the capture source on one port and prints what it sees, one JSON object per line, the
// statistics last. Ends after --seconds or at SIGTERM, when it has read what still waits. For the
// integration scripts; needs root.
#include "base/clock.hpp"
#include "events/capture_source.hpp"
#include "metrics/metrics.hpp"
#include "wire/messages.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <poll.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace provisiond;

struct Options {
  std::uint16_t port = 0;
  std::uint32_t seconds = 5;
  std::size_t buffer_bytes = events::CaptureSource::Limits{}.buffer_bytes;
  bool deaf = false;
  std::uint16_t decoys = 0;
};

volatile std::sig_atomic_t asked_to_end = 0;
void ask_to_end(int) {
  asked_to_end = 1;
}

void print_line(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

void print_sighting(const Sighting& sighting, TimePoint now) {
  const std::uint8_t* mac1 = sighting.initiation.data() + wire::InitiationLayout::mac1;
  print_line(fmt::format(
      R"({{"source":"{}","scope":{},"local":"{}","mac1":"{:02x}{:02x}{:02x}{:02x}","age_us":{}}})",
      sighting.source.to_string(), sighting.source.scope, sighting.local.to_string(), mac1[0],
      mac1[1], mac1[2], mac1[3],
      std::chrono::duration_cast<std::chrono::microseconds>(now - sighting.seen_at).count()));
}

template <class Family>
std::string nonzero_json(const Family& family) {
  std::string text;
  for (std::size_t i = 0; i < family.all().size(); ++i) {
    if (family.all()[i].value() == 0) continue;
    text += fmt::format(R"({}"{}":{})", text.empty() ? "" : ",", Family::names[i],
                        family.all()[i].value());
  }
  return "{" + text + "}";
}

Status print_statistics(events::Source& source, const metrics::Metrics& metrics) {
  Result<events::SourceStatistics> statistics = source.statistics();
  if (!statistics) return fail(statistics.error());
  print_line(fmt::format(
      R"({{"statistics":{{"sightings":{},"refused":{},"kernel_drops":{},"receive_errors":{}}},)"
      R"("frame_refusals":{},"sighting_drops":{}}})",
      statistics->sightings, statistics->refused, statistics->kernel_drops,
      statistics->receive_errors, nonzero_json(metrics.frame_refusals),
      nonzero_json(metrics.sighting_drops)));
  return {};
}

Status read_and_print(events::Source& source) {
  std::vector<Sighting> sightings;
  const Instant now = Instant::now();
  Status read = source.read(now, sightings);
  for (const Sighting& sighting : sightings) {
    print_sighting(sighting, now.steady);
  }
  return read;
}

bool is_readable(int fd, std::chrono::milliseconds patience) {
  pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&waiting, 1, static_cast<int>(patience.count())) > 0;
}

Status watch_for(const Options& options, events::Source& source) {
  constexpr std::chrono::milliseconds turn{50};
  const TimePoint deadline = Clock::now() + std::chrono::seconds{options.seconds};
  while (asked_to_end == 0 && Clock::now() < deadline) {
    if (!is_readable(options.deaf ? -1 : source.fd(), turn)) continue;
    Status read = read_and_print(source);
    if (!read) return read;
  }
  while (is_readable(source.fd(), std::chrono::milliseconds{0})) {
    Status read = read_and_print(source);
    if (!read) return read;
  }
  return {};
}

Status run(const Options& options) {
  metrics::Metrics metrics;
  Result<std::unique_ptr<events::CaptureSource>> source =
      events::CaptureSource::open({.buffer_bytes = options.buffer_bytes}, metrics);
  if (!source) return fail(source.error());
  Status watched = (*source)->watch({.id = InterfaceId{0}, .listen_port = options.port});
  if (!watched) return watched;
  for (std::uint16_t decoy = 1; decoy <= options.decoys; ++decoy) {
    watched = (*source)->watch({.id = InterfaceId{decoy}, .listen_port = decoy});
    if (!watched) return watched;
  }
  print_line(fmt::format(R"({{"ready":true,"granted_buffer_bytes":{}}})",
                         (*source)->granted_buffer_bytes()));
  Status watching = watch_for(options, **source);
  if (!watching) return watching;
  return print_statistics(**source, metrics);
}

} // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Prints the handshake initiations that the capture source sees."};
  app.add_option("--port", options.port, "UDP port to watch")->required();
  app.add_option("--seconds", options.seconds, "how long to watch");
  app.add_option("--buffer", options.buffer_bytes, "receive buffer, bytes");
  app.add_flag("--deaf", options.deaf, "read nothing before the end");
  app.add_option("--decoys", options.decoys, "watch ports 1 to N as well, as other interfaces");
  CLI11_PARSE(app, argc, argv);

  std::signal(SIGTERM, ask_to_end);
  const Status done = run(options);
  if (done) return 0;
  std::fputs(fmt::format("capture_probe: {}\n", done.error().message()).c_str(), stderr);
  return 1;
}
