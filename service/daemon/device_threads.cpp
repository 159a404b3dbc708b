#include "daemon/device_threads.hpp"

#include "daemon/limits.hpp"

#include <utility>

namespace provisiond::daemon {

Result<std::unique_ptr<DeviceThreads>>
DeviceThreads::start(const std::vector<settings::Interface>& interfaces, const Wiring& wiring) {
  std::unique_ptr<DeviceThreads> threads{new DeviceThreads};
  for (const settings::Interface& interface : interfaces) {
    const InterfaceId id{.value = static_cast<std::uint16_t>(threads->writers_.size())};
    const kernel::Backend backend = backend_from(interface.backend);
    Result<std::unique_ptr<peers::Writer>> writer = peers::Writer::start(
        interface.name, backend, {.acknowledgements = wiring.acknowledgements});
    if (!writer) return fail(writer.error());
    threads->writers_.push_back(std::move(*writer));
    Result<std::unique_ptr<watch::Reader>> reader =
        watch::Reader::start(id, interface.name, backend, {.readings = wiring.readings});
    if (!reader) return fail(reader.error());
    threads->readers_.push_back(std::move(*reader));
  }
  return threads;
}

DeviceThreads::~DeviceThreads() {
  for (const std::unique_ptr<peers::Writer>& writer : writers_)
    writer->stop();
  for (const std::unique_ptr<watch::Reader>& reader : readers_)
    reader->stop();
}

} // namespace provisiond::daemon
