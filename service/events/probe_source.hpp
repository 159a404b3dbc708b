#pragma once

#include "base/unique_fd.hpp"
#include "events/kernel_probe.hpp"
#include "events/source.hpp"
#include "metrics/metrics.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace provisiond::events {

// Learns of unknown keys from the kernel's WireGuard module, by BPF (events/bpf): initiations that
// the module has accepted, mac1 and under load mac2 included, and whose key it has decrypted and
// not found. Sees interfaces of this network namespace only; handshakes of installed peers never
// get here. Needs what load_probe needs.
//
// The programs are loaded with the first interface and taken out with the last, so that the module
// can be removed and loaded again meanwhile, and an idle daemon costs nothing.
//
// Moves `sightings` and `sighting_drops`. `statistics` counts what the kernel dropped for us, and
// fails when the programs are gone.
class ProbeSource final : public Source {
 public:
  // One `read` appends at most this many.
  static constexpr std::size_t maximum_per_read = 1'024;
  static constexpr std::size_t maximum_interfaces = 256;

  // How it comes by a probe; the Error says what is missing.
  using OpenProbe = std::function<Result<std::unique_ptr<KernelProbe>>()>;
  static Result<std::unique_ptr<ProbeSource>> open(OpenProbe open_probe, metrics::Metrics& metrics);

  [[nodiscard]] SourceKind kind() const override { return SourceKind::probe; }
  [[nodiscard]] int fd() const override { return ready_.get(); }
  Status watch(const WatchedInterface& interface) override;
  Status unwatch(InterfaceId interface) override;
  Status read(const Instant& now, std::vector<Sighting>& sink) override;
  void refuse(const PeerId& id, TimePoint until) override;
  void readmit(const PeerId& id) override;
  // By a new epoch: what is in the ring buffer then is refused, and its clients try again.
  void readmit_all(InterfaceId interface) override;
  Result<SourceStatistics> statistics() override;

 private:
  struct Watched {
    InterfaceId id;
    std::uint32_t ifindex = 0;
    std::uint32_t epoch = 0;
  };

  ProbeSource(UniqueFd ready, OpenProbe open_probe, metrics::Metrics& metrics);

  Status attach();
  void detach();
  [[nodiscard]] const Watched* find(InterfaceId interface) const;
  void take(const unknown_peer_event& event, const Instant& now, std::vector<Sighting>& sink);

  UniqueFd ready_; // epoll over the ring buffer, while there is one
  OpenProbe open_probe_;
  std::unique_ptr<KernelProbe> probe_; // while anything is watched
  std::vector<Watched> watched_;
  std::uint32_t last_epoch_ = 0;
  KernelProbe::Counts counted_; // what of the probe's counts is in the metrics
  SourceStatistics statistics_;
  metrics::Metrics& metrics_;
};

} // namespace provisiond::events
