#include "events/kernel_probe.hpp"

// What stands for kernel_probe.cpp where the daemon is built without libbpf and clang: there is
// never a probe, so the other functions are not reached.

namespace provisiond::events {

struct KernelProbe::Parts {};

KernelProbe::KernelProbe(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}
KernelProbe::~KernelProbe() = default;

Result<ProbeHandles> load_probe(const KernelProbe::Limits& /*limits*/) {
  return fail(Error{"this build has no kernel probe (libbpf, clang and bpftool were missing)"});
}

Result<std::unique_ptr<KernelProbe>> KernelProbe::adopt(ProbeHandles /*handles*/) {
  return fail(Error{"this build has no kernel probe (libbpf, clang and bpftool were missing)"});
}

int KernelProbe::fd() const {
  return -1;
}
Status KernelProbe::watch(const Watch& /*watch*/) {
  return {};
}
Status KernelProbe::unwatch(std::uint32_t /*ifindex*/) {
  return {};
}
Status KernelProbe::refuse(std::uint32_t /*epoch*/, const PublicKey& /*key*/, TimePoint /*until*/) {
  return {};
}
void KernelProbe::readmit(std::uint32_t /*epoch*/, const PublicKey& /*key*/) {}
Status KernelProbe::read(std::size_t /*maximum*/,
                         const std::function<void(const unknown_peer_event&)>& /*take*/) {
  return {};
}
Result<KernelProbe::Counts> KernelProbe::counts() const {
  return Counts{};
}

} // namespace provisiond::events
