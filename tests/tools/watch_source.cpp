// Opens one source on one interface and prints what it sees, one JSON object per line, the
// statistics last. Ends after --seconds or at SIGTERM, when it has read what still waits. For the
// integration scripts; needs root.
#include "base/clock.hpp"
#include "events/capture_source.hpp"
#include "events/netlink_source.hpp"
#include "events/probe_source.hpp"
#include "metrics/metrics.hpp"
#include "wire/messages.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <net/if.h>
#include <poll.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace provisiond;

struct Options {
  std::string source = "capture";
  std::string interface;
  std::string refuse; // a public key
  std::uint16_t port = 0;
  std::uint32_t seconds = 5;
  std::size_t buffer_bytes = events::CaptureSource::Limits{}.buffer_bytes;
  bool deaf = false;
  bool quiet = false;
  std::uint16_t decoys = 0;
  std::uint32_t per_prefix = 0; // 0: no budget
};

volatile std::sig_atomic_t asked_to_end = 0;
void ask_to_end(int) {
  asked_to_end = 1;
}

void print_line(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

// FNV-1a: enough to see whether two sources report the same bytes.
std::uint64_t checksum_of(const InitiationBytes& bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const std::uint8_t byte : bytes)
    hash = (hash ^ byte) * 0x100000001b3;
  return hash;
}

void print_sighting(const Sighting& sighting, TimePoint now) {
  const std::uint8_t* mac1 = sighting.initiation.data() + wire::InitiationLayout::mac1;
  print_line(fmt::format(
      R"({{"seen_by":"{}","interface":{},"key":"{}","mac_state":{},"source":"{}","scope":{},)"
      R"("local":"{}","redirected":{},"mac1":"{:02x}{:02x}{:02x}{:02x}","bytes":"{:016x}","age_us":{}}})",
      to_string(sighting.seen_by), sighting.interface.value,
      sighting.claimed ? sighting.claimed->key.to_string() : "",
      static_cast<int>(sighting.mac_state), sighting.source.to_string(), sighting.source.scope,
      sighting.local.to_string(), sighting.is_redirected, mac1[0], mac1[1], mac1[2], mac1[3],
      checksum_of(sighting.initiation),
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

unsigned wake_ups = 0;
std::size_t granted_buffer_bytes = 0; // capture only

Status print_statistics(events::Source& source, const metrics::Metrics& metrics) {
  Result<events::SourceStatistics> statistics = source.statistics();
  if (!statistics) return fail(statistics.error());
  print_line(fmt::format(
      R"({{"statistics":{{"sightings":{},"refused":{},"kernel_drops":{},"receive_errors":{}}},)"
      R"("wake_ups":{},"frame_refusals":{},"sighting_drops":{}}})",
      statistics->sightings, statistics->refused, statistics->kernel_drops,
      statistics->receive_errors, wake_ups, nonzero_json(metrics.frame_refusals),
      nonzero_json(metrics.sighting_drops)));
  return {};
}

Status read_and_print(events::Source& source, bool quiet) {
  std::vector<Sighting> sightings;
  const Instant now = Instant::now();
  Status read = source.read(now, sightings);
  for (const Sighting& sighting : sightings) {
    if (quiet) break;
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
    ++wake_ups;
    Status read = read_and_print(source, options.quiet);
    if (!read) return read;
  }
  while (is_readable(source.fd(), std::chrono::milliseconds{0})) {
    Status read = read_and_print(source, options.quiet);
    if (!read) return read;
  }
  return {};
}

Result<std::unique_ptr<events::Source>> open_source(const Options& options,
                                                    metrics::Metrics& metrics) {
  if (options.source == "probe") {
    const events::KernelProbe::Limits limits{
        .buffer_bytes = options.buffer_bytes,
        .per_prefix = {.per_second = static_cast<double>(options.per_prefix),
                       .burst = options.per_prefix}};
    const auto open_probe = [limits]() -> Result<std::unique_ptr<events::KernelProbe>> {
      Result<events::ProbeHandles> handles = events::load_probe(limits);
      if (!handles) return fail(handles.error());
      return events::KernelProbe::adopt(std::move(*handles));
    };
    return events::ProbeSource::open(open_probe, metrics);
  }
  if (options.source == "netlink") {
    return events::NetlinkSource::open({.buffer_bytes = options.buffer_bytes}, metrics);
  }
  Result<std::unique_ptr<events::CaptureSource>> capture =
      events::CaptureSource::open({.buffer_bytes = options.buffer_bytes}, metrics);
  if (!capture) return fail(capture.error());
  granted_buffer_bytes = (*capture)->granted_buffer_bytes();
  return std::unique_ptr<events::Source>{std::move(*capture)};
}

Status refuse(const Options& options, events::Source& source) {
  if (options.refuse.empty()) return {};
  const std::optional<PublicKey> key = PublicKey::parse(options.refuse);
  if (!key) return fail(Error{"--refuse: not a public key"});
  source.refuse({.interface = InterfaceId{0}, .key = *key},
                Clock::now() + std::chrono::seconds{options.seconds});
  return {};
}

Status run(const Options& options) {
  metrics::Metrics metrics;
  Result<std::unique_ptr<events::Source>> source = open_source(options, metrics);
  if (!source) return fail(source.error());
  Status watched = (*source)->watch({.id = InterfaceId{0},
                                     .ifindex = if_nametoindex(options.interface.c_str()),
                                     .listen_port = options.port});
  if (!watched) return watched;
  if (Status refused = refuse(options, **source); !refused) return refused;
  for (std::uint16_t decoy = 1; decoy <= options.decoys; ++decoy) {
    watched = (*source)->watch({.id = InterfaceId{decoy}, .listen_port = decoy});
    if (!watched) return watched;
  }
  print_line(fmt::format(R"({{"ready":true,"granted_buffer_bytes":{}}})", granted_buffer_bytes));
  Status watching = watch_for(options, **source);
  if (!watching) return watching;
  return print_statistics(**source, metrics);
}

} // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Prints the handshake initiations that a source sees."};
  app.add_option("--source", options.source, "capture, probe or netlink")->capture_default_str();
  app.add_option("--port", options.port, "UDP port of the interface (capture)");
  app.add_option("--interface", options.interface, "name of the interface (probe, netlink)");
  app.add_option("--refuse", options.refuse, "a public key to be dropped in the kernel (probe)");
  app.add_option("--per-prefix", options.per_prefix, "budget in the kernel, 1/s and burst (probe)");
  app.add_option("--seconds", options.seconds, "how long to watch");
  app.add_option("--buffer", options.buffer_bytes, "receive buffer, bytes");
  app.add_flag("--quiet", options.quiet, "print no sightings, only the statistics");
  app.add_flag("--deaf", options.deaf, "read nothing before the end");
  app.add_option("--decoys", options.decoys, "watch ports 1 to N as well, as other interfaces");
  CLI11_PARSE(app, argc, argv);

  std::signal(SIGTERM, ask_to_end);
  const Status done = run(options);
  if (done) return 0;
  std::fputs(fmt::format("watch_source: {}\n", done.error().message()).c_str(), stderr);
  return 1;
}
