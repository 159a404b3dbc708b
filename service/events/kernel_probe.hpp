#pragma once

#include "base/clock.hpp"
#include "base/endpoint.hpp"
#include "base/public_key.hpp"
#include "base/rate.hpp"
#include "base/result.hpp"
#include "events/probe_handles.hpp"
#include "handoff/sighting.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

struct unknown_peer_event;

namespace provisiond::events {

// Uses the BPF programs of events/bpf, which are loaded into the running kernel and attached to its
// WireGuard module; they are gone with this object. While it lives the module cannot be removed, so
// whoever has one lets go of it with the last interface.
//
// Needs descriptors and no rights. Linux 5.19, before which the use of maps took CAP_BPF. Kernel
// memory: the ring buffer, 128 bytes per refused key, 128 bytes for each of 65,536 prefixes.
// Loop thread.
class KernelProbe {
 public:
  struct Limits {
    std::size_t buffer_bytes = std::size_t{1} << 20; // a power of two, at least a page
    std::uint32_t refused_keys = 65'536;
    Rate per_prefix;                             // a rate of zero: no budget in the kernel
    std::vector<IpPrefix> shared_prefixes{};     // without budget; at most 1,024
    std::vector<IpPrefix> translated_prefixes{}; // see TranslatedSources; at most 8
  };

  // What the programs have counted since `open`, on all processors.
  struct Counts {
    std::uint64_t events = 0;
    std::uint64_t ring_full = 0;
    std::uint64_t no_state = 0;
    std::uint64_t refused_key = 0;
    std::uint64_t prefix_budget = 0;
  };

  // An interface of this process's network namespace. `epoch` is different for every watch, so that
  // keys refused in an earlier one are forgotten.
  struct Watch {
    InterfaceId id;
    std::uint32_t ifindex = 0;
    std::uint32_t epoch = 0;
  };

  static Result<std::unique_ptr<KernelProbe>> adopt(ProbeHandles handles);
  ~KernelProbe();
  KernelProbe(const KernelProbe&) = delete;
  KernelProbe& operator=(const KernelProbe&) = delete;

  // Readable while events wait.
  [[nodiscard]] int fd() const;

  Status watch(const Watch& watch);
  Status unwatch(std::uint32_t ifindex);

  // Drops initiations of `key` in the kernel until then. When the table is full, the key that
  // knocked longest ago gives way.
  Status refuse(std::uint32_t epoch, const PublicKey& key, TimePoint until);
  void readmit(std::uint32_t epoch, const PublicKey& key);

  // Calls `take` for each event that waits, at most `maximum` times.
  Status read(std::size_t maximum, const std::function<void(const unknown_peer_event&)>& take);

  [[nodiscard]] Result<Counts> counts() const;

 private:
  struct Parts;
  explicit KernelProbe(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

// Loads the programs and attaches them. Needs BTF of the kernel and of the module, and CAP_BPF,
// CAP_PERFMON and CAP_SYS_ADMIN (the latter to look into the module's BTF, and it includes the
// others); the Error says which is not met. About 50 ms. See ProbeLoader.
Result<ProbeHandles> load_probe(const KernelProbe::Limits& limits);

} // namespace provisiond::events
